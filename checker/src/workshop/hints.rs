//! The ladder of hints that each step has, and how far up the attendee is.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use super::progress::Progress;
use super::{Workshop, select};
use crate::course::{Exercise, Step};

/// Hints of a step that are to be given.
#[derive(Debug)]
pub struct Given<'a> {
    /// The exercise of the step.
    pub exercise: &'a Exercise,
    /// The step.
    pub step: &'a Step,
    /// Which of the step's hints, from 0 on.
    pub rungs: Range<usize>,
}

/// The next hint of a step; of the one that is open, without a name. After the last one, all.
///
/// # Errors
///
/// When there is no such step, or none is open.
pub fn next<'a>(workshop: &'a Workshop, step: Option<&str>) -> Result<Given<'a>> {
    let progress = workshop.progress.read()?;
    let (exercise, step) = named(workshop, &progress, step)?;
    let seen = seen(&progress, step);
    let rungs = if seen >= step.hints.len() {
        0..seen
    } else {
        seen..seen + 1
    };
    Ok(Given {
        exercise,
        step,
        rungs,
    })
}

/// The hints that were given already, and no new one.
///
/// # Errors
///
/// As [`next`], and when there was none.
pub fn again<'a>(workshop: &'a Workshop, step: Option<&str>) -> Result<Given<'a>> {
    let progress = workshop.progress.read()?;
    let (exercise, step) = named(workshop, &progress, step)?;
    let seen = seen(&progress, step);
    if seen == 0 {
        bail!(
            "you have not seen a hint for {id} yet. `cargo checker hint {id}` shows the first",
            id = step.id
        );
    }
    Ok(Given {
        exercise,
        step,
        rungs: 0..seen,
    })
}

impl Given<'_> {
    /// Remembers that these were given.
    ///
    /// # Errors
    ///
    /// When the progress cannot be kept.
    pub fn remember(&self, workshop: &Workshop) -> Result<()> {
        workshop.progress.update(|progress| {
            progress.current = Some(self.exercise.id.clone());
            progress.hints.insert(self.step.id.clone(), self.rungs.end);
        })?;
        Ok(())
    }
}

/// The step that a word names, or the one that is open.
///
/// # Errors
///
/// When there is none.
pub fn named<'a>(
    workshop: &'a Workshop,
    progress: &Progress,
    step: Option<&str>,
) -> Result<(&'a Exercise, &'a Step)> {
    match step {
        Some(word) => select::step(workshop, word),
        None => workshop.first_open(progress).context(
            "every step has passed, so you need no hint. `cargo checker hint 3.4` shows the hints for a step",
        ),
    }
}

/// How many hints of a step were given. The course may have had more then.
pub fn seen(progress: &Progress, step: &Step) -> usize {
    let seen = progress.hints.get(&step.id).copied().unwrap_or(0);
    seen.min(step.hints.len())
}
