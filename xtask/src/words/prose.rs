//! What of a file is prose. All else is blanked out, byte for byte, so that offsets and lines stay.

use std::ops::Range;
use std::sync::LazyLock;

use anyhow::Result;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

/// The texts of Markdown, without code, HTML, addresses and ids.
pub(super) fn markdown(text: &str) -> Result<String> {
    Ok(masked(text, &texts(text)))
}

/// The titles and hints of `course.toml`, which are Markdown.
///
/// # Errors
///
/// When it is not TOML, or has no title.
pub(super) fn course(text: &str) -> Result<String> {
    let mut prose = Vec::new();
    for string in toml::from_str::<Course>(text)?.strings() {
        let begin = string.start;
        let inside = texts(&text[string]).into_iter();
        prose.extend(inside.map(|range| begin + range.start..begin + range.end));
    }
    Ok(masked(text, &prose))
}

/// What the checker says in a snapshot, without its head, the names of flaws, and code.
#[expect(
    clippy::expect_used,
    reason = "the pattern is fixed, and a test uses it"
)]
pub(super) fn snapshot(text: &str) -> Result<String> {
    static NO_PROSE: LazyLock<Regex> = LazyLock::new(|| {
        let head = r"\A---\n(?s:.*?)\n---\n";
        let name = "(?m:^== .*$)";
        let code = "`(?:[^`\n]|\n[^`\n])*`";
        Regex::new(&[head, name, code].join("|")).expect("the pattern is one")
    });
    let mut prose = Vec::new();
    let mut begin = 0;
    for other in NO_PROSE.find_iter(text) {
        prose.push(begin..other.start());
        begin = other.end();
    }
    prose.push(begin..text.len());
    // In JSON, a line ends so.
    Ok(masked(text, &prose).replace(r"\n", "  "))
}

/// `course.toml`, as far as it has prose.
#[derive(Debug, Deserialize)]
struct Course {
    title: Spanned<String>,
    #[serde(default)]
    module: Vec<Titled>,
    #[serde(default)]
    exercise: Vec<Titled>,
}

/// A module, an exercise or a step.
#[derive(Debug, Deserialize)]
struct Titled {
    title: Spanned<String>,
    #[serde(default)]
    step: Vec<Titled>,
    #[serde(default)]
    hints: Vec<Spanned<String>>,
}

impl Course {
    /// Where its strings are.
    fn strings(&self) -> Vec<Range<usize>> {
        let mut strings = vec![self.title.span()];
        let parts = self.module.iter().chain(&self.exercise);
        for part in parts.flat_map(|part| std::iter::once(part).chain(&part.step)) {
            strings.push(part.title.span());
            strings.extend(part.hints.iter().map(Spanned::span));
        }
        strings
    }
}

/// Where the texts of Markdown are, which stand in order.
fn texts(markdown: &str) -> Vec<Range<usize>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut texts = Vec::new();
    let mut in_code = false;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(_) if !in_code => texts.push(range),
            _ => {}
        }
    }
    texts
}

/// The text with only what is at `prose`, and white space. A phrase goes on over a mark of emphasis or of
/// a quote, and not over anything else.
fn masked(text: &str, prose: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut begin = 0;
    for range in prose {
        masked.extend(text[begin..range.start].chars().flat_map(blank));
        masked.push_str(&text[range.clone()]);
        begin = range.end;
    }
    masked.extend(text[begin..].chars().flat_map(blank));
    masked
}

/// As many bytes as the character has.
fn blank(character: char) -> impl Iterator<Item = char> {
    let instead = match character {
        '\n' => '\n',
        '*' | '_' | '>' => ' ',
        _ if character.is_whitespace() => ' ',
        _ => '|',
    };
    std::iter::repeat_n(instead, character.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_stay_what_they_are() {
        let text = "Grüße, `süß`:\n\n> it *is*\n> to be\n";
        assert_eq!(
            markdown(text).unwrap(),
            "Grüße, |||||||:\n\n  it  is \n  to be\n"
        );
        assert_eq!(
            snapshot("---\nsource: ä\n---\n== süß\nwhy `ß` \\nso\n").unwrap(),
            "|||\n||||||| ||\n|||\n|| |||||\nwhy ||||   so\n"
        );
    }
}
