//! `cargo checker hint`: the next rung of a step's ladder.

use std::io::Write;
use std::ops::Range;

use anstyle::Style;
use anyhow::{Context, Result, bail};
use textwrap::{Options, WordSeparator, WordSplitter};

use super::{PASSED, Workshop, select};
use crate::course::{Exercise, Step};
use crate::engine::Written;
use crate::progress::Progress;
use crate::report;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Where the text of a hint begins.
const INDENT: &str = "  ";

pub(super) fn run(workshop: &Workshop, step: Option<&str>, again: bool) -> Result<u8> {
    let mut out = anstream::stdout().lock();
    match again {
        true => write_seen(&mut out, workshop, step)?,
        false => write(&mut out, workshop, step)?,
    }
    Ok(PASSED)
}

/// Writes the next hint of a step, and remembers that it was given. After the last one, all.
///
/// # Errors
///
/// When there is no such step, or none is open.
pub(super) fn write(out: &mut dyn Write, workshop: &Workshop, step: Option<&str>) -> Result<()> {
    let given = next(workshop, step)?;
    write_rungs(
        out,
        workshop,
        given.exercise,
        given.step,
        given.rungs.clone(),
    )?;
    // Only now: a hint that could not be written was not seen.
    given.remember(workshop)
}

/// Hints of a step that are to be given.
#[derive(Debug)]
pub(crate) struct Given<'a> {
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
pub(crate) fn next<'a>(workshop: &'a Workshop, step: Option<&str>) -> Result<Given<'a>> {
    let progress = workshop.progress.read()?;
    let (exercise, step) = named(workshop, &progress, step)?;
    let seen = seen(&progress, step);
    let rungs = match seen >= step.hints.len() {
        true => 0..seen,
        false => seen..seen + 1,
    };
    Ok(Given {
        exercise,
        step,
        rungs,
    })
}

impl Given<'_> {
    /// Remembers that these were given.
    ///
    /// # Errors
    ///
    /// When the progress cannot be kept.
    pub(crate) fn remember(&self, workshop: &Workshop) -> Result<()> {
        workshop.progress.update(|progress| {
            progress.current = Some(self.exercise.id.clone());
            progress.hints.insert(self.step.id.clone(), self.rungs.end);
        })?;
        Ok(())
    }
}

/// Writes the hints that were given already, and no new one.
fn write_seen(out: &mut dyn Write, workshop: &Workshop, step: Option<&str>) -> Result<()> {
    let progress = workshop.progress.read()?;
    let (exercise, step) = named(workshop, &progress, step)?;
    match seen(&progress, step) {
        0 => bail!(
            "you have seen no hint of {id} yet. `cargo checker hint {id}` shows the first",
            id = step.id
        ),
        seen => write_rungs(out, workshop, exercise, step, 0..seen),
    }
}

/// The step that a word names, or the one that is open.
///
/// # Errors
///
/// When there is none.
pub(crate) fn named<'a>(
    workshop: &'a Workshop,
    progress: &Progress,
    step: Option<&str>,
) -> Result<(&'a Exercise, &'a Step)> {
    match step {
        Some(word) => select::step(workshop, word),
        None => first_open(workshop, progress).context(
            "every step is passed, so there is nothing to hint at. `cargo checker hint 3.4` shows the hints of one",
        ),
    }
}

/// How many hints of a step were given. The course may have had more then.
pub(crate) fn seen(progress: &Progress, step: &Step) -> usize {
    let seen = progress.hints.get(&step.id).copied().unwrap_or(0);
    seen.min(step.hints.len())
}

/// One rung of the ladder, or several from the first on.
fn write_rungs(
    out: &mut dyn Write,
    workshop: &Workshop,
    exercise: &Exercise,
    step: &Step,
    rungs: Range<usize>,
) -> Result<()> {
    let of = step.hints.len();
    let (id, last, several) = (&step.id, rungs.end, rungs.len() > 1);
    write!(out, "{STRONG}{id}  {}{STRONG:#}", step.title)?;
    if several {
        writeln!(out)?;
    }
    for rung in rungs {
        let gap = if several { "\n  " } else { "  " };
        writeln!(out, "{gap}{FAINT}hint {} of {of}{FAINT:#}\n", rung + 1)?;
        let hint = step.hints.get(rung).map_or("", String::as_str);
        write!(out, "{}", laid_out(hint, rung + 1 == of))?;
    }
    for (number, written) in workshop.places_of(exercise, step).iter().enumerate() {
        match number {
            0 => write!(out, "\n  {FAINT}where{FAINT:#}")?,
            _ => write!(out, "       ")?,
        }
        // The rest of a line stands below its beginning, a little to the right.
        let place = wrapped(&marks(written), "         ", "           ");
        writeln!(out, "  {}", place.trim_start())?;
    }
    let more = match last == of {
        true if several => "these are all".to_owned(),
        true => format!("that was the last one; cargo checker hint {id} shows all {of} again"),
        false => format!("cargo checker hint {id}"),
    };
    writeln!(out, "  {FAINT}more{FAINT:#}   {more}")?;
    if !several && (2..of).contains(&last) {
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

fn wrapped(text: &str, first: &str, others: &str) -> String {
    let options = Options::new(report::width())
        .initial_indent(first)
        .subsequent_indent(others)
        .word_splitter(WordSplitter::NoHyphenation)
        .word_separator(WordSeparator::AsciiSpace)
        .break_words(false);
    textwrap::fill(text, options)
}

/// The first step of the current exercise that is not passed: core steps first.
pub(crate) fn first_open<'a>(
    workshop: &'a Workshop,
    progress: &Progress,
) -> Option<(&'a Exercise, &'a Step)> {
    let exercise = workshop.current(progress)?;
    let open = |step: &&Step| progress.state(&step.id).is_open();
    let mut core = exercise.steps.iter().filter(|step| !step.bonus);
    let step = core
        .find(open)
        .or_else(|| exercise.steps.iter().find(open))?;
    Some((exercise, step))
}
