//! What a checkout knows and can do, whoever asks: a command, the tutor, or `watch`.
//!
//! - [`select`] reads `ex3` and `3.4`,
//! - [`CheckRequest`] is what is to be checked; [`Workshop::check`] does it, from the build to the
//!   progress,
//! - [`hints`] climbs a step's ladder,
//! - `build` runs cargo, and `ahead` begins to check meanwhile, where nothing was saved,
//! - `saves` notices saves, by file events or by looking,
//! - [`progress`] is what the attendee has passed, [`at_work`] who builds or checks here,
//! - [`rescue`] replaces an exercise's files and loses none.

mod ahead;
pub mod at_work;
pub(crate) mod build;
mod check;
pub mod hints;
pub mod progress;
mod request;
pub mod rescue;
pub(crate) mod saves;
pub mod select;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub use self::check::CheckError;
pub use self::request::{CheckRequest, SubjectChoice, draw_seed};

use self::progress::{Progress, ProgressFile};
use self::rescue::{Rescue, Resumed};
use crate::course::{Course, Exercise, Step};
use crate::engine::{Places, Written};

/// The checkout that the attendee stands in: its course and its progress.
#[derive(Debug)]
pub struct Workshop {
    /// The folder with `course.toml`.
    pub root: PathBuf,
    /// What `course.toml` says.
    pub course: Course,
    /// What the attendee has passed.
    pub progress: ProgressFile,
}

impl Workshop {
    /// Finds the checkout around the current folder.
    ///
    /// # Errors
    ///
    /// When there is none, or its `course.toml` is broken.
    pub fn open() -> Result<Self> {
        let here = std::env::current_dir()
            .context("the current folder no longer exists: cd to the folder of the workshop")?;
        Self::open_at(&here)
    }

    /// Finds the checkout around a folder.
    ///
    /// # Errors
    ///
    /// As [`Workshop::open`].
    pub fn open_at(here: &Path) -> Result<Self> {
        let is_root = |folder: &&Path| folder.join("course.toml").is_file();
        let Some(root) = here.ancestors().find(is_root) else {
            bail!(
                "{} is not inside the workshop: cd to the folder that you cloned (it has a course.toml), and try again",
                here.display()
            );
        };
        Ok(Self {
            root: root.to_owned(),
            course: Course::load(&root.join("course.toml"))?,
            progress: ProgressFile::new(root),
        })
    }

    /// The folder in which the attendee works on an exercise.
    pub fn folder_of(&self, exercise: &Exercise) -> PathBuf {
        self.root.join(exercise.folder())
    }

    /// The folder of an exercise's solution.
    pub fn solution_of(&self, exercise: &Exercise) -> PathBuf {
        self.root.join(exercise.solution())
    }

    /// Everywhere that a step is written, file by file.
    pub fn places_of(&self, exercise: &Exercise, step: &Step) -> Vec<Written> {
        Places::in_folder(&self.root, &self.folder_of(exercise)).written(exercise, step)
    }

    /// What replaces the attendee's files, and keeps a copy.
    pub fn rescue(&self) -> Rescue<'_> {
        Rescue::new(&self.root, &self.progress)
    }

    /// Finishes a replacement that was cut off, and says so on stderr. If it cannot, the
    /// command goes on with what is there.
    pub fn finish_what_was_cut_off(&self) {
        let words = match self.rescue().resume(&self.course) {
            Ok(None) => return,
            Ok(Some(resumed)) => was_resumed(&resumed),
            Err(error) => format!("warning: {error:#}"),
        };
        let _ = writeln!(anstream::stderr(), "{words}");
    }

    /// The current exercise is the one last named. That it cannot be kept is told where the
    /// progress is.
    pub fn remember(&self, exercise: &Exercise) {
        let _ = self
            .progress
            .update(|progress| progress.current = Some(exercise.id.clone()));
    }

    /// The exercise last named in a command, else the first core exercise with an open step.
    /// `None` when all that is ready is passed.
    pub fn current(&self, progress: &Progress) -> Option<&Exercise> {
        let named = progress
            .current
            .as_deref()
            .and_then(|id| self.course.exercise(id));
        named.filter(|exercise| exercise.ready).or_else(|| {
            let mut ready = self
                .course
                .exercises
                .iter()
                .filter(|one| one.ready && !one.bonus);
            ready.find(|exercise| {
                let mut core = exercise.steps.iter().filter(|step| !step.bonus);
                core.any(|step| progress.state(&step.id).is_open())
            })
        })
    }

    /// The first step of the current exercise that is not passed: core steps first.
    pub fn first_open(&self, progress: &Progress) -> Option<(&Exercise, &Step)> {
        let exercise = self.current(progress)?;
        let open = |step: &&Step| progress.state(&step.id).is_open();
        let mut core = exercise.steps.iter().filter(|step| !step.bonus);
        let step = core
            .find(open)
            .or_else(|| exercise.steps.iter().find(open))?;
        Some((exercise, step))
    }

    /// `ex3, ex4`: what can be checked.
    pub fn ready(&self) -> String {
        let ready = self
            .course
            .exercises
            .iter()
            .filter(|exercise| exercise.ready);
        ready.map(Exercise::short).collect::<Vec<_>>().join(", ")
    }
}

fn was_resumed(resumed: &Resumed) -> String {
    let Resumed { exercise, verb, .. } = resumed;
    let copies = if resumed.was_edited {
        "Your changes since then are in the newest copy, and the older files are in the copy before it"
    } else {
        "Your files are in a copy"
    };
    let short = exercise.split('_').next().unwrap_or(exercise);
    format!(
        "note: a {verb} of {exercise} was interrupted, and is now finished. {copies}: cargo checker restore {short}"
    )
}
