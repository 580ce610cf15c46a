//! The pages of the book, as its table of contents names them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// A page of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its file in `book/src` without the ending: `ex3`.
    pub name: String,
    /// What the table of contents calls it.
    pub title: String,
}

/// The pages, in order.
///
/// # Errors
///
/// When the table of contents cannot be read.
pub fn pages(root: &Path) -> Result<Vec<Page>> {
    let path = root.join("book/src/SUMMARY.md");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().filter_map(page).collect())
}

/// `- [Start here](start.md)`. `None` for a chapter that has no page yet, and for other lines.
fn page(line: &str) -> Option<Page> {
    let (title, link) = line.split_once("](")?;
    let (_, title) = title.split_once('[')?;
    let (name, _) = link.split_once(".md)")?;
    Some(Page {
        name: name.trim_start_matches("./").to_owned(),
        title: title.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_title_and_a_file() {
        let named = |name: &str, title: &str| {
            let (name, title) = (name.to_owned(), title.to_owned());
            Some(Page { name, title })
        };
        assert_eq!(
            page("- [Start here](start.md)"),
            named("start", "Start here")
        );
        assert_eq!(
            page("  - [Code `in` it](guides/a.md)"),
            named("guides/a", "Code `in` it")
        );
        for other in ["# Summary", "- [Not yet]()", "", "---"] {
            assert_eq!(page(other), None, "{other}");
        }
    }
}
