//! Pages of Markdown → a folder of HTML, or everything that is wrong with them.

use std::path::Path;

use anyhow::{Context, Result};
use checker::course::Course;
use mdbook_driver::MDBook;
use mdbook_driver::book::{BookItem, Chapter};
use mdbook_driver::config::Config;

use super::directives::Directives;
use super::outdent::Outdent;
use super::translation::{self, Translation};
use super::warnings::Warnings;
use super::{callouts, rules};
use crate::pages::{Source, includes, none};

/// Builds the book of the checkout at `root` into the folder `to`, each translation of it into a folder
/// in there, and holds them to the rules. `messages.pot` in there has the texts that can be translated.
///
/// # Errors
///
/// Every mistake, a line for each. What is wrong in the sources is told before anything is
/// written.
pub(crate) fn build(root: &Path, to: &Path) -> Result<()> {
    let course = Course::load(&root.join("course.toml"))?;
    english(root, to, &course)?;
    let (mut translations, behind) = translation::read(root, to)?;
    for translation in &mut translations {
        translated(root, to, &course, translation)?;
    }
    translation::link(to, &translations)?;
    none("the translation", behind)
}

/// The same without the translations, while somebody writes: it takes a quarter of the time.
///
/// # Errors
///
/// As [`build`].
pub(crate) fn build_english(root: &Path, to: &Path) -> Result<()> {
    english(root, to, &Course::load(&root.join("course.toml"))?)
}

fn english(root: &Path, to: &Path, course: &Course) -> Result<()> {
    let (warnings, sources) = Warnings::collect(|| render(root, to, course, None))?;
    let mut mistakes = warnings;
    mistakes.extend(rules::check(root, to, course, &sources)?);
    none("the book", mistakes)
}

/// Builds a translation. What is wrong with it is wrong in its texts: the English book is right.
fn translated(
    root: &Path,
    to: &Path,
    course: &Course,
    translation: &mut Translation,
) -> Result<()> {
    let file = translation.language.file();
    let to = to.join(&translation.language.code);
    let (mut mistakes, sources) =
        Warnings::collect(|| render(root, &to, course, Some(translation)))?;
    mistakes.extend(rules::of_translation(root, &to, course, &sources)?);
    for mistake in &mut mistakes {
        mistake.message = format!("as {file} translates it: {}", mistake.message);
    }
    none("the translation", mistakes)
}

fn render(
    root: &Path,
    to: &Path,
    course: &Course,
    translation: Option<&mut Translation>,
) -> Result<Vec<Source>> {
    let folder = root.join("book");
    let mut config = Config::from_disk(folder.join("book.toml"))?;
    config.build.build_dir = to.to_owned();
    let mut book = MDBook::load_with_config(&folder, config)?;
    let language = match translation {
        Some(translation) => {
            translation.apply(&mut book)?;
            Some(&translation.language)
        }
        None => None,
    };
    let directives = Directives::new(root, course)?;

    let mut mistakes = Vec::new();
    let mut sources = Vec::new();
    book.book.for_each_mut(|item: &mut BookItem| {
        let BookItem::Chapter(chapter) = item else {
            return;
        };
        let Some(source) = source(chapter) else {
            return;
        };
        mistakes.extend(includes::check(root, &source));
        match directives.expand(&source) {
            Ok(text) => chapter.content = text,
            Err(wrong) => mistakes.extend(wrong),
        }
        sources.push(source);
    });
    if language.is_none() {
        mistakes.extend(directives.unused());
    }
    none("the book", mistakes)?;

    book.with_preprocessor(Outdent);
    book.build().context("mdBook cannot build the book")?;
    if let Some(language) = language {
        let first = sources.first().map(|source| source.page.clone());
        let is_translated = |page: &str| match (page, &first) {
            ("index.html", Some(first)) => language.has_page(first),
            _ => language.has_page(page),
        };
        callouts::entitle(to, &language.callouts, is_translated)?;
    }
    callouts::entitle(to, &callouts::ours(), |_| true)?;
    Ok(sources)
}

/// `None` for a chapter that has no page yet.
fn source(chapter: &Chapter) -> Option<Source> {
    let path = chapter.source_path.as_ref()?;
    let slashes = |path: &Path| path.to_string_lossy().replace('\\', "/");
    Some(Source {
        file: format!("book/src/{}", slashes(path)),
        name: chapter.name.clone(),
        page: slashes(&path.with_extension("html")),
        text: chapter.content.replace("\r\n", "\n"),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;
    use crate::folders::copy_folder;

    /// What book and deck are made of, in a folder of its own, with a page `page.md` to write on. In
    /// English only: nobody has translated that page's title.
    pub(crate) fn copy(to: &Path) {
        let root = crate::root().unwrap();
        for folder in [
            "book",
            "checker/src/checks",
            "checker/tests/snapshots",
            "deploy",
            "evals",
            "exercises",
            "interop",
            "slides",
            "solutions",
        ] {
            copy_folder(&root.join(folder), &to.join(folder)).unwrap();
        }
        for file in ["course.toml", "Cargo.lock"] {
            fs::copy(root.join(file), to.join(file)).unwrap();
        }
        let summary = to.join("book/src/SUMMARY.md");
        let pages = fs::read_to_string(&summary).unwrap();
        fs::write(summary, pages + "- [A page](page.md)\n").unwrap();
        fs::write(to.join("book/src/page.md"), "# A page\n").unwrap();
        fs::remove_file(to.join("book/languages.toml")).unwrap();
        fs::remove_dir_all(to.join("book/po")).unwrap();
    }

    #[test]
    fn the_book_builds_and_all_that_it_names_is_there() {
        let to = tempfile::tempdir().unwrap();
        build(&crate::root().unwrap(), to.path()).unwrap();
        let page = fs::read_to_string(to.path().join("ex3.html")).unwrap();
        assert!(!page.contains("{{#"), "a directive is left");
        assert!(page.contains("A common mistake</p>"));
        assert!(
            !page.contains("Warning</p>"),
            "a common mistake has another title"
        );
    }

    #[test]
    fn each_mistake_of_a_page_is_told_with_its_line() {
        let mistakes = [
            (
                "{{#course title 3.44}}",
                "3.44}} names `3.44`, and course.toml has no such step",
            ),
            (
                "{{#course minutes ex9}}",
                "names `ex9`, and course.toml has no such exercise",
            ),
            (
                "{{#course minutes ex2}}",
                "names `ex2_agent`, which has no minutes of its own",
            ),
            (
                "{{#course hint 3.4}}",
                "is unknown; expected title, minutes, agenda, steps, hints or contract",
            ),
            ("{{#course contract 3.4}}", "names no contract"),
            ("so {{#course hints 3.4}}", "stands on a line of its own"),
            (
                "{{#output nothing}}",
                "names no output; add `nothing` to book/outputs.toml",
            ),
            (
                "{{#inlcude a.rs}}",
                "is unknown; expected course, output or include",
            ),
            ("{{#include none.rs}}", "cannot include none.rs"),
            (
                "{{#include ../../solutions/ex3_store/src/main.rs:step_3_9}}",
                "has no anchor `step_3_9`",
            ),
            (
                "[a](nowhere.md)",
                "the link nowhere.html: there is no nowhere.html",
            ),
            (
                "[a](ex3.md#step-3-44)",
                "ex3.html has no heading or id `step-3-44`",
            ),
            (
                "[a](https://docs.rs/no-such-crate)",
                "the crate no-such-crate is not in Cargo.lock",
            ),
            ("![a picture](none.png)", "none.png: there is no none.png"),
            (
                "![](https://example.org/a.png)",
                "a page must not need the network",
            ),
            (
                "```sh\ncargo checker chek\n```",
                "`cargo checker chek`: unrecognized subcommand 'chek'",
            ),
            ("Say `cargo checker hint 3.44`.", "course.toml has no 3.44"),
            (
                "```json\n{\"a\": [1, 2,]}\n```",
                "the JSON that begins with `{\"a\": [1, 2,]}` does not parse: expected value",
            ),
            ("<details>", "unclosed HTML tag `<details>`"),
        ];
        let root = tempfile::tempdir().unwrap();
        copy(root.path());
        let to = tempfile::tempdir().unwrap();
        let page = root.path().join("book/src/page.md");
        for (bad, said) in mistakes {
            fs::write(&page, format!("# A page\n\nGood.\n\n{bad}\n")).unwrap();
            let told = build(root.path(), to.path()).unwrap_err().to_string();
            assert!(told.contains(said), "{bad}: {told}");
            let line = if bad.starts_with("```") { 6 } else { 5 };
            let of_mdbook = bad.starts_with('<');
            let place = format!("book/src/page.md:{line}: ");
            assert!(of_mdbook || told.contains(&place), "{bad}: {told}");
        }
    }

    #[test]
    fn a_translated_page_is_german_and_its_directives_work() {
        let to = tempfile::tempdir().unwrap();
        build(&crate::root().unwrap(), to.path()).unwrap();
        let read = |page| fs::read_to_string(to.path().join(page)).unwrap();
        let (english, german) = (read("start.html"), read("de/start.html"));
        assert!(
            english.contains("<a href=\"de/start.html\" hreflang=\"de\" lang=\"de\">Deutsch</a>")
        );
        assert!(
            german.contains("<a href=\"../start.html\" hreflang=\"en\" lang=\"en\">English</a>")
        );
        assert!(german.contains("<html lang=\"de\""));
        assert!(!german.contains("{{#") && !german.contains("shield"));
        // Terminals and call-outs are as they are in English.
        for of_both in ["class=\"terminal\"", "blockquote-tag-note"] {
            let count = |page: &str| page.matches(of_both).count();
            assert!(count(&english) > 0, "{of_both}");
            assert_eq!(count(&english), count(&german), "{of_both}");
        }
        // A page that nobody translated is the English one.
        let main = |page: &str| {
            let (_, main) = page.split_once("<main>").unwrap();
            main.split_once("</main>").unwrap().0.to_owned()
        };
        assert_eq!(main(&read("ex5.html")), main(&read("de/ex5.html")));
    }

    #[test]
    fn a_translation_that_lags_behind_is_told_with_its_line_and_the_fix() {
        let root = tempfile::tempdir().unwrap();
        copy(root.path());
        let to = tempfile::tempdir().unwrap();
        let page = root.path().join("book/src/start.md");
        let text = fs::read_to_string(&page).unwrap();
        let changed = text.replace("You need everyday Rust:", "You need some Rust:");
        assert_ne!(text, changed);
        fs::write(&page, changed).unwrap();
        let ours = crate::root().unwrap();
        fs::create_dir(root.path().join("book/po")).unwrap();
        for file in ["languages.toml", "po/de.po", "src/SUMMARY.md"] {
            let file = Path::new("book").join(file);
            fs::copy(ours.join(&file), root.path().join(&file)).unwrap();
        }

        let told = build(root.path(), to.path()).unwrap_err().to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 3, "{told}");
        assert!(lines[1].starts_with("book/po/de.po:"), "{told}");
        assert!(
            lines[1].contains("no page contains “You need everyday Rust:"),
            "{told}"
        );
        assert!(
            lines[2].starts_with("book/src/start.md:8: book/po/de.po does not have"),
            "{told}"
        );
        assert!(lines[2].contains("run `cargo xtask book merge`"), "{told}");

        translation::merge::run(root.path()).unwrap();
        let told = build(root.path(), to.path()).unwrap_err().to_string();
        assert_eq!(told.lines().count(), 2, "{told}");
        assert!(told.contains("remove the line `#, fuzzy`"), "{told}");
    }

    #[test]
    fn a_step_without_its_heading_is_told() {
        let root = tempfile::tempdir().unwrap();
        copy(root.path());
        let page = root.path().join("book/src/ex3.md");
        let text = fs::read_to_string(&page).unwrap();
        fs::write(&page, text.replace("{#step-3-4}", "{#step-3-44}")).unwrap();
        let to = tempfile::tempdir().unwrap();
        let told = build(root.path(), to.path()).unwrap_err().to_string();
        let said = "ex3.html has no heading `## 3.4 {{#course title 3.4}} {#step-3-4}`";
        assert!(told.contains(said), "{told}");
    }
}
