//! `{{#course …}}` and `{{#output …}}`, replaced before mdBook reads the page. A directive that
//! names something unknown is a mistake, with its line.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use checker::book::directives::{self, Directive, OF_MDBOOK, Piece, directives};
use checker::course::Course;

use super::source::Source;
use super::{Mistake, line_of};

/// What the directives can name, and which outputs pages show.
pub(super) struct Directives<'a> {
    known: directives::Directives<'a>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Directives<'a> {
    /// Reads what was recorded in `book/outputs/`.
    pub(super) fn new(root: &'a Path, course: &'a Course) -> Result<Self> {
        Ok(Self {
            known: directives::Directives::new(root, course)?,
            used: RefCell::default(),
        })
    }

    /// The page with its directives replaced.
    ///
    /// # Errors
    ///
    /// What each directive that means nothing should have been.
    pub(super) fn expand(&self, source: &Source) -> Result<String, Vec<Mistake>> {
        let text = source.text.as_str();
        let mut out = String::new();
        let mut mistakes = Vec::new();
        let mut end = 0;
        for directive in directives(text) {
            if OF_MDBOOK.contains(&directive.name) {
                continue;
            }
            let before = &text[..directive.range.start];
            out += &text[end..directive.range.start];
            end = directive.range.end;
            let piece = self.known.piece(&directive, &source.page);
            if directive.name == "output" {
                self.used
                    .borrow_mut()
                    .insert(directive.arguments.to_owned());
            }
            match piece {
                Ok(Piece::Words(words)) => out += &words,
                Ok(Piece::Block(block)) => {
                    let alone = before.is_empty() || before.ends_with('\n');
                    if alone && text[end..].lines().next().is_none_or(str::is_empty) {
                        out += &block;
                    } else {
                        mistakes.push(mistake(source, &directive, "stands on a line of its own"));
                    }
                }
                Err(message) => mistakes.push(mistake(source, &directive, &message)),
            }
        }
        out += &text[end..];
        if mistakes.is_empty() {
            Ok(out)
        } else {
            Err(mistakes)
        }
    }

    /// Outputs that no page shows: nobody would notice when they go wrong.
    pub(super) fn unused(&self) -> Vec<Mistake> {
        let used = self.used.borrow();
        let unused = self.known.outputs().filter(|name| !used.contains(*name));
        unused
            .map(|name| {
                let file = format!("book/outputs/{name}.snap");
                Mistake::new(file, None, format!("no page has {{{{#output {name}}}}}; write it, or take the output out of book/outputs.toml"))
            })
            .collect()
    }
}

fn mistake(source: &Source, directive: &Directive<'_>, message: &str) -> Mistake {
    let line = line_of(&source.text, directive.range.start);
    let written = &source.text[directive.range.clone()];
    Mistake::new(&source.file, Some(line), format!("{written} {message}"))
}
