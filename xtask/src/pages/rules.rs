//! What must be true of every page.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use checker::course::Course;
use regex::Regex;

use super::{Links, Mistake, Page, Source, commands, line_of};
use crate::folders::files;

/// What is wrong with a link that leads out of the folder to other pages of the project; `None` for
/// one that does not.
pub(crate) type Elsewhere<'a> = &'a dyn Fn(&str) -> Option<Option<String>>;

/// Reads the pages in `folder`, and holds each against the rules.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn check(
    (root, course): (&Path, &Course),
    folder: &Path,
    sources: &[&Source],
    elsewhere: Elsewhere<'_>,
) -> Result<(BTreeMap<String, Page>, Vec<Mistake>)> {
    let mut pages = BTreeMap::new();
    let mut mistakes = Vec::new();
    for file in files(folder)? {
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
        mistakes.extend(of_page(
            name,
            page,
            (&links, elsewhere),
            (root, course),
            sources,
        ));
    }
    Ok((pages, mistakes))
}

fn of_page(
    name: &str,
    page: &Page,
    (links, elsewhere): (&Links<'_>, Elsewhere<'_>),
    (root, course): (&Path, &Course),
    sources: &[&Source],
) -> Vec<Mistake> {
    // A page may be made of several sources. All chapters stand on the page for printing once more.
    let of_page: Vec<&Source> = sources
        .iter()
        .copied()
        .filter(|source| source.page == name)
        .collect();
    let mistake = |written: &str, message: String| {
        let lines = of_page
            .iter()
            .map(|source| (source, line_with(source, written)));
        let place = lines.clone().find(|(_, line)| line.is_some());
        match place.or_else(|| lines.clone().next()) {
            Some((source, line)) => Mistake::new(&source.file, line, message),
            None => Mistake::new(format!("the page {name}"), None, message),
        }
    };
    let mut mistakes = Vec::new();
    for link in &page.links {
        let wrong = elsewhere(link).unwrap_or_else(|| links.wrong(name, link));
        mistakes.extend(wrong.map(|why| mistake(link, format!("the link {link}: {why}"))));
    }
    for asset in &page.assets {
        let wrong = links.wrong_asset(name, asset);
        mistakes.extend(wrong.map(|why| mistake(asset, format!("{asset}: {why}"))));
    }
    for image in &page.images_without_alt {
        mistakes.push(mistake(
            image,
            format!("the image {image} has no description for people who cannot see it: add one"),
        ));
    }
    for code in &page.code {
        for (line, why) in commands::wrong(code, root, course) {
            mistakes.push(mistake(&line, format!("`{line}`: {why}")));
        }
        if code.contains("ANCHOR") {
            mistakes.push(mistake(
                "ANCHOR",
                "the code shows anchor comments; include it by anchor".to_owned(),
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
            Mistake::new(file, Some(line), "a page must not need the network")
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
