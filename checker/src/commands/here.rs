//! `cargo checker`: where you are, then the check of the current exercise, and what is next.

use std::io::Write;

use anyhow::Result;

use super::{PASSED, check};
use crate::cli::Check;
use crate::workshop::Workshop;
use crate::workshop::progress::State;

pub(super) async fn run(workshop: &Workshop) -> Result<u8> {
    let progress = workshop.progress.read()?;
    let mut out = anstream::stdout().lock();
    let Some(exercise) = workshop.current(&progress) else {
        writeln!(
            out,
            "All exercises that are ready are passed. `cargo checker list` shows them."
        )?;
        return Ok(PASSED);
    };
    let core: Vec<_> = exercise.steps.iter().filter(|step| !step.bonus).collect();
    let passed = core
        .iter()
        .filter(|step| progress.state(&step.id) == State::Passed)
        .count();
    writeln!(out, "{}", workshop.course.title)?;
    let before = match passed {
        0 => "no step passed yet".to_owned(),
        passed => format!("{passed} of {} steps passed so far", core.len()),
    };
    writeln!(
        out,
        "You are at exercise {}, {before}.\n",
        exercise.number()
    )?;
    drop(out);
    let arguments = Check {
        exercise: Some(exercise.id.clone()),
        ..Check::default()
    };
    check::run(workshop, &arguments).await
}
