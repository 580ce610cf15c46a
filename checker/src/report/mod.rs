//! Events → what people and programs read. Reports never decide.
//!
//! Everything that a server sent passes [`escape`](crate::escape) before it is written.

mod building;
mod github;
mod hints;
mod json;
mod junit;
mod terminal;
pub mod trace;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use textwrap::{Options, WordSeparator, WordSplitter};

pub use self::building::{BuildBar, BuildProgress};
pub use self::hints::{Next, write_hints};
pub use self::json::document;
pub use self::terminal::{Terminal, symbol_of_state};
pub use self::trace::{TraceReporter, write_failing, write_trace};

use crate::events::Event;
use crate::verdict::ExerciseReport;

/// No report is wider.
const WIDTH: usize = 100;

/// The columns that a report for people has. What is not a terminal may say so in `COLUMNS`.
pub fn width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = if io::stdout().is_terminal() {
        textwrap::termwidth()
    } else {
        columns().unwrap_or(WIDTH)
    };
    width.min(WIDTH)
}

/// A text as lines no longer than a report is wide, broken between words only: commands, paths and
/// links stay whole.
pub fn wrapped(text: &str, first_indent: &str, other_indent: &str) -> String {
    let options = between_words(width())
        .initial_indent(first_indent)
        .subsequent_indent(other_indent);
    textwrap::fill(text, options)
}

/// How all texts are wrapped.
fn between_words<'a>(width: usize) -> Options<'a> {
    Options::new(width.max(10))
        .word_splitter(WordSplitter::NoHyphenation)
        .word_separator(WordSeparator::AsciiSpace)
        .break_words(false)
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, as the steps are judged
    #[default]
    Human,
    /// One JSON document at the end (checker/report.schema.json)
    Json,
    /// JUnit XML, for CI
    Junit,
    /// Annotations and a job summary for GitHub Actions
    Github,
}

/// Takes the events of a run, and writes what its format has to say.
pub trait Reporter {
    /// Takes one event.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Writes what can only be said when all is done.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn finish(&mut self) -> io::Result<()>;
}

/// All that `cargo checker check` shows: the report in its format on stdout, what cargo does on
/// stderr, and with `traced` the exchanges: beside the steps for people, on stderr otherwise.
pub fn reporters(format: Format, traced: bool, seed: u64) -> Vec<Box<dyn Reporter>> {
    let report: Box<dyn Reporter> = match format {
        Format::Human => Box::new(Terminal::new(anstream::stdout(), width(), traced, seed)),
        Format::Json => Box::new(json(io::stdout(), seed)),
        Format::Junit => Box::new(junit(io::stdout())),
        Format::Github => Box::new(github(io::stdout())),
    };
    let mut all: Vec<Box<dyn Reporter>> = vec![Box::new(BuildBar::new()), report];
    if traced && format != Format::Human {
        all.push(Box::new(TraceReporter::new(anstream::stderr())));
    }
    all
}

/// The reporter of a format that is one document, written at the end.
struct AtTheEnd<W, F> {
    out: W,
    write: F,
    exercises: Vec<ExerciseReport>,
}

impl<W: Write, F: Fn(&mut W, &[ExerciseReport]) -> io::Result<()>> AtTheEnd<W, F> {
    fn new(out: W, write: F) -> Self {
        let exercises = Vec::new();
        Self {
            out,
            write,
            exercises,
        }
    }
}

impl<W: Write, F: Fn(&mut W, &[ExerciseReport]) -> io::Result<()>> Reporter for AtTheEnd<W, F> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Finished(report) = event {
            self.exercises.push(report.as_ref().clone());
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        (self.write)(&mut self.out, &self.exercises)?;
        self.out.flush()
    }
}

/// One JSON document.
fn json<W: Write>(out: W, seed: u64) -> impl Reporter {
    AtTheEnd::new(out, move |out: &mut W, exercises: &[ExerciseReport]| {
        serde_json::to_writer_pretty(&mut *out, &document(seed, exercises))?;
        writeln!(out)
    })
}

/// One JUnit document.
fn junit<W: Write>(out: W) -> impl Reporter {
    AtTheEnd::new(out, junit::write)
}

/// Annotations on `out`, and a summary where `GITHUB_STEP_SUMMARY` says.
fn github<W: Write>(out: W) -> impl Reporter {
    AtTheEnd::new(out, github::write)
}
