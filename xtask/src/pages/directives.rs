//! Each `{{#name …}}` of a page, replaced by what it means. One that means nothing is a mistake, with
//! its line.

use checker::book::directives::{Directive, Piece, directives};

use super::{Mistake, Source, line_of};

/// A directive that means nothing.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Where it begins in the text.
    offset: usize,
    /// What was written, and why that is wrong.
    message: String,
}

impl Wrong {
    /// The mistake in a page whose text this is.
    pub(crate) fn at(self, source: &Source) -> Mistake {
        self.in_part(source, 0)
    }

    /// The mistake in a page with this text from `begin` on.
    pub(crate) fn in_part(self, source: &Source, begin: usize) -> Mistake {
        let line = line_of(&source.text, begin + self.offset);
        Mistake::new(&source.file, Some(line), self.message)
    }
}

/// The text with its directives replaced by what `piece` says of each; `None` leaves it as it is.
///
/// # Errors
///
/// What each directive that means nothing should have been.
pub(crate) fn expand(
    text: &str,
    mut piece: impl FnMut(&Directive<'_>) -> Option<Result<Piece, String>>,
) -> Result<String, Vec<Wrong>> {
    let mut out = String::new();
    let mut mistakes = Vec::new();
    let mut end = 0;
    for directive in directives(text) {
        let Some(piece) = piece(&directive) else {
            continue;
        };
        let before = &text[..directive.range.start];
        out += &text[end..directive.range.start];
        end = directive.range.end;
        let mut wrong = |message: &str| {
            let written = &text[directive.range.clone()];
            mistakes.push(Wrong {
                offset: directive.range.start,
                message: format!("{written} {message}"),
            });
        };
        match piece {
            Ok(Piece::Words(words)) => out += &words,
            Ok(Piece::Block(block)) => {
                let alone = before.is_empty() || before.ends_with('\n');
                if alone && text[end..].lines().next().is_none_or(str::is_empty) {
                    out += &block;
                } else {
                    wrong("stands on a line of its own");
                }
            }
            Err(message) => wrong(&message),
        }
    }
    out += &text[end..];
    if mistakes.is_empty() {
        Ok(out)
    } else {
        Err(mistakes)
    }
}
