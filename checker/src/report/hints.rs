//! Hints, as people read them.

use std::io::{self, Write};

use anstyle::Style;
use textwrap::core::display_width;

use super::{width, wrapped};
use crate::engine::Written;
use crate::workshop::Workshop;
use crate::workshop::hints::Given;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Where the text of a hint begins.
const INDENT: &str = "  ";

/// How one gets the next hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// With a command.
    Command,
    /// With the key of the watch.
    Key,
}

/// Writes one rung of the ladder, or several from the first on.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn write_hints(
    out: &mut dyn Write,
    workshop: &Workshop,
    given: &Given<'_>,
    next: Next,
) -> io::Result<()> {
    let (step, rungs) = (given.step, given.rungs.clone());
    let of = step.hints.len();
    let (id, last, several) = (&step.id, rungs.end, rungs.len() > 1);
    let title = wrapped(&format!("{id}  {}", step.title), "", INDENT);
    write!(out, "{STRONG}{title}{STRONG:#}")?;
    // The title and `  hint 1 of 3` on one line, if there is room.
    let on_a_line = !several && display_width(&title) + 13 <= width() && !title.contains('\n');
    if !on_a_line {
        writeln!(out)?;
    }
    for rung in rungs {
        let gap = if several { "\n  " } else { "  " };
        writeln!(out, "{gap}{FAINT}hint {} of {of}{FAINT:#}\n", rung + 1)?;
        let hint = step.hints.get(rung).map_or("", String::as_str);
        write!(out, "{}", laid_out(hint, rung + 1 == of))?;
    }
    for (number, written) in workshop.places_of(given.exercise, step).iter().enumerate() {
        match number {
            0 => write!(out, "\n  {FAINT}where{FAINT:#}")?,
            _ => write!(out, "       ")?,
        }
        // The rest of a line stands below its beginning, a little to the right.
        let place = wrapped(&marks(written), "         ", "           ");
        writeln!(out, "  {}", place.trim_start())?;
    }
    let command = format!("cargo checker hint {id}");
    let more = match (next, last == of) {
        (_, true) if several => "these are all the hints".to_owned(),
        (Next::Command, true) => {
            format!("that was the last one; {command} shows all {of} again")
        }
        (Next::Key, true) => format!("that was the last one; press h to see all {of} again"),
        (Next::Command, false) => command,
        (Next::Key, false) => "press h".to_owned(),
    };
    let more = wrapped(&more, "         ", "           ");
    writeln!(out, "  {FAINT}more{FAINT:#}   {}", more.trim_start())?;
    if next == Next::Command && !several && (2..of).contains(&last) {
        writeln!(
            out,
            "  {FAINT}again{FAINT:#}  cargo checker hint {id} --again"
        )?;
    }
    Ok(())
}

/// `src/store.rs, between the marks of step_3_2 and step_3_2_tool`
fn marks(written: &Written) -> String {
    let file = written.file.display();
    match written.blocks.as_slice() {
        [] => file.to_string(),
        [one] => format!("{file}, between the marks of {one}"),
        [first @ .., last] => {
            let first = first.join(", ");
            format!("{file}, between the marks of {first} and {last}")
        }
    }
}

/// A hint as lines. Prose is wrapped where the terminal ends; code and links stay whole.
fn laid_out(hint: &str, is_code: bool) -> String {
    let hint = hint.trim_matches('\n');
    if is_code {
        let lines = hint.lines().map(|line| format!("{INDENT}{line}"));
        return lines.map(|line| format!("{}\n", line.trim_end())).collect();
    }
    wrapped(hint, INDENT, INDENT) + "\n"
}
