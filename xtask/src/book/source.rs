//! A page as it was written.

use std::path::Path;

use mdbook_driver::book::Chapter;

/// A page before mdBook sees it.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the checkout: `book/src/ex3.md`.
    pub(super) file: String,
    /// What the table of contents calls it.
    pub(super) name: String,
    /// The page that it becomes: `ex3.html`.
    pub(super) page: String,
    /// As it was written, but that a line ends with LF, however it does in the file.
    pub(super) text: String,
}

impl Source {
    /// `None` for a chapter that has no page yet.
    pub(super) fn of(chapter: &Chapter) -> Option<Self> {
        let path = chapter.source_path.as_ref()?;
        let slashes = |path: &Path| path.to_string_lossy().replace('\\', "/");
        Some(Self {
            file: format!("book/src/{}", slashes(path)),
            name: chapter.name.clone(),
            page: slashes(&path.with_extension("html")),
            text: chapter.content.replace("\r\n", "\n"),
        })
    }
}
