//! The banned phrases, and where they are in a text.

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

/// Some phrases that are banned for one reason.
#[derive(Debug)]
pub(super) struct Banned {
    pattern: Regex,
    pub(super) why: String,
    pub(super) write: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    banned: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    phrases: Vec<String>,
    why: String,
    write: String,
}

/// Those in `banned.toml`.
///
/// # Errors
///
/// When that file is not written as it should be.
pub(super) fn read() -> Result<Vec<Banned>> {
    list()?.banned.into_iter().map(Banned::new).collect()
}

fn list() -> Result<List> {
    toml::from_str(include_str!("banned.toml")).context("cannot read xtask/src/words/banned.toml")
}

impl Banned {
    fn new(entry: Entry) -> Result<Self> {
        let phrases: Vec<String> = entry.phrases.iter().map(|one| pattern(one)).collect();
        let pattern = Regex::new(&format!(r"(?i)\b(?:{})\b", phrases.join("|")))?;
        Ok(Self {
            pattern,
            why: entry.why,
            write: entry.write,
        })
    }

    /// Where the phrases are in a text, each as it was written, on one line. One that is part of a name,
    /// such as `lest-it-rains`, is not meant.
    pub(super) fn found_in(&self, text: &str) -> Vec<(usize, String)> {
        let found = self.pattern.find_iter(text).filter(|found| {
            !text[..found.start()].ends_with('-') && !text[found.end()..].starts_with('-')
        });
        let on_one_line = |words: &str| words.split_whitespace().collect::<Vec<_>>().join(" ");
        found
            .map(|found| (found.start(), on_one_line(found.as_str())))
            .collect()
    }
}

/// A phrase, which a line may end in.
fn pattern(phrase: &str) -> String {
    let words: Vec<String> = phrase.split_whitespace().map(regex::escape).collect();
    words.join(r"\s+")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_phrase_is_listed_once_and_no_advice_is_banned() {
        let banned = read().unwrap();
        let mut phrases = BTreeSet::new();
        for entry in list().unwrap().banned {
            assert!(!entry.phrases.is_empty(), "{entry:?}");
            assert!(
                !entry.why.is_empty() && !entry.write.is_empty(),
                "{entry:?}"
            );
            for one in &banned {
                assert_eq!(one.found_in(&entry.write), [], "{entry:?}");
            }
            for phrase in entry.phrases {
                assert!(phrases.insert(phrase.clone()), "{phrase} is listed twice");
            }
        }
    }

    #[test]
    fn every_phrase_is_found() {
        for entry in list().unwrap().banned {
            let phrases = entry.phrases.clone();
            let banned = Banned::new(entry).unwrap();
            for phrase in phrases {
                let text = format!("Once {},", phrase.to_uppercase().replace(' ', "\n  "));
                let (offset, found) = banned.found_in(&text).remove(0);
                assert_eq!((offset, found), (5, phrase.to_uppercase()));
            }
        }
    }
}
