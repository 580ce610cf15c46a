//! Pages of Markdown → a folder of HTML, or everything that is wrong with them.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use checker::course::Course;
use mdbook_driver::MDBook;
use mdbook_driver::book::BookItem;
use mdbook_driver::config::Config;

use super::Mistake;
use super::directives::Directives;
use super::includes::{self, Outdent};
use super::source::Source;
use super::warnings::Warnings;
use super::{rules, stumbles};

/// Builds the book of the checkout at `root` into the folder `to`, and holds it to the rules.
///
/// # Errors
///
/// Every mistake, a line for each. What is wrong in the sources is told before anything is
/// written.
pub(super) fn build(root: &Path, to: &Path) -> Result<()> {
    let course = Course::load(&root.join("course.toml"))?;
    let (warnings, sources) = Warnings::collect(|| render(root, to, &course))?;
    let mut mistakes = warnings;
    mistakes.extend(rules::check(root, to, &course, &sources)?);
    none(mistakes)
}

fn render(root: &Path, to: &Path, course: &Course) -> Result<Vec<Source>> {
    let folder = root.join("book");
    let mut config = Config::from_disk(folder.join("book.toml"))?;
    config.build.build_dir = to.to_owned();
    let mut book = MDBook::load_with_config(&folder, config)?;
    let directives = Directives::new(root, course)?;

    let mut mistakes = Vec::new();
    let mut sources = Vec::new();
    book.book.for_each_mut(|item: &mut BookItem| {
        let BookItem::Chapter(chapter) = item else {
            return;
        };
        let Some(source) = Source::of(chapter) else {
            return;
        };
        mistakes.extend(includes::check(root, &source));
        match directives.expand(&source) {
            Ok(text) => chapter.content = text,
            Err(wrong) => mistakes.extend(wrong),
        }
        sources.push(source);
    });
    mistakes.extend(directives.unused());
    none(mistakes)?;

    book.with_preprocessor(Outdent);
    book.build().context("mdBook cannot build the book")?;
    stumbles::entitle(to)?;
    Ok(sources)
}

fn none(mut mistakes: Vec<Mistake>) -> Result<()> {
    mistakes.sort();
    mistakes.dedup();
    let lines: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    ensure!(
        lines.is_empty(),
        anyhow!("the book is not right yet\n{}", lines.join("\n"))
    );
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;

    /// What the book is made of, in a folder of its own, with a page `page.md` to write on.
    pub(crate) fn copy(to: &Path) {
        let root = crate::root().unwrap();
        for folder in [
            "book",
            "checker/src/checks",
            "checker/tests/snapshots",
            "exercises",
            "solutions",
        ] {
            copy_all(&root.join(folder), &to.join(folder));
        }
        for file in ["course.toml", "Cargo.lock"] {
            fs::copy(root.join(file), to.join(file)).unwrap();
        }
        let summary = to.join("book/src/SUMMARY.md");
        let pages = fs::read_to_string(&summary).unwrap();
        fs::write(summary, pages + "- [A page](page.md)\n").unwrap();
        fs::write(to.join("book/src/page.md"), "# A page\n").unwrap();
    }

    fn copy_all(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy_all(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }

    #[test]
    fn the_book_builds_and_all_that_it_names_is_there() {
        let to = tempfile::tempdir().unwrap();
        build(&crate::root().unwrap(), to.path()).unwrap();
        let page = fs::read_to_string(to.path().join("ex3.html")).unwrap();
        assert!(!page.contains("{{#"), "a directive is left");
        assert!(page.contains("A usual stumble</p>"));
        assert!(
            !page.contains("Warning</p>"),
            "a stumble is called otherwise"
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
                "the book must need no network",
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
