//! What a translator should not see, and the Markdown writer not touch: directives on a line of their
//! own, and the first line of a call-out. While messages are taken or replaced, they are comments.
//!
//! A heading keeps its English id, so that links to it lead there in every language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::pages::id_of_words;

/// `{{#output NAME}}`, or `> [!NOTE]`, alone on a line.
#[expect(clippy::expect_used, reason = "the pattern is fixed, and tests use it")]
static ALONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?<before>[\s>]*)(?<what>\{\{#[^}]*\}\}|\[![A-Z]+\])\s*$")
        .expect("the pattern is one")
});

#[expect(clippy::expect_used, reason = "the pattern is fixed, and tests use it")]
static SHIELDED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<!-- shield (?<what>.*?) -->").expect("the pattern is one"));

/// The first line of a call-out, with the empty lines that the writer puts around a comment.
#[expect(clippy::expect_used, reason = "the pattern is fixed, and tests use it")]
static CALLOUT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)(?:^[ >]*>[ >]*\n)*^(?<before>[ >]*)<!-- shield (?<what>\[![A-Z]+\]) -->[ ]*\n(?:[ >]*>[ >]*\n)*")
        .expect("the pattern is one")
});

/// A directive inside a sentence, in which the writer escaped a letter.
#[expect(clippy::expect_used, reason = "the pattern is fixed, and tests use it")]
static INSIDE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{\\?#[^}]*\}\}").expect("the pattern is one"));

/// The text, line for line, with comments in their place.
pub(super) fn put(text: &str) -> String {
    let mut fence: Option<String> = None;
    let mut out = String::new();
    let mut ids = BTreeMap::new();
    for line in text.lines() {
        let begin = line.trim_start_matches([' ', '>']);
        let marks: String = begin
            .chars()
            .take_while(|c| matches!(c, '`' | '~'))
            .collect();
        if marks.len() >= 3 {
            match &fence {
                None => fence = Some(marks),
                Some(open) if marks.starts_with(open.as_str()) => fence = None,
                Some(_) => {}
            }
        }
        match ALONE.captures(line).filter(|_| fence.is_none()) {
            Some(found) => {
                out += &format!("{}<!-- shield {} -->", &found["before"], &found["what"])
            }
            None => out += line,
        }
        if fence.is_none() && is_heading(line) && !line.contains("{#") {
            out += &format!(" {{#{}}}", id(line, &mut ids));
        }
        out.push('\n');
    }
    out
}

fn is_heading(line: &str) -> bool {
    let after = line.trim_start_matches('#');
    after.len() < line.len() && after.starts_with(' ')
}

/// The id that mdBook gives a heading.
fn id(heading: &str, ids: &mut BTreeMap<String, usize>) -> String {
    let id = id_of_words(heading);
    let count = ids.entry(id.clone()).or_default();
    *count += 1;
    match *count {
        1 => id,
        again => format!("{id}-{}", again - 1),
    }
}

/// The text with what was there before.
pub(super) fn take(text: &str) -> String {
    let text = CALLOUT.replace_all(text, |found: &Captures<'_>| {
        format!("{}{}\n", &found["before"], &found["what"])
    });
    let text = SHIELDED.replace_all(&text, |found: &Captures<'_>| found["what"].to_owned());
    let text = INSIDE.replace_all(&text, |found: &Captures<'_>| found[0].replace('\\', ""));
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shielded_comes_back() {
        let text = "A {{#course minutes ex3}} b\n\n{{#output first}}\n\n> [!NOTE]\n> Text.\n\n```rust\n{{#include a.rs}}\n```\n";
        let shielded = put(text);
        assert_eq!(shielded.lines().count(), text.lines().count());
        assert!(shielded.contains("\n<!-- shield {{#output first}} -->\n"));
        assert!(shielded.contains("\n> <!-- shield [!NOTE] -->\n"));
        assert!(shielded.contains("```rust\n{{#include a.rs}}\n"));
        assert_eq!(take(&shielded), text);
    }

    #[test]
    fn a_callout_is_one_after_the_writer_has_put_it_together() {
        let written = "Before.\n\n > \n > <!-- shield [!NOTE] -->\n > \n > Text.\n > \n > More.\n";
        let expected = "Before.\n\n > [!NOTE]\n > Text.\n > \n > More.\n";
        assert_eq!(take(written), expected);
    }

    #[test]
    fn a_heading_keeps_its_english_id() {
        let put = put("# A `b`, c\n\n## A b c\n\n## Own {#step-1-1}\n\n```sh\n# none\n```\n");
        let lines: Vec<&str> = put.lines().step_by(2).collect();
        assert_eq!(
            lines[..3],
            [
                "# A `b`, c {#a-b-c}",
                "## A b c {#a-b-c-1}",
                "## Own {#step-1-1}"
            ]
        );
        assert!(put.ends_with("# none\n```\n"));
    }

    #[test]
    fn a_directive_in_a_sentence_loses_the_writers_escapes() {
        let written = r"a\_b {{#course title my\_step}}";
        assert_eq!(take(written), r"a\_b {{#course title my_step}}");
    }
}
