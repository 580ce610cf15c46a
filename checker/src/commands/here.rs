//! `cargo checker`: where you are, then the check of the current exercise, and what is next.

use std::io::Write;

use anyhow::Result;

use super::{PASSED, check};
use crate::cli::Check;
use crate::course::Exercise;
use crate::report::wrapped;
use crate::workshop::Workshop;
use crate::workshop::progress::{Progress, State};

pub(super) async fn run(workshop: &Workshop) -> Result<u8> {
    let progress = workshop.progress.read()?;
    let mut out = anstream::stdout().lock();
    let Some(exercise) = workshop.current(&progress) else {
        writeln!(
            out,
            "All exercises that are ready have passed. `cargo checker list` shows them."
        )?;
        return Ok(PASSED);
    };
    writeln!(out, "{}", workshop.course.title)?;
    writeln!(out, "You are at exercise {}.", exercise.number())?;
    if let Some(other) = other_to_begin_with(workshop, exercise, &progress) {
        let (number, short) = (other.number(), other.short());
        let words = format!(
            "To start with exercise {number} instead, run `cargo checker check {short}` once."
        );
        writeln!(out, "{}", wrapped(&words, "", ""))?;
    }
    writeln!(out)?;
    drop(out);
    let arguments = Check {
        exercise: Some(exercise.id.clone()),
        ..Check::default()
    };
    check::run(workshop, &arguments).await
}

/// An exercise that one may want to begin with, for those who have passed nothing yet and stand at
/// the first because nobody asked them.
fn other_to_begin_with<'a>(
    workshop: &'a Workshop,
    here: &Exercise,
    progress: &Progress,
) -> Option<&'a Exercise> {
    let exercises = &workshop.course.exercises;
    let is_untouched = |exercise: &Exercise| {
        let mut steps = exercise.steps.iter();
        steps.all(|step| progress.state(&step.id) == State::NotStarted)
    };
    let mut to_begin_with = exercises.iter().filter(|one| one.ready && !one.bonus);
    let is_first = to_begin_with
        .next()
        .is_some_and(|first| first.id == here.id);
    let may_choose = is_first && exercises.iter().all(is_untouched);
    to_begin_with.next().filter(|_| may_choose)
}
