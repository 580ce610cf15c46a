//! All modules → a folder with the deck and a handout, or everything that is wrong with them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use checker::course::{Course, Module};

use super::deck::{Slide, slides};
use super::pieces::Pieces;
use super::render::{Texts, section};
use super::{reveal, rules};
use crate::folders::{copy_folder, emptied};
use crate::pages::directives::expand;
use crate::pages::{Mistake, Source, line_of, none};

/// A part of the agenda with its slides.
pub(super) struct Part<'a> {
    pub(super) module: &'a Module,
    pub(super) source: Source,
    pub(super) slides: Vec<Slide>,
}

/// Builds the deck of the checkout at `root` into the folder `to`, and holds it to the rules.
///
/// # Errors
///
/// Every mistake, a line for each. What is wrong in the sources is told before anything is
/// written.
pub(crate) fn build(root: &Path, to: &Path) -> Result<()> {
    let course = Course::load(&root.join("course.toml"))?;
    let (parts, mut mistakes) = read(root, &course)?;
    mistakes.extend(rules::of_sources(root, &parts)?);
    none("the deck", mistakes)?;
    let sections = render(root, &course, &parts)?;

    emptied(to)?;
    copy_assets(root, to)?;
    let page = page(root, &course, &sections)?;
    let has_reveal = reveal::copy(root, to)?;
    let page = page.replace(
        "<!-- SCRIPTS -->",
        if has_reveal { reveal::SCRIPTS } else { "" },
    );
    let plain = page
        .replace("<html ", "<html data-plain ")
        .replace(reveal::SCRIPTS, "");
    let deck = if has_reveal { &page } else { &plain };
    fs::write(to.join("index.html"), deck).context("cannot write the deck")?;
    none("the deck", rules::of_pages(root, to, &course, &parts)?)?;
    fs::write(to.join("handout.html"), &plain).context("cannot write the handout")?;
    Ok(())
}

/// The slides of each part of the agenda.
fn read<'a>(root: &Path, course: &'a Course) -> Result<(Vec<Part<'a>>, Vec<Mistake>)> {
    let mut parts = Vec::new();
    let mut mistakes = Vec::new();
    for module in &course.modules {
        let Some(slides_of) = &module.slides else {
            let message = format!(
                "the module `{}` has no slides; add the file's name",
                module.title
            );
            mistakes.push(Mistake::new("course.toml", None, message));
            continue;
        };
        let file = format!("slides/{}", slides_of.display());
        let text = match fs::read_to_string(root.join(&file)) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(error) => {
                let message = format!("the slides of `{}` cannot be read: {error}", module.title);
                mistakes.push(Mistake::new(file, None, message));
                continue;
            }
        };
        let source = Source {
            file,
            name: module.title.clone(),
            page: "index.html".to_owned(),
            text,
        };
        let (slides, wrong) = slides(&source);
        mistakes.extend(wrong);
        parts.push(Part {
            module,
            source,
            slides,
        });
    }
    Ok((parts, mistakes))
}

/// A stack of slides for each part.
fn render(root: &Path, course: &Course, parts: &[Part<'_>]) -> Result<String> {
    let openings = parts.iter().filter_map(|part| {
        let first = part.slides.first()?;
        Some((part.module, first.id.clone()))
    });
    let pieces = Pieces::new(root, course, openings.collect())?;
    let mut mistakes = Vec::new();
    let mut out = String::new();
    for Part { source, slides, .. } in parts {
        out += "<section>\n";
        for slide in slides {
            let mut text = |range: &std::ops::Range<usize>| {
                let expanded = expand(&source.text[range.clone()], |directive| {
                    Some(pieces.piece(directive, slide))
                });
                expanded.unwrap_or_else(|wrong| {
                    let wrong = wrong
                        .into_iter()
                        .map(|one| one.in_part(source, range.start));
                    mistakes.extend(wrong);
                    String::new()
                })
            };
            let texts = Texts {
                title: text(&slide.title),
                body: text(&slide.body),
                notes: text(&slide.notes),
            };
            match section(slide, &texts, root) {
                Ok(section) => out += &section,
                Err(wrong) => {
                    let line = Some(line_of(&source.text, slide.title.start));
                    mistakes.extend(
                        wrong
                            .into_iter()
                            .map(|why| Mistake::new(&source.file, line, why)),
                    );
                }
            }
        }
        out += "</section>\n";
    }
    none("the deck", mistakes)?;
    Ok(out)
}

/// `slides/deck.html` with the slides in it.
fn page(root: &Path, course: &Course, sections: &str) -> Result<String> {
    let path = root.join("slides/deck.html");
    let frame =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for place in [
        "<html ",
        "<!-- TITLE -->",
        "<!-- SLIDES -->",
        "<!-- SCRIPTS -->",
    ] {
        ensure!(frame.contains(place), "slides/deck.html has no `{place}`");
    }
    let total = course.minutes() * 60;
    Ok(frame
        .replace("<!-- TITLE -->", &course.title)
        .replace("\"TOTAL\"", &total.to_string())
        .replace("<!-- SLIDES -->", sections))
}

/// Copies the files that the pages fetch: styles, scripts, and the book's pictures.
fn copy_assets(root: &Path, to: &Path) -> Result<()> {
    let files = [
        ("slides/deck.css", "deck.css"),
        ("slides/deck.js", "deck.js"),
        ("book/workshop.css", "workshop.css"),
    ];
    for (from, name) in files {
        fs::copy(root.join(from), to.join(name)).with_context(|| format!("cannot copy {from}"))?;
    }
    copy_folder(&root.join("book/src/pictures"), &to.join("pictures"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::build::tests::copy;

    #[test]
    fn the_deck_builds_and_all_that_it_names_is_there() {
        let to = tempfile::tempdir().unwrap();
        build(&crate::root().unwrap(), to.path()).unwrap();
        for name in ["index.html", "handout.html"] {
            let page = fs::read_to_string(to.path().join(name)).unwrap();
            assert!(!page.contains("{{#"), "a directive is left in {name}");
            assert!(
                page.contains("<aside class=\"notes\">"),
                "{name} has no notes"
            );
        }
    }

    #[test]
    fn without_reveal_js_it_is_plain_pages() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        copy(root.path());
        build(root.path(), to.path()).unwrap();
        let page = fs::read_to_string(to.path().join("index.html")).unwrap();
        assert!(
            page.contains("<html data-plain "),
            "it is not marked as plain"
        );
        assert!(
            !page.contains("reveal/"),
            "it names files that do not exist"
        );
    }

    #[test]
    fn each_mistake_of_a_deck_is_told_with_its_line() {
        let mistakes = [
            (
                "{{#course agneda}}",
                "{{#course agneda}} is unknown; expected agenda",
            ),
            (
                "{{#course exercise ex9}}",
                "names `ex9`, and course.toml has no such exercise",
            ),
            ("so {{#course agenda}}", "stands on a line of its own"),
            ("{{#output nothing}}", "names no output"),
            (
                "{{#output untouched 5-400}}",
                "names the lines 5-400, but `untouched` has",
            ),
            (
                "{{#output after-3-1}}",
                "fit on a slide; name those to show",
            ),
            (
                "{{#diagram none}}",
                "cannot show book/src/diagrams/none.svg",
            ),
            (
                "{{#diagram sign-in 300-9000}}",
                "high, so it has no part 300-9000",
            ),
            (
                "{{#tilte a}}",
                "is unknown; expected course, diagram, include or output",
            ),
            (
                "{{#include ../solutions/hello_mcp/src/main.rs:tolo}}",
                "has no anchor `tolo`",
            ),
            (
                "{{#include ../solutions/hello_mcp/src/none.rs:a}}",
                "cannot include",
            ),
            ("![a](none.png)", "none.png: there is no none.png"),
            (
                "![a](https://example.org/a.png)",
                "a page must not need the network",
            ),
            ("[a](#/nowhere)", "no slide has the id nowhere"),
            (
                "[a](../book/nowhere.html)",
                "there is no book/src/nowhere.md",
            ),
            (
                "[a](../book/ex3.html#nowhere)",
                "book/src/ex3.md has no heading with the id nowhere",
            ),
            ("`cargo checker chek`", "unrecognized subcommand 'chek'"),
            (
                "{{#diagram apps 100-200}}",
                "apps.svg has no row of names to show above the part 100-200",
            ),
        ];
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        copy(root.path());
        let file = root.path().join("slides/break.md");
        let good = fs::read_to_string(&file).unwrap();
        let (head, rest) = good.split_once("\n\n").unwrap();
        for (bad, said) in mistakes {
            fs::write(&file, format!("{head}\n\n{bad}\n\n{rest}")).unwrap();
            let told = build(root.path(), to.path()).unwrap_err().to_string();
            assert!(told.contains(said), "{bad}: {told}");
            assert!(told.contains("slides/break.md:3: "), "{bad}: {told}");
        }
        // What a slide looks like is told with the line of its heading.
        let long = format!("```text\n{}```", "line\n".repeat(30));
        let pictures = "![](../book/src/pictures/play-light.webp)";
        for (bad, said) in [
            (
                pictures,
                "has no description for people who cannot see it: add one",
            ),
            (long.as_str(), "has 30 lines, but only 18 fit on a slide"),
        ] {
            fs::write(&file, format!("{head}\n\n{bad}\n\n{rest}")).unwrap();
            let told = build(root.path(), to.path()).unwrap_err().to_string();
            assert!(told.contains(said), "{bad}: {told}");
            assert!(told.contains("slides/break.md:1: "), "{bad}: {told}");
        }
    }

    #[test]
    fn minutes_that_do_not_add_up_and_files_that_nobody_names_are_told() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        copy(root.path());
        let path = |name: &str| root.path().join(name);
        let change = |name: &str, from: &str, with: &str| {
            let text = fs::read_to_string(path(name)).unwrap();
            assert!(text.contains(from), "{name} has no {from}");
            fs::write(path(name), text.replacen(from, with, 1)).unwrap();
        };
        change(
            "course.toml",
            "title = \"Break\"\nminutes = 20",
            "title = \"Break\"\nminutes = 21",
        );
        change("course.toml", "slides = \"ex1.md\"\n", "");
        change("course.toml", "slides = \"ex3.md\"", "slides = \"ex33.md\"");
        let told = build(root.path(), to.path()).unwrap_err().to_string();
        for said in [
            "slides/break.md: its slides take 20 minutes, but course.toml gives `Break` 21",
            "course.toml: the module `Exercise 1: Connect to servers` has no slides; add the file's name",
            "slides/ex33.md: the slides of `Exercise 3: Build a product store` cannot be read",
            "slides/ex1.md: no module in course.toml names it; add `slides` to one",
        ] {
            assert!(told.contains(said), "{said}: {told}");
        }
    }
}
