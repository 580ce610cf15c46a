//! The book's sources: what `cargo xtask book` builds, and the tutor serves as text.
//!
//! - [`summary`] knows the pages,
//! - [`directives`] finds `{{#course …}}` and `{{#output …}}`, and says what they become,
//! - [`pieces`] is the Markdown that they become,
//! - [`includes`] is the text behind `{{#include …}}`,
//! - [`plain`] is a page as plain Markdown, with what the book keeps closed left out.

pub mod directives;
pub mod includes;
pub mod pieces;
pub mod plain;
pub mod summary;
