//! A page of the book as plain Markdown, for who cannot open and close parts of it.
//!
//! What the book keeps closed until its reader opens it stays closed: hints and solutions. An
//! agent that reads a page to answer a question would have read the solution too.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::{Captures, Regex};

use super::directives::{Directive, Directives, Piece, directives};
use super::includes::{included, outdented};
use super::summary::Page;
use crate::course::Course;

/// Where the solutions of exercises lie, seen from a page. `solutions/hello_mcp` is none.
const SOLUTION: &str = "solutions/ex";

/// The page, with its directives replaced and links between pages that begin with `links`.
///
/// # Errors
///
/// When a file of the book is missing.
pub fn plain(root: &Path, course: &Course, page: &Page, links: &str) -> Result<String> {
    let path = root.join(format!("book/src/{}.md", page.name));
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = without_solutions(&COMMENT.replace_all(&text.replace("\r\n", "\n"), ""));
    let known = Directives::new(root, course)?;
    let folder = path.parent().unwrap_or(root);
    let mut out = String::new();
    let mut end = 0;
    for directive in directives(&text) {
        out += &text[end..directive.range.start];
        end = directive.range.end;
        out += &replaced(&known, folder, page, &directive);
    }
    out += &text[end..];
    Ok(linked(&outdented(&without_markup(&out)), links))
}

/// From the heading of this id to the next one that is as high. `None` when there is no such
/// heading.
pub fn section(page: &str, heading: &str) -> Option<String> {
    let mark = format!("{{#{heading}}}");
    let level = |line: &str| line.chars().take_while(|letter| *letter == '#').count();
    let mut lines = page.lines();
    let first = lines.find(|line| line.starts_with('#') && line.contains(&mark))?;
    let mut taken = first.to_owned();
    let mut in_code = false;
    for line in lines {
        in_code ^= line.trim_start().starts_with("```");
        if !in_code && (1..=level(first)).contains(&level(line)) {
            break;
        }
        taken.push('\n');
        taken += line;
    }
    Some(taken.trim_end().to_owned())
}

/// A closed part that shows the code of a solution becomes a line that says so.
fn without_solutions(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<details>") {
        out += before;
        let (closed, behind) = after.split_once("</details>").unwrap_or((after, ""));
        if closed.contains(SOLUTION) {
            let summary = closed
                .split_once("<summary>")
                .map_or(closed, |(_, rest)| rest);
            let (summary, _) = summary
                .split_once("</summary>")
                .unwrap_or(("a solution", ""));
            out += &format!("(Closed in the book: {summary}.)");
        } else {
            out += &format!("<details>{closed}</details>");
        }
        rest = behind;
    }
    out + rest
}

fn replaced(
    known: &Directives<'_>,
    folder: &Path,
    page: &Page,
    directive: &Directive<'_>,
) -> String {
    let words: Vec<&str> = directive.arguments.split_whitespace().collect();
    match (directive.name, words.as_slice()) {
        ("include" | "rustdoc_include", [argument]) if argument.contains(SOLUTION) => {
            "(The solution's code is closed here.)".to_owned()
        }
        ("include" | "rustdoc_include", [argument]) => match included(folder, argument) {
            Ok(svg) if argument.ends_with(".svg") => picture(&svg),
            Ok(text) => text.trim_end().to_owned(),
            Err(why) => format!("({why})"),
        },
        ("output", [name]) => {
            let output = known.output(name).unwrap_or_default();
            format!("```text\n{}\n```", as_text(output))
        }
        ("course", ["hints", id]) => {
            format!(
                "(Closed in the book: the hints for {id}. The tool next_hint gives one at a time.)"
            )
        }
        _ => match known.piece(directive, &format!("{}.html", page.name)) {
            Ok(Piece::Words(text) | Piece::Block(text)) => text,
            Err(_) => String::new(),
        },
    }
}

/// What a terminal showed, without the HTML that draws its colors.
fn as_text(html: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let text = TAG.replace_all(html, "").into_owned();
    let letters = entities.into_iter();
    letters.fold(text, |text, (entity, letter)| text.replace(entity, letter))
}

/// What a picture says to who cannot see it.
fn picture(svg: &str) -> String {
    let words: Vec<String> = ALTERNATIVE
        .captures_iter(svg)
        .map(|found| found[1].split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    format!("(A picture: {})", as_text(&words.join(". ")))
}

/// The same without markup that only a browser needs. Code stays as it is.
fn without_markup(text: &str) -> String {
    let mut in_code = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        if in_code || is_fence {
            line.into()
        } else {
            FOR_BROWSERS.replace_all(line, "")
        }
    });
    lines.collect()
}

/// `](ex3.md#step-3-1)` with the link that leads to the same page here.
fn linked(text: &str, links: &str) -> String {
    let link = |found: &Captures<'_>| {
        let heading = found.get(2).map_or("", |heading| heading.as_str());
        format!("]({links}{}{heading})", &found[1])
    };
    BETWEEN_PAGES.replace_all(text, link).into_owned()
}

/// What the authors say to each other.
static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern("(?s)<!--.*?-->\n?"));

static TAG: LazyLock<Regex> = LazyLock::new(|| pattern("<[^>]*>"));

static ALTERNATIVE: LazyLock<Regex> =
    LazyLock::new(|| pattern("(?s)<(?:title|desc)[^>]*>(.*?)</(?:title|desc)>"));

static FOR_BROWSERS: LazyLock<Regex> =
    LazyLock::new(|| pattern("</?(?:div|span|figure|figcaption)[^>]*>"));

static BETWEEN_PAGES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\]\((?:\.\./)*([\w/-]+)\.(?:md|html)(#[\w-]*)?\)"));

#[expect(
    clippy::expect_used,
    reason = "the patterns are fixed, and the tests use each"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks;
    use crate::book::summary::pages;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }

    fn all() -> Vec<(Page, String)> {
        let course = Course::load(&root().join("course.toml")).unwrap();
        let pages = pages(root()).unwrap().into_iter();
        pages
            .map(|page| {
                let text = plain(root(), &course, &page, "book:").unwrap();
                (page, text)
            })
            .collect()
    }

    #[test]
    fn every_page_is_plain_markdown_and_nothing_on_it_is_missing() {
        let pages = all();
        assert!(pages.len() > 4, "control");
        for (page, text) in pages {
            for left in ["{{#", "<span", "<svg", "(cannot include", "](ex3.md"] {
                assert!(!text.contains(left), "{}: {left}", page.name);
            }
            assert!(text.starts_with("# "), "{}: {text}", page.name);
        }
    }

    #[test]
    fn no_page_shows_what_a_solution_has_written() {
        let pages = all();
        let mut looked_at = 0;
        let exercises = fs::read_dir(root().join("solutions")).unwrap();
        let exercises = exercises.map(|entry| entry.unwrap());
        for exercise in exercises.filter(|one| one.file_name().to_string_lossy().starts_with("ex"))
        {
            for file in walkdir::WalkDir::new(exercise.path()) {
                let Ok(text) = fs::read_to_string(file.unwrap().path()) else {
                    continue;
                };
                let lines: Vec<&str> = text.lines().map(str::trim).collect();
                // One line may be the name of an API, which the page teaches.
                let blocks = blocks::blocks(&text).into_iter();
                for block in blocks.filter(|block| block.lines.len() > 1) {
                    let written = lines[block.lines.clone()].join("\n");
                    for (page, shown) in &pages {
                        let shown: Vec<&str> = shown.lines().map(str::trim).collect();
                        let shown = shown.join("\n");
                        assert!(!shown.contains(&written), "{}: {}", page.name, block.name);
                    }
                    looked_at += 1;
                }
            }
        }
        assert!(looked_at > 10, "control: {looked_at}");
    }

    #[test]
    fn what_is_closed_says_so_and_the_rest_is_there() {
        let pages = all();
        let (_, chapter) = pages.iter().find(|(page, _)| page.name == "ex3").unwrap();
        let step = section(chapter, "step-3-4").unwrap();
        assert!(step.starts_with("## 3.4 `buy_product` refuses what it cannot sell"));
        assert!(step.contains("(Closed in the book: Compare your code to the solution of 3.4.)"));
        assert!(step.contains("(Closed in the book: the hints for 3.4."));
        assert!(step.contains("```text\n$ cargo checker"), "{step}");
        assert!(!step.contains("## 3.5"));
        assert_eq!(section(chapter, "step-3-44"), None);
        let (_, server) = pages
            .iter()
            .find(|(page, _)| page.name == "server")
            .unwrap();
        assert!(server.contains("#[tool"), "code of no exercise is shown");
    }

    #[test]
    fn links_pictures_and_comments_are_for_readers_of_text() {
        assert_eq!(
            linked(
                "[a](ex3.md#step-3-1) [b](../x/y.html) [c](https://a.b/c.html)",
                "book:"
            ),
            "[a](book:ex3#step-3-1) [b](book:x/y) [c](https://a.b/c.html)"
        );
        assert_eq!(
            picture("<svg><title id=\"t\">Two\n boxes</title><desc>A &lt; b</desc></svg>"),
            "(A picture: Two boxes. A < b)"
        );
        assert_eq!(
            without_markup("<div class=\"a\">\nb\n</div>\n```\n<div>\n```\n"),
            "\nb\n\n```\n<div>\n```\n"
        );
    }
}
