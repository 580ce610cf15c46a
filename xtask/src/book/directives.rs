//! `{{#course …}}` and `{{#output …}}`, replaced before mdBook reads the page. A directive that
//! names something unknown is a mistake, with its line.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use checker::book::directives::{self, OF_MDBOOK};
use checker::course::Course;

use crate::pages::directives::expand;
use crate::pages::{Mistake, Source};

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
        let expanded = expand(&source.text, |directive| {
            if OF_MDBOOK.contains(&directive.name) {
                return None;
            }
            if directive.name == "output" {
                let name = directive.arguments.to_owned();
                self.used.borrow_mut().insert(name);
            }
            Some(self.known.piece(directive, &source.page))
        });
        expanded.map_err(|wrong| wrong.into_iter().map(|one| one.at(source)).collect())
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
