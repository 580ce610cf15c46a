//! A page as it was written.

/// A page before its directives are replaced.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the checkout: `book/src/ex3.md`.
    pub(crate) file: String,
    /// What the table of contents calls it.
    pub(crate) name: String,
    /// The page that it becomes: `ex3.html`.
    pub(crate) page: String,
    /// As it was written, but that a line ends with LF, however it does in the file.
    pub(crate) text: String,
}
