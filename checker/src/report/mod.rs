//! Events → what people and programs read. Reports never decide.
//!
//! Everything that a server sent passes [`escape`] before it is written.

mod building;
pub mod escape;
mod github;
mod json;
mod junit;
mod terminal;
pub mod trace;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

pub use self::building::{Building, FIRST_BUILD, MANY, WAITING};
pub use self::json::document;
pub use self::terminal::{Terminal, symbol_of_state};
pub use self::trace::write_trace;

use crate::engine::Event;
use crate::verdict::ExerciseReport;

/// No report is wider.
const WIDTH: usize = 100;

/// The columns that a report for people has. What is not a terminal may say so in `COLUMNS`.
pub fn width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = match io::stdout().is_terminal() {
        true => textwrap::termwidth(),
        false => columns().unwrap_or(WIDTH),
    };
    width.min(WIDTH)
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, as the steps are judged
    #[default]
    Human,
    /// One JSON document when all is done (checker/report.schema.json)
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
    fn finish(&mut self, exercises: &[ExerciseReport]) -> io::Result<()>;
}

/// The reporter of a format that is one document, written at the end.
pub struct AtTheEnd<W, F> {
    out: W,
    write: F,
}

impl<W: Write, F: Fn(&mut W, &[ExerciseReport]) -> io::Result<()>> Reporter for AtTheEnd<W, F> {
    fn event(&mut self, _event: &Event) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, exercises: &[ExerciseReport]) -> io::Result<()> {
        (self.write)(&mut self.out, exercises)?;
        self.out.flush()
    }
}

/// One JSON document.
pub fn json<W: Write>(out: W, seed: u64) -> impl Reporter {
    let write = move |out: &mut W, exercises: &[ExerciseReport]| {
        serde_json::to_writer_pretty(&mut *out, &document(seed, exercises))?;
        writeln!(out)
    };
    AtTheEnd { out, write }
}

/// One JUnit document.
pub fn junit<W: Write>(out: W) -> impl Reporter {
    AtTheEnd {
        out,
        write: junit::write,
    }
}

/// Annotations on `out`, and a summary where `GITHUB_STEP_SUMMARY` says.
pub fn github<W: Write>(out: W) -> impl Reporter {
    AtTheEnd {
        out,
        write: github::write,
    }
}
