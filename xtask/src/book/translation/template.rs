//! All messages of the English book, as `messages.pot` has them.

use std::path::Path;

use anyhow::{Context, Result};
use mdbook_driver::MDBook;
use mdbook_driver::book::BookItem;
use mdbook_i18n_helpers::xgettext::create_catalogs;
use mdbook_renderer::RenderContext;
use polib::catalog::Catalog;
use polib::message::{CatalogMessageMutView, MessageMutView, MessageView};

use super::shield;

/// The messages of the book at `root`, in the order of its pages, each with its places:
/// `book/src/start.md:3`.
///
/// # Errors
///
/// When a page cannot be read.
pub(super) fn template(root: &Path) -> Result<Catalog> {
    let mut book = MDBook::load(root.join("book")).context("mdBook cannot read the book")?;
    book.book.for_each_mut(|item: &mut BookItem| {
        if let BookItem::Chapter(chapter) = item {
            chapter.content = shield::put(&chapter.content);
        }
    });
    let context = RenderContext::new(book.root, book.book, book.config, root.join("target"));
    let catalogs = create_catalogs(&context, std::fs::read_to_string)?;
    // One file, unless the book's settings ask for more.
    let mut template = catalogs.into_values().next().context("no messages")?;
    // The time would make a change of every run.
    template.metadata.pot_creation_date.clear();
    for mut message in template.messages_mut() {
        let places = message.source().split_whitespace();
        let places: Vec<String> = places.map(|place| format!("book/{place}")).collect();
        *message.source_mut() = places.join("\n").replace('\\', "/");
        if is_code(message.msgid()) {
            message.delete();
        }
    }
    Ok(template)
}

/// A command or a sign in a table: it is the same in every language.
fn is_code(message: &str) -> bool {
    let inside = message
        .strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'));
    inside.is_some_and(|inside| !inside.contains('`'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_code_is_no_message() {
        assert!(is_code("`cargo checker check 3.4`"));
        assert!(!is_code("`modern` and `legacy`"));
        assert!(!is_code("one step"));
    }

    #[test]
    fn a_page_has_its_messages_and_no_directive_of_its_own_line() {
        let template = template(&crate::root().unwrap()).unwrap();
        let title = template.find_message(None, "Start here", None).unwrap();
        assert!(
            title.source().contains("book/src/start.md:1"),
            "{}",
            title.source()
        );
        let alone = |id: &str| id.starts_with("{{#output") || id.contains("shield");
        assert!(!template.messages().any(|message| alone(message.msgid())));
    }
}
