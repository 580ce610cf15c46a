//! The program of the last build, checked while cargo looks whether it is still the one. Where nothing was
//! saved since, it is, and cargo takes as long to say so as half the checks.

use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::Workshop;
use super::build::{Built, Place};
use crate::course::Exercise;
use crate::engine::{self, Plan};
use crate::events::Event;
use crate::subject::guard::Guard;
use crate::subject::{Program, Subject};
use crate::tree;
use crate::verdict::ExerciseReport;

/// A program that cargo has built at some time.
#[derive(Debug)]
pub(super) struct Ahead {
    program: Program,
    written: Written,
}

/// When a file was written, and its size. Another program differs in one of them.
#[derive(Debug, PartialEq, Eq)]
struct Written(SystemTime, u64);

impl Ahead {
    /// The program that most likely is to be checked: built in this checkout, and nothing of the
    /// exercise was saved since.
    pub(super) fn find(
        workshop: &Workshop,
        exercise: &Exercise,
        solution: bool,
        guard: &Guard,
    ) -> Option<Self> {
        // There, cargo could not replace it while it runs.
        if cfg!(windows) {
            return None;
        }
        let place = Place::of(workshop, exercise, solution);
        let executable = std::env::current_exe().ok()?.with_file_name(&place.package);
        let written = Written::of(&executable)?;
        let is_ours = executable.starts_with(&workshop.root);
        (is_ours && written.is_after_all_of(&place.folder)?).then(|| Self {
            program: Program {
                executable,
                arguments: Vec::new(),
                folder: place.folder,
                environment: Vec::new(),
                guard: guard.clone(),
            },
            written,
        })
    }

    /// Checks it until cargo says what is to be checked, and to the end if it is this. Until then
    /// nobody is told anything; `begin` tells that the checks begin.
    pub(super) async fn check(
        self,
        plan: &Plan<'_>,
        building: impl Future<Output = Result<Built>>,
        begin: impl FnOnce(),
        events: &UnboundedSender<Event>,
    ) -> Result<(Built, Option<ExerciseReport>)> {
        let subject = Subject::Program(self.program.clone());
        let (sender, mut early) = unbounded_channel();
        let mut checking = Box::pin(engine::check(plan, &subject, &sender));
        let mut building = std::pin::pin!(building);
        let mut report = None;
        let built = loop {
            tokio::select! {
                built = &mut building => break built?,
                checked = &mut checking, if report.is_none() => report = Some(checked),
            }
        };
        if !matches!(&built, Built::Program(program, _) if self.is(program)) {
            return Ok((built, None));
        }
        begin();
        while report.is_none() {
            tokio::select! {
                Some(event) = early.recv() => {
                    let _ = events.send(event);
                }
                checked = &mut checking => report = Some(checked),
            }
        }
        while let Ok(event) = early.try_recv() {
            let _ = events.send(event);
        }
        Ok((built, report))
    }

    /// Whether cargo has built nothing else in its place.
    fn is(&self, built: &Program) -> bool {
        built.executable == self.program.executable
            && Written::of(&built.executable).as_ref() == Some(&self.written)
    }
}

impl Written {
    fn of(file: &Path) -> Option<Self> {
        let metadata = file.metadata().ok()?;
        Some(Self(metadata.modified().ok()?, metadata.len()))
    }

    /// Whether nothing in a folder was saved later. `None` where the system does not say.
    fn is_after_all_of(&self, folder: &Path) -> Option<bool> {
        let tree = tree::read(folder).ok()?;
        for file in tree::files(&tree) {
            if Self::of(&folder.join(file))?.0 >= self.0 {
                return Some(false);
            }
        }
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_program_is_older_than_what_was_saved_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("main.rs");
        fs::write(&source, "fn main() {}").unwrap();
        let program = tempfile::NamedTempFile::new().unwrap();
        let saved = source.metadata().unwrap().modified().unwrap();
        for (later, is_after) in [(1, true), (0, false)] {
            let built = saved + Duration::from_secs(later);
            let file = File::options().write(true).open(program.path()).unwrap();
            file.set_modified(built).unwrap();
            let written = Written::of(program.path()).unwrap();
            assert_eq!(written.is_after_all_of(folder.path()), Some(is_after));
        }
    }
}
