//! `cargo checker catch-up`: earlier exercises that are not passed become the solution.

use std::io::Write;

use anstyle::Style;
use anyhow::Result;

use super::{PASSED, replaced};
use crate::course::Exercise;
use crate::workshop::progress::{Progress, State};
use crate::workshop::rescue::Source;
use crate::workshop::{Workshop, select};

const STRONG: Style = Style::new().bold();

pub(super) fn run(workshop: &Workshop, exercise: &str) -> Result<u8> {
    let exercise = select::exercise(workshop, "catch-up", exercise)?;
    let progress = workshop.progress.read()?;
    let exercises = workshop.course.exercises.iter();
    let earlier: Vec<&Exercise> = exercises
        .take_while(|one| one.id != exercise.id)
        .filter(|one| one.ready)
        .collect();
    let mut out = anstream::stdout().lock();
    let mut caught_up = 0;
    for one in earlier.iter().filter(|one| !is_passed(one, &progress)) {
        let replaced = workshop.rescue().replace(one, Source::Solution)?;
        let (number, title) = (one.number(), &one.title);
        writeln!(out, "{STRONG}Exercise {number}  {title}{STRONG:#}")?;
        match replaced {
            None => writeln!(out, "exercises/{} is already the solution.", one.id)?,
            Some(replaced) => {
                let files = replaced::counted(&replaced);
                writeln!(out, "exercises/{} is now the solution, {files}:\n", one.id)?;
                replaced::tell(&mut out, workshop, one, &replaced)?;
            }
        }
        writeln!(out)?;
        caught_up += 1;
    }
    workshop.remember(exercise);
    let number = exercise.number();
    match (earlier.len(), caught_up) {
        (0, _) => writeln!(
            out,
            "No exercise before exercise {number} is written yet, so there is nothing to catch up with."
        )?,
        (_, 0) => writeln!(
            out,
            "Everything before exercise {number} has passed, so there is nothing to catch up with."
        )?,
        _ => writeln!(out, "Their steps are listed as caught up, not as passed.")?,
    }
    writeln!(
        out,
        "You are at exercise {number}, which was not changed. `cargo checker` says what is next."
    )?;
    Ok(PASSED)
}

/// Bonus steps hold nothing back.
fn is_passed(exercise: &Exercise, progress: &Progress) -> bool {
    let mut core = exercise.steps.iter().filter(|step| !step.bonus);
    core.all(|step| progress.state(&step.id) == State::Passed)
}
