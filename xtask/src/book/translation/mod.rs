//! The book in other languages, by gettext: `book/languages.toml` names them, `book/po/` has their texts.
//!
//! ```text
//! languages.rs  the languages, and which pages of theirs are translated
//! template.rs   all messages of the English book: `messages.pot`
//! shield.rs     what a translator should not see, and the Markdown writer not touch
//! catalog.rs    a `.po` file, with the lines of its messages
//! lag.rs        a translation that lags behind
//! merge.rs      `cargo xtask book merge`: new English texts into the `.po` files
//! menu.rs       links from a page to the same page in another language
//! ```
//!
//! **Messages are taken before directives are replaced.** What `{{#course …}}` and `{{#output …}}` bring
//! changes when the course or the checker does, without anybody touching a page. A translation made of
//! the words that they bring would lag behind each time. So a translator sees `{{#course title 3.4}}`
//! inside a sentence, moves it to where it belongs, and it is replaced in the translated page as in the
//! English one. A directive on a line of its own is no message at all.

mod catalog;
mod lag;
mod languages;
mod menu;
pub(super) mod merge;
mod shield;
mod template;

use std::path::Path;

use anyhow::{Context, Result};
use mdbook_driver::MDBook;
use mdbook_driver::book::{Book, BookItem};
use mdbook_i18n_helpers::gettext::{add_stripped_summary_translations, translate_book};
use polib::catalog::Catalog;

pub(super) use self::languages::Language;
use crate::pages::Mistake;

/// A language, with its texts.
pub(super) struct Translation {
    pub(super) language: Language,
    catalog: Catalog,
}

/// The translations of the book at `root`, and where they lag behind. Writes `messages.pot` into the folder
/// `to`: all texts that can be translated.
///
/// # Errors
///
/// When a file of theirs cannot be read, or that one not be written.
pub(super) fn read(root: &Path, to: &Path) -> Result<(Vec<Translation>, Vec<Mistake>)> {
    let (languages, mut mistakes) = languages::read(root)?;
    let mut translations = Vec::new();
    if languages.is_empty() {
        return Ok((translations, mistakes));
    }
    let template = template::template(root)?;
    let messages = to.join("messages.pot");
    polib::po_file::write(&template, &messages)
        .with_context(|| format!("cannot write {}", messages.display()))?;
    for language in languages {
        match catalog::read(root, &language) {
            Ok(file) => {
                mistakes.extend(lag::behind(&template, &language, &file));
                let catalog = file.catalog;
                translations.push(Translation { language, catalog });
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    Ok((translations, mistakes))
}

impl Translation {
    /// Translates the titles, and the pages that are translated or begun.
    ///
    /// # Errors
    ///
    /// When a text is not Markdown that can be put together.
    pub(super) fn apply(&mut self, book: &mut MDBook) -> Result<()> {
        add_stripped_summary_translations(&mut self.catalog);
        book.config.book.language = Some(self.language.code.clone());
        book.config.book.title = Some(self.language.title.clone());
        let mut outcome = Ok(());
        book.book.for_each_mut(|item: &mut BookItem| {
            if outcome.is_ok() {
                outcome = self.translate(item);
            }
        });
        outcome
    }

    fn translate(&self, item: &mut BookItem) -> Result<()> {
        let mut kept = None;
        if let BookItem::Chapter(chapter) = item {
            let is_wanted = |path: &Path| self.language.shows(&path.to_string_lossy());
            if chapter.source_path.as_deref().is_some_and(is_wanted) {
                chapter.content = shield::put(&chapter.content);
            } else {
                // To write its Markdown anew would change an English page, if only a little.
                kept = Some(std::mem::take(&mut chapter.content));
            }
        }
        let mut one = Book::new();
        one.push_item(std::mem::replace(item, BookItem::Separator));
        translate_book(&self.catalog, &mut one)
            .with_context(|| format!("a text of book/po/{}.po", self.language.code))?;
        *item = one.items.pop().context("a page was lost")?;
        if let BookItem::Chapter(chapter) = item {
            chapter.content = kept.unwrap_or_else(|| shield::take(&chapter.content));
        }
        Ok(())
    }
}

/// Links the translated pages in `to` with each other.
///
/// # Errors
///
/// When a page cannot be changed.
pub(super) fn link(to: &Path, translations: &[Translation]) -> Result<()> {
    let languages: Vec<&Language> = translations.iter().map(|one| &one.language).collect();
    menu::link(to, &languages)
}
