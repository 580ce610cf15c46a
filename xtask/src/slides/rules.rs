//! What must be true of the deck that needs no browser. `interop/slides.cjs` holds the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use checker::course::Course;

use super::build::Part;
use crate::pages::{Mistake, Source, id_of_words, line_of, rules};

/// What is wrong between the slides: minutes that do not add up, an id that is there twice, a file
/// that no module names.
pub(super) fn of_sources(root: &Path, parts: &[Part<'_>]) -> Result<Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    for Part {
        module,
        source,
        slides,
    } in parts
    {
        let halves: u32 = slides.iter().map(|slide| slide.halves).sum();
        if halves != module.minutes * 2 {
            let message = format!(
                "its slides take {} minutes, but course.toml gives `{}` {}",
                f64::from(halves) / 2.0,
                module.title,
                module.minutes
            );
            mistakes.push(Mistake::new(&source.file, None, message));
        }
        for slide in slides {
            if let Some(other) = ids.insert(&slide.id, &source.file) {
                let message = format!("the id {} is also in {other}", slide.id);
                let line = Some(line_of(&source.text, slide.title.start));
                mistakes.push(Mistake::new(&source.file, line, message));
            }
        }
    }
    let named: BTreeSet<&str> = parts.iter().map(|part| part.source.file.as_str()).collect();
    let folder = root.join("slides");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let file = format!("slides/{name}");
        if name.ends_with(".md") && !named.contains(file.as_str()) {
            let message = "no module in course.toml names it; add `slides` to one";
            mistakes.push(Mistake::new(file, None, message));
        }
    }
    Ok(mistakes)
}

/// What is wrong with what was built: links, images, commands, JSON.
pub(super) fn of_pages(
    root: &Path,
    folder: &Path,
    course: &Course,
    parts: &[Part<'_>],
) -> Result<Vec<Mistake>> {
    let slides = parts.iter().flat_map(|part| &part.slides);
    let ids: BTreeSet<&str> = slides.map(|slide| slide.id.as_str()).collect();
    let book = Book { root };
    let elsewhere = |link: &str| {
        if let Some(id) = link.strip_prefix("#/") {
            let wrong = format!("no slide has the id {id}");
            return Some((!ids.contains(id)).then_some(wrong));
        }
        Some(book.wrong(link.strip_prefix("../book/")?))
    };
    let sources: Vec<&Source> = parts.iter().map(|part| &part.source).collect();
    let (_, mistakes) = rules::check((root, course), folder, &sources, &elsewhere)?;
    Ok(mistakes)
}

/// The book, as it is written: it may not be built yet.
struct Book<'a> {
    root: &'a Path,
}

impl Book<'_> {
    /// What is wrong with a link to a page of it: `ex3.html#step-3-4`.
    fn wrong(&self, link: &str) -> Option<String> {
        let (page, id) = link.split_once('#').unwrap_or((link, ""));
        let source = page.strip_suffix(".html")?;
        let file = format!("book/src/{source}.md");
        let Ok(text) = fs::read_to_string(self.root.join(&file)) else {
            return Some(format!("there is no {file}"));
        };
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let is_there = id.is_empty() || headings.map(id_of).any(|of| of == id);
        (!is_there).then(|| format!("{file} has no heading with the id {id}"))
    }
}

/// The id of a heading: its own, `## Title {#id}`, or one made of its words.
fn id_of(heading: &str) -> String {
    match heading.rsplit_once("{#") {
        Some((_, own)) if heading.ends_with('}') && !own.ends_with("}}") => {
            own.trim_end_matches('}').to_owned()
        }
        _ => id_of_words(heading),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_has_its_own_id_or_one_of_its_words() {
        assert_eq!(
            id_of("## 3.4 {{#course title 3.4}} {#step-3-4}"),
            "step-3-4"
        );
        assert_eq!(id_of("## MCP Inspector, `again`"), "mcp-inspector-again");
    }
}
