//! `{{#include …}}`: is it there?
//!
//! mdBook itself includes. It only logs a file that is missing, and makes nothing of an anchor
//! that is; here both are mistakes, with their line.

use std::path::Path;

use checker::book::directives::directives;
use checker::book::includes::included;

use super::source::Source;
use super::{Mistake, line_of};

/// What is wrong with the includes of a page.
pub(crate) fn check(root: &Path, source: &Source) -> Vec<Mistake> {
    let folder = root.join(&source.file);
    let folder = folder.parent().unwrap_or(root);
    directives(&source.text)
        .filter(|directive| matches!(directive.name, "include" | "rustdoc_include"))
        .filter_map(|directive| {
            let line = line_of(&source.text, directive.range.start);
            let wrong = included(folder, directive.arguments).err()?;
            Some(Mistake::new(&source.file, Some(line), wrong))
        })
        .collect()
}
