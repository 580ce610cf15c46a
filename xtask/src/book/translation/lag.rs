//! A translation that lags behind: the English page has changed, and nobody told the reader.

use polib::catalog::Catalog;
use polib::message::MessageView;

use super::catalog::PoFile;
use super::languages::Language;
use crate::pages::Mistake;

/// What is said first of what lags.
const FIX: &str = "run `cargo xtask book merge`, then translate it";

/// The messages of the translated pages that are not translated, and translations for those pages of
/// messages that are on none any more.
pub(super) fn behind(template: &Catalog, language: &Language, file: &PoFile) -> Vec<Mistake> {
    let po = language.file();
    let mut mistakes = Vec::new();
    for message in template.messages() {
        let Some((page, line)) = place(message, &language.pages) else {
            continue;
        };
        let id = message.msgid();
        let found = file.catalog.find_message(None, id, None);
        let at = file.lines.get(id);
        let why = match found {
            None => format!("{po} does not have {}; {FIX} in {po}", brief(id)),
            Some(found) if found.is_fuzzy() => format!(
                "this translation of an older text may no longer fit {}; correct it at {po}:{}, and remove the line `#, fuzzy`",
                brief(id),
                at.copied().unwrap_or_default()
            ),
            Some(found) if !found.is_translated() => format!(
                "{} is not translated; write it at {po}:{}",
                brief(id),
                at.copied().unwrap_or_default()
            ),
            Some(_) => continue,
        };
        mistakes.push(Mistake::new(page, line, why));
    }
    let of_pages = |message: &dyn MessageView| {
        let files = message.source().split_whitespace().map(file_of);
        let mut pages = files.filter_map(|file| file.strip_prefix("book/src/"));
        pages.any(|page| language.pages.iter().any(|one| one == page))
    };
    for message in file.catalog.messages() {
        let id = message.msgid();
        if !of_pages(message) {
            continue;
        }
        if template.find_message(None, id, None).is_none() {
            let line = file.lines.get(id).copied();
            let why = format!(
                "no page contains {} any longer; {FIX} where it changed",
                brief(id)
            );
            mistakes.push(Mistake::new(&po, line, why));
        }
    }
    mistakes
}

/// Where the message is on one of the pages.
pub(super) fn place(
    message: &dyn MessageView,
    pages: &[String],
) -> Option<(String, Option<usize>)> {
    message.source().split_whitespace().find_map(|place| {
        let (file, line) = place.rsplit_once(':')?;
        let page = file.strip_prefix("book/src/")?;
        let is_wanted = pages.iter().any(|one| one == page);
        is_wanted.then(|| (file.to_owned(), line.parse().ok()))
    })
}

/// The file of a place, which may have a line.
pub(super) fn file_of(place: &str) -> &str {
    place.rsplit_once(':').map_or(place, |(file, _)| file)
}

/// The begin of a text, in quotes.
fn brief(text: &str) -> String {
    const LETTERS: usize = 50;
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(LETTERS).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("“{short}{more}”")
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use polib::message::Message;
    use polib::metadata::CatalogMetadata;

    use super::*;

    /// Messages, each with its place and its translation.
    pub(in super::super) fn catalog(messages: &[(&str, &str, &str)]) -> Catalog {
        let mut catalog = Catalog::new(CatalogMetadata::new());
        for (place, id, text) in messages {
            let message = Message::build_singular()
                .with_source((*place).to_owned())
                .with_msgid((*id).to_owned())
                .with_msgstr((*text).to_owned())
                .done();
            catalog.append_or_update(message);
        }
        catalog
    }

    #[test]
    fn only_what_a_translated_page_shows_lags_behind() {
        let template = catalog(&[
            ("book/src/start.md:3", "New.", ""),
            ("book/src/ex1.md:7\nbook/src/start.md:9", "Open.", ""),
            ("book/src/start.md:11", "Right.", ""),
            ("book/src/ex1.md:8", "Of another page.", ""),
        ]);
        let mut language: Language =
            toml::from_str("name = \"Deutsch\"\ntitle = \"T\"\npages = [\"start.md\"]").unwrap();
        language.code = "de".to_owned();
        let file = PoFile {
            catalog: catalog(&[
                ("book/src/start.md", "Open.", ""),
                ("book/src/start.md", "Right.", "Richtig."),
                ("book/src/start.md:4", "Gone.", "Weg."),
                (
                    "book/src/ex1.md",
                    "Gone from a page that is begun.",
                    "Auch weg.",
                ),
            ]),
            lines: BTreeMap::from([("Open.".to_owned(), 20), ("Gone.".to_owned(), 30)]),
        };
        let told: Vec<String> = behind(&template, &language, &file)
            .iter()
            .map(Mistake::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "book/src/start.md:3: book/po/de.po does not have “New.”; run `cargo xtask book merge`, then translate it in book/po/de.po",
                "book/src/start.md:9: “Open.” is not translated; write it at book/po/de.po:20",
                "book/po/de.po:30: no page contains “Gone.” any longer; run `cargo xtask book merge`, then translate it where it changed",
            ]
        );
    }
}
