//! What `reset`, `catch-up` and `restore` share: an exercise's folder becomes another, and no
//! byte of what was there is lost.
//!
//! 1. The new folder is written beside, under `.workshop/rescue/scratch/`.
//! 2. What is there is copied to `.workshop/backups/`, whole and synced ([`backups`]).
//! 3. A note says that it begins ([`journal`]), and the progress is changed.
//! 4. The files move to their places, one by one ([`replace`]), and the note goes.
//!
//! A kill or a full disk before the note changes nothing. After it, the next command finds the
//! note and goes on ([`Rescue::resume`]). One lock is held from the first to the last, and what
//! the attendee saves in between is copied once more.

pub mod backups;
mod journal;
mod replace;
mod stage;
pub mod starters;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

pub use self::backups::{Backup, Backups};
pub use crate::tree::Change;

use self::journal::Journal;
use self::replace::{clear, moves};
use self::stage::stage;
use crate::course::{Course, Exercise, exercise_folder};
use crate::tree::{self, Permissions};
use crate::workshop::progress::{Progress, ProgressFile, State};

/// How long another checker may hold the lock: it replaces a handful of files.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the note, the lock and the scratch are.
const FOLDER: &str = ".workshop/rescue";

/// What an exercise becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The starter: a reset.
    Starter,
    /// The solution, under the exercise's own name: a catch-up.
    Solution,
    /// The copy of this number: a restore.
    Backup(u32),
}

impl Source {
    /// What the attendee asked for.
    fn verb(self) -> &'static str {
        match self {
            Self::Starter => "reset",
            Self::Solution => "catch-up",
            Self::Backup(_) => "restore",
        }
    }

    fn permissions(self) -> Permissions {
        match self {
            Self::Backup(_) => Permissions::Count,
            Self::Starter | Self::Solution => Permissions::Ignored,
        }
    }
}

/// An exercise's folder that became another.
#[derive(Debug)]
pub struct Replaced {
    /// What happened to which file.
    pub changes: BTreeMap<PathBuf, Change>,
    /// The copy of what was there; none, if nothing was.
    pub backup: Option<Backup>,
}

/// A replacement that was cut off, and is finished now.
#[derive(Debug)]
pub struct Resumed {
    /// Its exercise.
    pub exercise: String,
    /// `reset`, `catch-up` or `restore`.
    pub verb: &'static str,
    /// Whether the attendee wrote something since: it is in the newest copy, and what was
    /// there before is in the one before.
    pub was_edited: bool,
}

/// The exercises of a checkout, and what keeps them safe.
#[derive(Clone, Copy, Debug)]
pub struct Rescue<'a> {
    root: &'a Path,
    progress: &'a ProgressFile,
}

impl<'a> Rescue<'a> {
    /// In the checkout at `root`. Nothing is created yet.
    pub fn new(root: &'a Path, progress: &'a ProgressFile) -> Self {
        Self { root, progress }
    }

    /// Makes the exercise what `source` has. `None` if it is that already.
    ///
    /// # Errors
    ///
    /// When something cannot be read or written. The message says whether anything was
    /// replaced, and the fix.
    pub fn replace(&self, exercise: &Exercise, source: Source) -> Result<Option<Replaced>> {
        self.progress.read()?;
        let folder = self.exercise(&exercise.id);
        if fs::symlink_metadata(&folder).is_ok() && !folder.is_dir() {
            let path = folder.display();
            bail!(
                "{path} is not a folder, but the exercise belongs in a folder with that name. Move it away, and try again"
            );
        }
        let _lock = self.lock().map_err(|error| nothing_was_replaced(&error))?;
        let begun = self.begin(exercise, source).map_err(|error| {
            let _ = clear(&self.scratch());
            nothing_was_replaced(&error)
        })?;
        let Some((journal, changes)) = begun else {
            let _ = clear(&self.scratch());
            self.progress
                .update(|progress| note(progress, exercise, source))?;
            return Ok(None);
        };
        let finished = self.finish(exercise, &journal).or_else(|_| {
            self.stage(exercise, source)?;
            self.finish(exercise, &journal)
        });
        let (backup, _) = finished.map_err(|error| self.cut_off(&journal, &error))?;
        Ok(Some(Replaced { changes, backup }))
    }

    /// The newest copy that differs from what is there now.
    ///
    /// # Errors
    ///
    /// When there is none, or one cannot be read.
    pub fn newest(&self, exercise: &Exercise) -> Result<Option<Backup>> {
        for backup in Backups::of(self.root, &exercise.id)
            .list()?
            .into_iter()
            .rev()
        {
            let there = self.exercise(&exercise.id);
            if !tree::changes(&there, &backup.folder, Permissions::Count)?.is_empty() {
                return Ok(Some(backup));
            }
        }
        Ok(None)
    }

    /// What was cut off, and is not finished yet: the exercise, and `reset`, `catch-up` or
    /// `restore`.
    ///
    /// # Errors
    ///
    /// When the note of it cannot be read.
    pub fn unfinished(root: &Path) -> Result<Option<(String, &'static str)>> {
        let journal = Journal::read(&root.join(FOLDER))?;
        Ok(journal.map(|journal| (journal.exercise, journal.source.verb())))
    }

    /// Finishes what was cut off, if anything was.
    ///
    /// # Errors
    ///
    /// When that cannot be done now; the message says where the copy is, and the fix.
    pub fn resume(&self, course: &Course) -> Result<Option<Resumed>> {
        let folder = self.folder();
        if fs::symlink_metadata(folder.join("journal.toml")).is_err() {
            return Ok(None);
        }
        // Who holds the lock is at it, and alive.
        let _lock = self.lock()?;
        let Some(journal) = Journal::read(&folder).with_context(|| GIVE_UP.to_owned())? else {
            return Ok(None);
        };
        let resumed = || {
            let exercise = course.exercise(&journal.exercise);
            let exercise = exercise.context("this course has no such exercise")?;
            self.stage(exercise, journal.source)?;
            self.finish(exercise, &journal)
        };
        let (_, was_edited) = resumed().map_err(|error| self.cut_off(&journal, &error))?;
        Ok(Some(Resumed {
            exercise: journal.exercise,
            verb: journal.source.verb(),
            was_edited,
        }))
    }

    /// All that may fail, before anything is replaced. `None` if nothing differs.
    fn begin(
        &self,
        exercise: &Exercise,
        source: Source,
    ) -> Result<Option<(Journal, BTreeMap<PathBuf, Change>)>> {
        ensure!(
            Journal::read(&self.folder())?.is_none(),
            "another one was interrupted, and must be finished first"
        );
        let there = self.exercise(&exercise.id);
        self.stage(exercise, source)?;
        let changes = tree::changes(&there, &self.staged(), source.permissions())?;
        if changes.is_empty() {
            return Ok(None);
        }
        let backup = if tree::read(&there)?.is_empty() {
            None
        } else {
            Some(self.back_up(exercise)?.number)
        };
        let journal = Journal {
            exercise: exercise.id.clone(),
            source,
            backup,
        };
        journal.write(&self.folder(), &self.scratch())?;
        Ok(Some((journal, changes)))
    }

    /// Copies what is there, unless the newest copy is just that.
    fn back_up(&self, exercise: &Exercise) -> Result<Backup> {
        let there = self.exercise(&exercise.id);
        let backups = Backups::of(self.root, &exercise.id);
        if let Some(newest) = backups.list()?.pop()
            && tree::changes(&there, &newest.folder, Permissions::Count)?.is_empty()
        {
            return Ok(newest);
        }
        let scratch = self.scratch().join("copy");
        clear(&scratch)?;
        backups.make(&there, &scratch)
    }

    /// Moves what is staged into its place. Gives the newest copy of what was there, and
    /// whether it was made only now, because the first has not all.
    fn finish(&self, exercise: &Exercise, journal: &Journal) -> Result<(Option<Backup>, bool)> {
        let there = self.exercise(&exercise.id);
        let backups = Backups::of(self.root, &exercise.id).list()?;
        let mut backup = backups
            .into_iter()
            .find(|backup| Some(backup.number) == journal.backup);
        let was_edited = self.has_more(&there, backup.as_ref())?;
        if was_edited {
            backup = Some(self.back_up(exercise)?);
        }
        self.progress
            .update(|progress| note(progress, exercise, journal.source))?;
        let nothing = self.scratch().join("nothing");
        let kept = backup.as_ref().map_or(&nothing, |backup| &backup.folder);
        for one in moves(&there, &self.staged(), kept, journal.source.permissions())? {
            one.make()?;
        }
        tree::sync(&there)?;
        Journal::remove(&self.folder())?;
        let _ = clear(&self.scratch());
        Ok((backup, was_edited))
    }

    /// Whether something is there that is neither in the copy nor in what comes.
    fn has_more(&self, there: &Path, backup: Option<&Backup>) -> Result<bool> {
        for path in tree::files(&tree::read(there)?) {
            let here = there.join(path);
            let is_in =
                |folder: &Path, permissions| tree::is_same(&here, &folder.join(path), permissions);
            let is_kept = match backup {
                Some(backup) => is_in(&backup.folder, Permissions::Count)?,
                None => false,
            };
            if !is_kept && !is_in(&self.staged(), Permissions::Ignored)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes what the exercise becomes beside it.
    fn stage(&self, exercise: &Exercise, source: Source) -> Result<()> {
        clear(&self.scratch())?;
        tree::make_folder(&self.scratch())?;
        stage(self.root, exercise, source, &self.staged())
    }

    /// One replacement at a time.
    fn lock(&self) -> Result<File> {
        tree::make_folder(&self.folder())?;
        let path = self.folder().join("lock");
        let context = || format!("cannot write {}", path.display());
        let lock = File::create(&path).with_context(context)?;
        let begin = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(error)) => return Err(error).with_context(context),
                Err(TryLockError::WouldBlock) if begin.elapsed() > PATIENCE => {
                    bail!("another `cargo checker` is replacing files in this workshop")
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// What to say where files were replaced only in part.
    fn cut_off(&self, journal: &Journal, error: &anyhow::Error) -> anyhow::Error {
        let (verb, id) = (journal.source.verb(), &journal.exercise);
        let backups = Backups::of(self.root, id).list().unwrap_or_default();
        let backup = backups.last().map(|backup| {
            let path = backup.folder.strip_prefix(self.root);
            format!(
                "Your files are in {}. ",
                path.unwrap_or(&backup.folder).display()
            )
        });
        anyhow!(
            "a {verb} of {id} was interrupted: {error:#}. {}{} {GIVE_UP}",
            backup.unwrap_or_default(),
            mend_of(error)
        )
    }

    fn exercise(&self, id: &str) -> PathBuf {
        self.root.join(exercise_folder(id))
    }

    fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    fn scratch(&self) -> PathBuf {
        self.folder().join("scratch")
    }

    fn staged(&self) -> PathBuf {
        self.scratch().join("new")
    }
}

const GIVE_UP: &str =
    "The next command finishes it. To leave everything as is, delete .workshop/rescue/journal.toml";

/// What was passed, was passed with other code.
fn note(progress: &mut Progress, exercise: &Exercise, source: Source) {
    for step in &exercise.steps {
        match source {
            Source::Starter | Source::Backup(_) => progress.forget(&step.id),
            Source::Solution if progress.state(&step.id) == State::Passed => {}
            Source::Solution => progress.set(&step.id, State::CaughtUp),
        }
    }
}

fn nothing_was_replaced(error: &anyhow::Error) -> anyhow::Error {
    anyhow!("{error:#}. Nothing was replaced. {}", mend_of(error))
}

/// What helps against an error.
fn mend_of(error: &anyhow::Error) -> &'static str {
    use std::io::ErrorKind;
    let mut kinds = error
        .chain()
        .filter_map(|error| Some(error.downcast_ref::<std::io::Error>()?.kind()));
    match kinds.next() {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            "Free some disk space (`cargo clean` frees the most), and try again."
        }
        Some(ErrorKind::ReadOnlyFilesystem) => {
            "The workshop is on a read-only file system. Copy it to a folder of your own, and try again there."
        }
        Some(ErrorKind::NotADirectory | ErrorKind::AlreadyExists) => {
            "There is a file where a folder must be. Move it away, and try again."
        }
        Some(ErrorKind::PermissionDenied) => "Make it readable and writable, and try again.",
        _ => "Try again.",
    }
}
