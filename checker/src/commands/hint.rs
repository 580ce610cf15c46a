//! `cargo checker hint`: the next rung of a step's ladder.

use std::io::Write;

use anstyle::Style;
use anyhow::{Context, Result};

use super::{PASSED, Workshop, select};
use crate::course::{Exercise, Step};
use crate::progress::{Progress, State};

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

pub(super) fn run(workshop: &Workshop, step: Option<&str>) -> Result<u8> {
    write(&mut anstream::stdout().lock(), workshop, step)?;
    Ok(PASSED)
}

/// Writes the next hint of a step, and remembers that it was given.
///
/// # Errors
///
/// When there is no such step, or none is open.
pub(super) fn write(out: &mut dyn Write, workshop: &Workshop, step: Option<&str>) -> Result<()> {
    let progress = workshop.progress.read()?;
    let (exercise, step) = match step {
        Some(word) => select::step(workshop, word)?,
        None => first_open(workshop, &progress).context(
            "every step is passed, so there is nothing to hint at. `cargo checker hint 3.4` shows the hints of one",
        )?,
    };
    let rungs = step.hints.len();
    let seen = progress.hints.get(&step.id).copied().unwrap_or(0);
    let rung = seen.min(rungs.saturating_sub(1));

    writeln!(
        out,
        "{STRONG}{}  {}{STRONG:#}  {FAINT}hint {} of {rungs}{FAINT:#}\n",
        step.id,
        step.title,
        rung + 1
    )?;
    if let Some(hint) = step.hints.get(rung) {
        for line in hint.trim_matches('\n').lines() {
            writeln!(out, "{}", format!("  {line}").trim_end())?;
        }
    }
    if let Some(place) = &step.place {
        let file = format!("exercises/{}/{}", exercise.id, place.file.display());
        writeln!(
            out,
            "\n  {FAINT}where{FAINT:#}  {file}, between the marks of {}",
            place.anchor
        )?;
    }
    let after = match rungs - rung {
        0 | 1 => "that was the last one".to_owned(),
        _ => format!("cargo checker hint {}", step.id),
    };
    writeln!(out, "  {FAINT}more{FAINT:#}   {after}")?;
    workshop.progress.update(|progress| {
        progress.current = Some(exercise.id.clone());
        progress
            .hints
            .insert(step.id.clone(), (rung + 1).min(rungs));
    })?;
    Ok(())
}

/// The first step of the current exercise that is not passed: core steps first.
fn first_open<'a>(workshop: &'a Workshop, progress: &Progress) -> Option<(&'a Exercise, &'a Step)> {
    let exercise = workshop.current(progress)?;
    let open = |step: &&Step| progress.state(&step.id) != State::Passed;
    let mut core = exercise.steps.iter().filter(|step| !step.bonus);
    let step = core
        .find(open)
        .or_else(|| exercise.steps.iter().find(open))?;
    Some((exercise, step))
}
