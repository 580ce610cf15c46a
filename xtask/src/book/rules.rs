//! What must be true of all pages together.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use checker::course::{Course, Exercise, Step};
use regex::Regex;

use super::links::Links;
use super::page::Page;
use super::source::Source;
use super::{Mistake, commands, line_of};

/// Holds the book in `folder` against the rules.
pub(super) fn check(
    root: &Path,
    folder: &Path,
    course: &Course,
    sources: &[Source],
) -> Result<Vec<Mistake>> {
    let mut pages = BTreeMap::new();
    let mut mistakes = Vec::new();
    for file in files(folder, "")? {
        let read = || {
            fs::read_to_string(folder.join(&file)).with_context(|| format!("cannot read {file}"))
        };
        if file.ends_with(".html") {
            pages.insert(file.clone(), Page::read(&read()?));
        } else if file.ends_with(".css") {
            mistakes.extend(fetched(&file, &read()?));
        }
    }
    let links = Links::new(root, folder, &pages)?;
    for (name, page) in &pages {
        mistakes.extend(of_page(name, page, &links, (root, course), sources));
    }
    for exercise in course.exercises.iter().filter(|exercise| exercise.ready) {
        mistakes.extend(of_exercise(exercise, &pages, sources));
    }
    Ok(mistakes)
}

fn of_page(
    name: &str,
    page: &Page,
    links: &Links<'_>,
    (root, course): (&Path, &Course),
    sources: &[Source],
) -> Vec<Mistake> {
    // All chapters stand on the page for printing once more.
    let source = sources.iter().find(|source| source.page == name);
    let mistake = |written: &str, message: String| match source {
        Some(source) => Mistake::new(&source.file, line_with(source, written), message),
        None => Mistake::new(format!("the page {name}"), None, message),
    };
    let mut mistakes = Vec::new();
    for link in &page.links {
        let wrong = links.wrong(name, link);
        mistakes.extend(wrong.map(|why| mistake(link, format!("the link {link}: {why}"))));
    }
    for asset in &page.assets {
        let wrong = links.wrong_asset(name, asset);
        mistakes.extend(wrong.map(|why| mistake(asset, format!("{asset}: {why}"))));
    }
    for image in &page.images_without_alt {
        mistakes.push(mistake(
            image,
            format!("the image {image} says nothing to who cannot see it; describe it"),
        ));
    }
    for code in &page.code {
        for (line, why) in commands::wrong(code, root, course) {
            mistakes.push(mistake(&line, format!("`{line}`: {why}")));
        }
        if code.contains("ANCHOR") {
            mistakes.push(mistake(
                "ANCHOR",
                "marks of anchors show in the code; include by anchor".to_owned(),
            ));
        }
    }
    for json in &page.json {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(json) {
            let begin = json.trim_start().lines().next().unwrap_or_default();
            let message = format!("the JSON that begins with `{begin}` does not parse: {error}");
            mistakes.push(mistake(json.trim_end(), message));
        }
    }
    mistakes
}

/// Every step of an exercise has its heading, in a chapter named after the exercise.
fn of_exercise(
    exercise: &Exercise,
    pages: &BTreeMap<String, Page>,
    sources: &[Source],
) -> Vec<Mistake> {
    let mistake = |message: String| Mistake::new("course.toml", None, message);
    let mut mistakes = Vec::new();
    for step in &exercise.steps {
        mistakes.extend(without_heading(step, pages).map(mistake));
    }
    let page = exercise
        .steps
        .first()
        .and_then(|step| step.book.as_ref()?.split('#').next());
    let chapter = sources
        .iter()
        .find(|source| Some(source.page.as_str()) == page);
    let name = format!("Exercise {}: {}", exercise.number(), exercise.title);
    if chapter.is_some_and(|chapter| chapter.name != name) {
        mistakes.push(Mistake::new(
            "book/src/SUMMARY.md",
            None,
            format!("the chapter of {} is called `{name}`", exercise.id),
        ));
    }
    mistakes
}

fn without_heading(step: &Step, pages: &BTreeMap<String, Page>) -> Option<String> {
    let id = &step.id;
    let Some((file, anchor)) = step.book.as_ref().and_then(|book| book.split_once('#')) else {
        return Some(format!("step {id} has no place in the book"));
    };
    let Some(page) = pages.get(file) else {
        return Some(format!(
            "step {id} stands at {file} in the book, and there is no such page"
        ));
    };
    let heading = page.headings.iter().find(|(of, _)| of == anchor);
    let is_there = heading.is_some_and(|(_, text)| text.starts_with(&format!("{id} ")));
    (!is_there).then(|| {
        format!("{file} has no heading `## {id} {{{{#course title {id}}}}} {{#{anchor}}}`")
    })
}

/// What a stylesheet would fetch from elsewhere.
fn fetched(file: &str, css: &str) -> Vec<Mistake> {
    #[expect(
        clippy::expect_used,
        reason = "the pattern is fixed, and a test uses it"
    )]
    static FETCHED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?:url\(\s*|@import\s+)["']?(?:https?:)?//"#).expect("the pattern is one")
    });
    let found = FETCHED.find_iter(css);
    found
        .map(|found| {
            let line = line_of(css, found.start());
            Mistake::new(file, Some(line), "the book must need no network")
        })
        .collect()
}

/// The line in which something was written; a link to another page was written as `.md`.
fn line_with(source: &Source, written: &str) -> Option<usize> {
    let as_markdown = written.replace(".html", ".md");
    let found = source
        .text
        .find(written)
        .or_else(|| source.text.find(&as_markdown));
    found.map(|offset| line_of(&source.text, offset))
}

/// All files in a folder, relative to it, with slashes.
fn files(folder: &Path, inside: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder.join(inside))
        .with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let path = format!("{inside}{}", name.to_string_lossy());
        if entry.file_type()?.is_dir() {
            found.extend(files(folder, &format!("{path}/"))?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stylesheet_that_fetches_is_found() {
        let css = "a { color: red }\n@import \"https://a.example/b.css\";\nb { src: url('//c.example/d') }\nc { src: url(e.woff2) }";
        let lines: Vec<_> = fetched("a.css", css)
            .into_iter()
            .map(|one| one.line)
            .collect();
        assert_eq!(lines, [Some(2), Some(3)]);
    }
}
