//! `book/languages.toml`: the languages, and which pages of theirs are translated.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::pages::Mistake;

/// Where they are named.
pub(super) const FILE: &str = "book/languages.toml";

/// A language that the book is translated into.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    /// `de`: the name of its file, and of its folder in the book.
    #[serde(skip)]
    pub(crate) code: String,
    /// What its speakers call it.
    pub(crate) name: String,
    /// The book's.
    pub(crate) title: String,
    /// Files in `book/src` that are translated from top to bottom.
    pub(crate) pages: Vec<String>,
    /// Files of which some texts are still English.
    #[serde(default)]
    pub(crate) begun: Vec<String>,
    /// mdBook's title of a call-out, and what it is called here.
    #[serde(default)]
    pub(crate) callouts: BTreeMap<String, String>,
}

impl Language {
    /// Whether texts of this file are shown in this language.
    pub(super) fn shows(&self, page: &str) -> bool {
        self.pages.iter().chain(&self.begun).any(|one| one == page)
    }

    /// Whether texts of this page of the book, `start.html`, are shown in this language.
    pub(crate) fn has_page(&self, page: &str) -> bool {
        let file = page.strip_suffix(".html").map(|name| format!("{name}.md"));
        file.is_some_and(|file| self.shows(&file))
    }

    /// Its file.
    pub(crate) fn file(&self) -> String {
        format!("book/po/{}.po", self.code)
    }
}

/// The languages of the book at `root`; none, where nobody began one.
///
/// # Errors
///
/// When the file is not as it should be.
pub(super) fn read(root: &Path) -> Result<(Vec<Language>, Vec<Mistake>)> {
    let text = match fs::read_to_string(root.join(FILE)) {
        Ok(text) => text,
        // Then a file in `book/po` is told below.
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).context(format!("cannot read {FILE}")),
    };
    let named: BTreeMap<String, Language> =
        toml::from_str(&text).with_context(|| format!("{FILE} is broken"))?;
    let languages: Vec<Language> = named
        .into_iter()
        .map(|(code, language)| Language { code, ..language })
        .collect();
    let mistake = |file: &str, message| Mistake::new(file, None, message);
    let mut mistakes = Vec::new();
    for language in &languages {
        for page in language.pages.iter().chain(&language.begun) {
            if !root.join("book/src").join(page).is_file() {
                let message = format!("[{}] names {page}, which is not in book/src", language.code);
                mistakes.push(mistake(FILE, message));
            }
        }
    }
    for entry in fs::read_dir(root.join("book/po")).into_iter().flatten() {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let code = name.strip_suffix(".po");
        let is_named = |code: &&str| languages.iter().any(|language| language.code == *code);
        if let Some(code) = code.filter(|code| !is_named(code)) {
            let message = format!("this language is missing; add [{code}] to {FILE}");
            mistakes.push(mistake(&format!("book/po/{name}"), message));
        }
    }
    Ok((languages, mistakes))
}
