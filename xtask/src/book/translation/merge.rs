//! `cargo xtask book merge`: brings new English texts into the `.po` files.
//!
//! gettext's msgmerge does the same, and is on few machines. A translation stays with its text. A new text
//! that resembles one which is gone gets its translation, marked as fuzzy: it is not shown, and a
//! translator has something to begin with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use polib::catalog::Catalog;
use polib::message::{Message, MessageFlags, MessageView};

use super::languages::Language;
use super::{catalog, lag, languages, template};

/// Two texts with this share of words in common are versions of one.
const ALIKE: f64 = 0.6;

/// What came of the messages of a language.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    kept: usize,
    fuzzy: usize,
    open: usize,
}

/// Merges every language.
///
/// # Errors
///
/// When a file cannot be read or written.
pub(crate) fn run(root: &Path) -> Result<()> {
    let (languages, _) = languages::read(root)?;
    let template = template::template(root)?;
    for language in &languages {
        let path = root.join(language.file());
        let old = if path.exists() {
            catalog::read(root, language)
                .map_err(|mistake| anyhow::anyhow!("{mistake}"))?
                .catalog
        } else {
            fs::create_dir_all(root.join("book/po"))?;
            Catalog::new(template::template(root)?.metadata)
        };
        let (merged, count) = merge(&template, old, language);
        polib::po_file::write(&merged, &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!(
            "{}: {} translated, {} fuzzy, {} open",
            language.file(),
            count.kept,
            count.fuzzy,
            count.open
        );
    }
    Ok(())
}

/// The messages of the language's pages, with what is still right of the old translations.
fn merge(template: &Catalog, mut old: Catalog, language: &Language) -> (Catalog, Count) {
    let pages: Vec<String> = language
        .pages
        .iter()
        .chain(&language.begun)
        .cloned()
        .collect();
    let gone: Vec<(String, String)> = old
        .messages()
        .filter(|message| template.find_message(None, message.msgid(), None).is_none())
        .filter_map(|message| {
            Some((
                message.msgid().to_owned(),
                message.msgstr().ok()?.to_owned(),
            ))
        })
        .filter(|(_, translated)| !translated.is_empty())
        .collect();
    let mut metadata = std::mem::take(&mut old.metadata);
    metadata.language.clone_from(&language.code);
    let mut merged = Catalog::new(metadata);
    let mut count = Count::default();
    for message in template.messages() {
        if lag::place(message, &pages).is_none() {
            continue;
        }
        let id = message.msgid();
        let found = old.find_message(None, id, None);
        let found = found.filter(|found| found.is_translated());
        let (translated, flags) = match found {
            Some(found) => {
                let translated = found.msgstr().unwrap_or_default();
                (translated.to_owned(), found.flags().clone())
            }
            None => match nearest(id, &gone) {
                Some(near) => {
                    let mut flags = MessageFlags::new();
                    flags.entries.push("fuzzy".to_owned());
                    (near.to_owned(), flags)
                }
                None => (String::new(), MessageFlags::new()),
            },
        };
        match (translated.is_empty(), flags.is_fuzzy()) {
            (true, _) => count.open += 1,
            (false, true) => count.fuzzy += 1,
            (false, false) => count.kept += 1,
        }
        let message = Message::build_singular()
            .with_comments(message.comments().to_owned())
            .with_source(files(message))
            .with_msgid(id.to_owned())
            .with_msgstr(translated)
            .with_flags(flags)
            .done();
        merged.append_or_update(message);
    }
    (merged, count)
}

/// Its files without the lines, which change with every edit above.
fn files(message: &dyn MessageView) -> String {
    let mut files: Vec<&str> = message
        .source()
        .split_whitespace()
        .map(lag::file_of)
        .collect();
    files.dedup();
    files.join("\n")
}

/// The translation of the text that is most like this one.
fn nearest<'a>(id: &str, gone: &'a [(String, String)]) -> Option<&'a str> {
    let scored = gone.iter().map(|(old, text)| (alike(id, old), text));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 >= ALIKE).then_some(best.1.as_str())
}

/// The share of words that two texts have in common, from 0 to 1.
fn alike(one: &str, other: &str) -> f64 {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in one.split_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    let mut common = 0;
    for word in other.split_whitespace() {
        if let Some(left) = counts.get_mut(word).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    let words = one.split_whitespace().count() + other.split_whitespace().count();
    #[expect(clippy::cast_precision_loss, reason = "texts have few words")]
    let share = 2.0 * f64::from(common) / words.max(1) as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = "book/src/start.md:3";

    fn catalog(messages: &[(&str, &str)]) -> Catalog {
        let placed = messages.iter().map(|(id, text)| (PLACE, *id, *text));
        lag::tests::catalog(&placed.collect::<Vec<_>>())
    }

    #[test]
    fn what_is_right_is_kept_and_what_changed_is_fuzzy() {
        let language: Language =
            toml::from_str("name = \"Deutsch\"\ntitle = \"T\"\npages = [\"start.md\"]").unwrap();
        let template = catalog(&[
            ("It stays.", ""),
            ("A model can look and buy at once.", ""),
            ("All new.", ""),
        ]);
        let old = catalog(&[
            ("It stays.", "Es bleibt."),
            (
                "A model can look and buy.",
                "Ein Modell kann schauen und kaufen.",
            ),
            ("Gone.", "Weg."),
        ]);
        let (merged, count) = merge(&template, old, &language);
        let expected = Count {
            kept: 1,
            fuzzy: 1,
            open: 1,
        };
        assert_eq!(count, expected);
        let changed = merged.find_message(None, "A model can look and buy at once.", None);
        let changed = changed.unwrap();
        assert!(changed.is_fuzzy());
        assert_eq!(changed.source(), "book/src/start.md");
        assert_eq!(
            changed.msgstr().unwrap(),
            "Ein Modell kann schauen und kaufen."
        );
        assert!(merged.find_message(None, "Gone.", None).is_none());
    }
}
