//! `cargo checker list`: every exercise and step with its state.

use std::io::Write;

use anstyle::Style;
use anyhow::Result;

use super::PASSED;
use crate::report::{symbol_of_state, wrapped};
use crate::workshop::Workshop;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Where the titles begin.
const INDENT: &str = "        ";

pub(super) fn run(workshop: &Workshop) -> Result<u8> {
    let progress = workshop.progress.read()?;
    let current = workshop
        .current(&progress)
        .map(|exercise| exercise.id.as_str());
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", wrapped(&workshop.course.title, "", ""))?;
    for exercise in &workshop.course.exercises {
        let mut notes = Vec::new();
        notes.extend(exercise.bonus.then_some("bonus"));
        notes.extend((!exercise.ready).then_some("not written yet"));
        notes.extend((current == Some(&exercise.id)).then_some("you are here"));
        let notes = match notes.as_slice() {
            [] => String::new(),
            notes => format!("  {FAINT}({}){FAINT:#}", notes.join(", ")),
        };
        let (number, title) = (exercise.number(), &exercise.title);
        let heading = format!("{STRONG}Exercise {number}  {title}{STRONG:#}{notes}");
        writeln!(out, "\n{}", wrapped(&heading, "", INDENT))?;
        for step in &exercise.steps {
            let (symbol, style) = symbol_of_state(progress.state(&step.id));
            let bonus = if step.bonus { " (bonus)" } else { "" };
            let title = wrapped(&format!("{}{bonus}", step.title), INDENT, INDENT);
            let (id, title) = (&step.id, title.trim_start());
            writeln!(out, " {style}{symbol}{style:#} {id:<5}{title}")?;
        }
    }
    let symbols =
        "✓ passed   ~ in progress   ✗ passed before, failed now   » caught up   · not started";
    writeln!(out, "\n{FAINT}{}{FAINT:#}", wrapped(symbols, "", ""))?;
    Ok(PASSED)
}
