//! What the book and the deck have in common: pages that are made of Markdown, held to rules, and
//! served while somebody writes.
//!
//! ```text
//! source.rs      a page as it was written
//! mistake.rs     something that is wrong, with its file and line
//! directives.rs  each `{{#name …}}` of a page, replaced by what it means
//! heading.rs     the id that mdBook gives a heading
//! includes.rs    `{{#include …}}`: is it there?
//! page.rs        a built page as the rules see it: ids, links, code
//! rules.rs       what must be true of every page
//! links.rs       where links may lead
//! commands.rs    the commands that pages name
//! serve.rs       build, serve, build again after a change
//! ```

mod commands;
pub(crate) mod directives;
mod heading;
pub(crate) mod includes;
mod links;
mod mistake;
mod page;
pub(crate) mod rules;
pub(crate) mod serve;
mod source;

pub(crate) use heading::id_of_words;
pub(crate) use links::Links;
pub(crate) use mistake::{Mistake, line_of, none};
pub(crate) use page::Page;
pub(crate) use source::Source;
