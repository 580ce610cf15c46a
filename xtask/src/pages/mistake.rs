//! Something that is wrong, with its file and line.

use std::fmt;

use anyhow::{Result, anyhow, ensure};

/// Something that is wrong with a page, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mistake {
    /// `book/src/ex3.md`, or the part of the course or the built page that is meant.
    pub(crate) file: String,
    /// The first line is 1.
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
}

impl Mistake {
    pub(crate) fn new(
        file: impl Into<String>,
        line: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The line of a place in a text.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Fails with every mistake, a line for each, where there is one.
pub(crate) fn none(what: &str, mut mistakes: Vec<Mistake>) -> Result<()> {
    mistakes.sort();
    mistakes.dedup();
    let lines: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    ensure!(
        lines.is_empty(),
        anyhow!("{what} is not right yet\n{}", lines.join("\n"))
    );
    Ok(())
}
