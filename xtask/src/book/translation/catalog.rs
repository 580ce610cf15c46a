//! A `.po` file, with the lines of its messages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use polib::catalog::Catalog;

use super::languages::{FILE, Language};
use crate::pages::Mistake;

/// What the reader of `.po` files takes for granted.
const HEADERS: [&str; 9] = [
    "Project-Id-Version",
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Language-Team",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Language",
    "Plural-Forms",
];

/// A file of translated texts.
pub(super) struct PoFile {
    pub(super) catalog: Catalog,
    /// Where each `msgid` is.
    pub(super) lines: BTreeMap<String, usize>,
}

/// The texts of a language.
///
/// # Errors
///
/// What is wrong with the file.
pub(super) fn read(root: &Path, language: &Language) -> Result<PoFile, Mistake> {
    let file = language.file();
    let mistake = |message: String| Mistake::new(&file, None, message);
    let path = root.join(&file);
    let text = fs::read_to_string(&path).map_err(|error| {
        mistake(format!(
            "cannot be read: {error}. {FILE} names [{}]; `cargo xtask book merge` creates the file",
            language.code
        ))
    })?;
    // The reader panics where one of these is wrong.
    if let Some(line) = without_quotes(&text) {
        let message = "a text begins and ends with a quote";
        return Err(Mistake::new(&file, Some(line), message));
    }
    let absent = HEADERS
        .iter()
        .find(|name| !text.contains(&format!("\"{name}:")));
    if let Some(absent) = absent {
        return Err(mistake(format!("the header has no {absent}")));
    }
    let catalog = polib::po_file::parse(&path).map_err(|error| mistake(error.to_string()))?;
    Ok(PoFile {
        catalog,
        lines: lines(&text),
    })
}

/// The first line that should have a text in quotes, and has none.
fn without_quotes(text: &str) -> Option<usize> {
    let is_wrong = |line: &str| {
        let quoted = match line.strip_prefix("msg") {
            Some(rest) => rest.split_once(' ').map_or("", |(_, quoted)| quoted),
            None => line,
        };
        quoted.len() < 2 || !quoted.starts_with('"') || !quoted.ends_with('"')
    };
    let mut lines = (1..).zip(text.lines());
    let wrong = lines.find(|(_, line)| line.starts_with(['m', '"']) && is_wrong(line));
    wrong.map(|(number, _)| number)
}

/// The line of each `msgid`.
fn lines(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut open: Option<(String, usize)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(quoted) = line.strip_prefix("msgid ") {
            open = Some((unquoted(quoted), number));
        } else if let Some((id, _)) = &mut open
            && line.starts_with('"')
        {
            *id += &unquoted(line);
        } else if let Some((id, number)) = open.take() {
            found.insert(id, number);
        }
    }
    found
}

/// `"a\n"` → `a` and a line's end.
fn unquoted(quoted: &str) -> String {
    let inner = quoted.trim().trim_start_matches('"');
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_quote_is_told_with_its_line() {
        assert_eq!(without_quotes("msgid \"a\"\nmsgstr \"\"\n\"ä\"\n"), None);
        for wrong in ["msgstr \"ä", "\"", "msgstr", "msgid ä\"", "\"ä"] {
            let text = format!("msgid \"a\"\n{wrong}\n");
            assert_eq!(without_quotes(&text), Some(2), "{wrong}");
        }
    }

    #[test]
    fn each_message_has_its_line() {
        let text = "msgid \"\"\nmsgstr \"\"\n\nmsgid \"\"\n\"one \\\"a\\\" \"\n\"two\"\nmsgstr \"\"\n\nmsgid \"three\"\nmsgstr \"\"\n";
        let lines = lines(text);
        assert_eq!(lines["one \"a\" two"], 4);
        assert_eq!(lines["three"], 9);
    }
}
