//! Where a finding points.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::blocks::TodoBlock;

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Location {
    /// Where the step is written, which the engine looks up.
    #[default]
    Step,
    /// The first of these that is there, which the engine looks up. It is where the step is written
    /// if none of them is.
    First(Vec<Spot>),
    /// This line of a file.
    At(Position),
    /// No line stands for it, or the source is not known.
    Nowhere,
}

impl Location {
    /// The line of a file, once it is known.
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::At(position) => Some(position),
            Self::Step | Self::First(_) | Self::Nowhere => None,
        }
    }

    /// This, or else that.
    pub fn or(self, other: impl Into<Self>) -> Self {
        match (self, other.into()) {
            (Self::First(mut spots), Self::First(others)) => {
                spots.extend(others);
                Self::First(spots)
            }
            (Self::Step, other) => other,
            (location, _) => location,
        }
    }
}

/// Something in the source that can be found, wherever the attendee has put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A TODO block.
    Block(TodoBlock),
    /// The line of code that has these words in it.
    Code {
        /// The file to look in first, from the exercise's folder: `src/inventory.rs`.
        file: &'static str,
        /// `struct Product`
        words: Cow<'static, str>,
    },
    /// The line that has these words in it, in this block alone.
    InBlock(TodoBlock, &'static str),
    /// This one, if the other is there: what is right in one place leaves another for the mistake.
    Given {
        /// What must be there.
        there: Box<Spot>,
        /// Where to look then.
        then: Box<Spot>,
    },
    /// A file, if it is there.
    File(&'static str),
}

impl Spot {
    /// The line of code that has these words in it: in this file, or else in any other.
    pub const fn code(file: &'static str, words: &'static str) -> Self {
        let words = Cow::Borrowed(words);
        Self::Code { file, words }
    }

    /// Another one, if this one is there.
    pub fn then(self, other: impl Into<Self>) -> Self {
        Self::Given {
            there: Box::new(self),
            then: Box::new(other.into()),
        }
    }
}

impl From<Spot> for Location {
    fn from(spot: Spot) -> Self {
        Self::First(vec![spot])
    }
}

impl From<TodoBlock> for Spot {
    fn from(block: TodoBlock) -> Self {
        Self::Block(block)
    }
}

impl From<TodoBlock> for Location {
    fn from(block: TodoBlock) -> Self {
        Spot::Block(block).into()
    }
}

/// As reports say where: empty, while or where no line is known.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.position().map_or(Ok(()), |position| position.fmt(f))
    }
}

impl From<Option<Position>> for Location {
    fn from(position: Option<Position>) -> Self {
        position.map_or(Self::Nowhere, Self::At)
    }
}

/// A file, and what is known of where in it: `exercises/ex3_store/src/store.rs:41`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file, from the workshop's root where it is in there.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The column, counted from 1.
    pub column: Option<u32>,
}

impl Position {
    /// A whole file.
    pub fn file(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            line: None,
            column: None,
        }
    }

    /// A line of it, counted from 1.
    pub fn line(file: impl Into<PathBuf>, line: usize) -> Self {
        Self {
            line: u32::try_from(line).ok(),
            ..Self::file(file)
        }
    }

    /// The same place of a file in `folder`.
    pub fn below(self, folder: &Path) -> Self {
        Self {
            file: folder.join(&self.file),
            ..self
        }
    }
}

/// As a panic says where it was: `src/store.rs:41:9`.
impl From<&str> for Position {
    fn from(text: &str) -> Self {
        let number_at_the_end = |text: &str| {
            let (before, number) = text.rsplit_once(':')?;
            Some((before.to_owned(), number.parse().ok()?))
        };
        let Some((before, last)) = number_at_the_end(text) else {
            return Self::file(text);
        };
        let (file, line, column) = match number_at_the_end(&before) {
            Some((file, line)) => (file, line, Some(last)),
            None => (before, last, None),
        };
        Self {
            file: file.into(),
            line: Some(line),
            column,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_what_it_writes() {
        for text in [
            "src/store.rs",
            "src/store.rs:41",
            "src/store.rs:41:9",
            r"C:\workshop\src\store.rs:41:9",
        ] {
            assert_eq!(Position::from(text).to_string(), text);
        }
        let position = Position::from(r"C:\workshop\src\store.rs:41:9");
        assert_eq!((position.line, position.column), (Some(41), Some(9)));
        assert_eq!(position.file, Path::new(r"C:\workshop\src\store.rs"));
    }
}
