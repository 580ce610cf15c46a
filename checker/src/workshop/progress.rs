//! What this attendee has passed: one small readable file, `.workshop/progress.toml`.
//!
//! It is read, changed and replaced under a lock, atomically, so that two checkers at once
//! or a kill at any moment lose nothing. What this version of the course does not know is
//! kept.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize, Serializer};

use crate::verdict::{Outcome, StepReport};

/// How far the attendee is with one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not begun, as far as a check has seen.
    NotStarted,
    /// Begun and not right yet, or right on one era only.
    InProgress,
    /// Passed on every era.
    Passed,
    /// Passed before, failed now.
    Regressed,
    /// `catch-up` made it the solution: not passed, and not open.
    CaughtUp,
}

impl State {
    /// Whether there is something to do for the attendee.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Passed | Self::CaughtUp)
    }
}

/// A state as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Known(State),
    /// One that another version of the checker knows. Shown as not started, and kept.
    Unknown(String),
}

/// The progress file's contents.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The exercise last named in a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// By step id. A step that is not in it is not started.
    #[serde(default, serialize_with = "by_number")]
    steps: BTreeMap<String, Kept>,
    /// How many hints of a step were shown.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "by_number"
    )]
    pub hints: BTreeMap<String, usize>,
    /// What another version of the course keeps here.
    #[serde(flatten)]
    pub others: toml::Table,
}

impl Progress {
    /// The state of one step.
    pub fn state(&self, step: &str) -> State {
        match self.steps.get(step) {
            Some(Kept::Known(state)) => *state,
            Some(Kept::Unknown(_)) | None => State::NotStarted,
        }
    }

    /// Changes the state of one step.
    pub fn set(&mut self, step: &str, state: State) {
        self.steps.insert(step.to_owned(), Kept::Known(state));
    }

    /// Makes a step one that no check has seen.
    pub fn forget(&mut self, step: &str) {
        self.steps.remove(step);
    }

    /// Takes in what a check of the attendee's own exercise on every era has found.
    pub fn record(&mut self, report: &StepReport) {
        let before = self.state(&report.id);
        if let Some(after) = next_state(before, report) {
            self.set(&report.id, after);
        }
    }
}

/// 3.2 comes before 3.10, for people who read the file.
fn by_number<V: Serialize, S: Serializer>(
    by_step: &BTreeMap<String, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let number = |part: &str| part.parse().unwrap_or(u32::MAX);
    let mut entries: Vec<_> = by_step.iter().collect();
    entries.sort_by_cached_key(|(step, _)| step.split('.').map(number).collect::<Vec<_>>());
    serializer.collect_map(entries)
}

/// `None` where the check says nothing new: a step that could not be judged keeps its state.
fn next_state(before: State, report: &StepReport) -> Option<State> {
    let passed_before = matches!(before, State::Passed | State::Regressed);
    match report.outcome {
        Outcome::Passed => Some(State::Passed),
        Outcome::Failed if passed_before => Some(State::Regressed),
        Outcome::Failed => Some(State::InProgress),
        Outcome::NotStarted if report.passed_somewhere() => Some(State::InProgress),
        Outcome::NotStarted if report.only_waits() => None,
        Outcome::NotStarted => Some(State::NotStarted),
        Outcome::CouldNotCheck => None,
    }
}

/// The file that holds the progress, in a checkout.
#[derive(Debug)]
pub struct ProgressFile {
    folder: PathBuf,
}

impl ProgressFile {
    /// The progress file of the checkout at `root`. Nothing is created yet.
    pub fn new(root: &Path) -> Self {
        Self {
            folder: root.join(".workshop"),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("progress.toml")
    }

    /// What the file says; empty when there is none yet.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
    pub fn read(&self) -> Result<Progress> {
        let path = self.path();
        self.is_no_file()?;
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| {
                let path = path.display();
                format!("{path} cannot be parsed. Fix the line, or delete the file to start over. Your code is not in it")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Progress::default()),
            Err(error) => {
                let path = path.display();
                bail!("cannot read {path} ({error}). Make it readable, or delete it to start over. Your code is not in it")
            }
        }
    }

    /// Says it in plain words where a file has the folder's name.
    fn is_no_file(&self) -> Result<()> {
        if self.folder.is_file() {
            let path = self.folder.display();
            bail!(
                "{path} is a file, but it must be a folder, for your progress. Move the file away, and try again"
            );
        }
        Ok(())
    }

    /// Changes the progress and replaces the file, if the change changes anything.
    ///
    /// # Errors
    ///
    /// When the folder is read-only or the disk is full; the old file is then still whole.
    pub fn update(&self, change: impl FnOnce(&mut Progress)) -> Result<Progress> {
        self.is_no_file()?;
        let cannot = |error: io::Error| {
            let path = self.path();
            let path = path.display();
            anyhow!(
                "cannot write {path} ({error}). Make the folder writable or free some disk space, and try again"
            )
        };
        fs::create_dir_all(&self.folder).map_err(cannot)?;
        let lock = File::create(self.folder.join("lock")).map_err(cannot)?;
        lock.lock().map_err(cannot)?;

        let old = self.read()?;
        let mut new = self.read()?;
        change(&mut new);
        if new != old {
            let text = toml::to_string(&new).context("the progress cannot be written as TOML")?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(cannot)?;
            file.write_all(HEADER.as_bytes())
                .and_then(|()| file.write_all(text.as_bytes()))
                .and_then(|()| file.as_file().sync_all())
                .map_err(cannot)?;
            let replaced = file.persist(self.path());
            replaced.map_err(|error| cannot(error.error))?;
        }
        Ok(new)
    }
}

const HEADER: &str = "\
# What you have passed, by step. `cargo checker` keeps this file; git ignores it.
# Deleting it loses no code: the next check writes it again.

";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::Era;
    use crate::verdict::{EraReport, NotStarted};

    fn report(modern: Outcome, legacy: Outcome, reason: NotStarted) -> StepReport {
        let era = |era, outcome| EraReport {
            not_started: (outcome == Outcome::NotStarted).then(|| reason.clone()),
            ..EraReport::new(Some(era), outcome)
        };
        StepReport::new(
            "3.4",
            vec![era(Era::Modern, modern), era(Era::Legacy, legacy)],
        )
    }

    #[test]
    fn a_step_moves_between_its_states_as_the_checks_find_it() {
        use Outcome::{CouldNotCheck, Failed, Passed};
        const OPEN: Outcome = Outcome::NotStarted;
        let todo = NotStarted::Todo { place: None };
        let waits = NotStarted::Needs("3.3".to_owned());
        let cases = [
            (State::NotStarted, Passed, Passed, &todo, State::Passed),
            (State::NotStarted, Failed, Passed, &todo, State::InProgress),
            (State::NotStarted, OPEN, Passed, &todo, State::InProgress),
            (State::Passed, Failed, Passed, &todo, State::Regressed),
            (State::Regressed, Failed, Failed, &todo, State::Regressed),
            (State::Regressed, Passed, Passed, &todo, State::Passed),
            (State::Passed, OPEN, OPEN, &todo, State::NotStarted),
            (State::Passed, OPEN, OPEN, &waits, State::Passed),
            (State::CaughtUp, Passed, Passed, &todo, State::Passed),
            (State::CaughtUp, Failed, Passed, &todo, State::InProgress),
            (State::CaughtUp, OPEN, OPEN, &todo, State::NotStarted),
            (State::CaughtUp, OPEN, OPEN, &waits, State::CaughtUp),
            (
                State::InProgress,
                CouldNotCheck,
                CouldNotCheck,
                &todo,
                State::InProgress,
            ),
        ];
        for (before, modern, legacy, reason, after) in cases {
            let mut progress = Progress::default();
            progress.set("3.4", before);
            progress.record(&report(modern, legacy, reason.clone()));
            assert_eq!(
                progress.state("3.4"),
                after,
                "{before:?} {modern:?} {legacy:?}"
            );
        }
    }

    #[test]
    fn an_update_keeps_what_another_version_of_the_course_has_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = ProgressFile::new(folder.path());
        file.update(|progress| {
            progress.set("9.9", State::Passed);
            progress.others = toml::toml! { caught_up = ["4.1"] };
        })
        .unwrap();
        let after = file
            .update(|progress| progress.current = Some("ex3_store".to_owned()))
            .unwrap();
        assert_eq!(after, file.read().unwrap());
        assert_eq!(after.state("9.9"), State::Passed);
        assert_eq!(after.others, toml::toml! { caught_up = ["4.1"] });
    }

    #[test]
    fn a_state_that_another_version_knows_is_kept_and_counts_as_not_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = ProgressFile::new(folder.path());
        file.update(|progress| progress.set("3.1", State::CaughtUp))
            .unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(text.contains("\"3.1\" = \"caught-up\""), "{text}");
        fs::write(file.path(), format!("{text}\"3.2\" = \"mastered\"\n")).unwrap();
        assert_eq!(file.read().unwrap().state("3.2"), State::NotStarted);
        file.update(|progress| progress.set("3.1", State::Passed))
            .unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(text.contains("\"3.2\" = \"mastered\""), "{text}");
    }

    #[test]
    fn two_checkers_at_once_both_have_their_say() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let file = ProgressFile::new(folder.path());
                scope.spawn(move || {
                    file.update(|progress| {
                        progress.set(&format!("3.{n}"), State::Passed);
                    })
                    .unwrap();
                });
            }
        });
        let progress = ProgressFile::new(folder.path()).read().unwrap();
        assert_eq!(progress.steps.len(), 8);
    }

    #[test]
    fn a_broken_file_is_an_error_that_says_how_to_mend_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = ProgressFile::new(folder.path());
        file.update(|progress| progress.current = Some("ex3_store".to_owned()))
            .unwrap();
        fs::write(file.path(), "steps = 3").unwrap();
        let error = file.update(|_| ()).unwrap_err();
        assert!(
            error.to_string().contains("delete the file to start over"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "steps = 3");
    }
}
