//! `cargo xtask words`: no file that people read has a phrase of `banned.toml`.
//!
//! ```text
//! banned.toml   the phrases, each with its reason and what to write
//! banned.rs     finds them in a text
//! prose.rs      what of a file is prose: code, data and names are not
//! ```

mod banned;
mod prose;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use self::banned::Banned;
use crate::folders::files;
use crate::pages::{Mistake, line_of, none};

/// Blanks out all of a text that is not prose, byte for byte.
type Prose = fn(&str) -> Result<String>;

/// Single files, and how each is read.
const FILES: [(&str, Prose); 4] = [
    ("README.md", prose::markdown),
    ("CONTRIBUTING.md", prose::markdown),
    ("ARCHITECTURE.md", prose::markdown),
    ("course.toml", prose::course),
];

/// Folders, the ending of the files in them, and how each is read.
const FOLDERS: [(&str, &str, Prose); 3] = [
    ("book/src", ".md", prose::markdown),
    ("slides", ".md", prose::markdown),
    ("checker/tests", ".snap", prose::snapshot),
];

pub(crate) fn run() -> Result<()> {
    let (count, mistakes) = check(&crate::root()?)?;
    none("the wording", mistakes)?;
    println!("{count} files, no banned phrases");
    Ok(())
}

/// How many files were read, and every banned phrase in them.
fn check(root: &Path) -> Result<(usize, Vec<Mistake>)> {
    let banned = banned::read()?;
    let mut all: Vec<(String, Prose)> = Vec::new();
    all.extend(FILES.map(|(file, prose)| (file.to_owned(), prose)));
    for (folder, ending, prose) in FOLDERS {
        let before = all.len();
        let inside = files(&root.join(folder))?.into_iter();
        let inside = inside.filter(|file| file.ends_with(ending));
        all.extend(inside.map(|file| (format!("{folder}/{file}"), prose)));
        ensure!(all.len() > before, "{folder} has no file *{ending}");
    }
    let mut mistakes = Vec::new();
    for (file, prose) in &all {
        let text =
            fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        let prose = prose(&text).with_context(|| format!("cannot parse {file}"))?;
        mistakes.extend(of_prose(file, &prose, &banned));
    }
    Ok((all.len(), mistakes))
}

fn of_prose(file: &str, prose: &str, banned: &[Banned]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for one in banned {
        for (offset, found) in one.found_in(prose) {
            let Banned { why, write, .. } = one;
            let message = format!("\"{found}\": {why}; write: {write}");
            mistakes.push(Mistake::new(file, Some(line_of(prose, offset)), message));
        }
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout with files of every kind.
    fn checkout(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let at_least = [
            ("README.md", ""),
            ("CONTRIBUTING.md", ""),
            ("ARCHITECTURE.md", ""),
            ("course.toml", "title = \"A course\""),
            ("book/src/empty.md", ""),
            ("slides/empty.md", ""),
            ("checker/tests/empty.snap", ""),
        ];
        for (file, text) in at_least.iter().chain(files) {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let (_, mut mistakes) = check(checkout(files).path()).unwrap();
        mistakes.sort();
        mistakes.iter().map(Mistake::to_string).collect()
    }

    #[test]
    fn the_project_has_no_banned_phrase() {
        let root = crate::root().unwrap();
        let (count, mistakes) = check(&root).unwrap();
        none("the wording", mistakes).unwrap();
        assert!(count > 100, "only {count} files were read");
    }

    #[test]
    fn every_kind_of_file_is_looked_at() {
        const COURSE: &str = r#"
title = "Lest it rains"
[[module]]
title = "Lest it snows"
[[exercise]]
title = "Lest it hails"
[[exercise.step]]
title = "Lest it thaws"
hints = ["One.", "Two", '''
Take `one`,
lest it freezes.
''']
"#;
        let complaints = complaints(&[
            ("README.md", "# A title\n\nLest it rains."),
            ("CONTRIBUTING.md", "- an item, lest it rains"),
            ("ARCHITECTURE.md", "| a | lest it rains |\n|-|-|\n"),
            ("course.toml", COURSE),
            ("book/src/deep/page.md", "> [!NOTE]\n> Lest it rains."),
            (
                "slides/talk.md",
                "## A slide {#lest}\n\nNote:\n\nLest it rains.",
            ),
            (
                "checker/tests/it/snapshots/a.snap",
                "---\nsource: lest.rs\n---\n== lest-it-rains\n    why  Lest it rains.\n",
            ),
        ]);
        let places: Vec<_> = complaints
            .iter()
            .map(|one| one.split_once(": ").unwrap().0)
            .collect();
        assert_eq!(
            places,
            [
                "ARCHITECTURE.md:1",
                "CONTRIBUTING.md:1",
                "README.md:3",
                "book/src/deep/page.md:2",
                "checker/tests/it/snapshots/a.snap:5",
                "course.toml:2",
                "course.toml:4",
                "course.toml:6",
                "course.toml:8",
                "course.toml:11",
                "slides/talk.md:5",
            ]
        );
    }

    #[test]
    fn a_complaint_names_place_phrase_reason_and_what_to_write() {
        assert_eq!(
            complaints(&[("README.md", "One line.\nThe door Is\nto be shut.")]),
            [
                "README.md:2: \"Is to be\": it can mean must, should or will; write: the one that you mean: must be"
            ]
        );
    }

    #[test]
    fn code_and_names_are_left_alone() {
        let none: [&str; 0] = [];
        let markdown = "`lest`, ``a ` lest``, [a link](lest.md)\n\n```sh\nlest\n```\n\n    lest\n\n<b title=\"lest\">\n\nblest, lest_it, lest-it, {{#output lest-it}}";
        assert_eq!(complaints(&[("README.md", markdown)]), none);
        let course = "# lest\ntitle = \"A `lest`\"\n[[exercise]]\nid = \"lest\"\ntitle = \"B\"";
        assert_eq!(complaints(&[("course.toml", course)]), none);
        let snapshot = "---\nexpression: lest\n---\nthe tool `lest\nit`\n";
        assert_eq!(complaints(&[("checker/tests/a.snap", snapshot)]), none);
    }

    #[test]
    fn a_kind_of_file_that_is_gone_is_an_error() {
        let root = checkout(&[]);
        fs::remove_file(root.path().join("slides/empty.md")).unwrap();
        let error = check(root.path()).unwrap_err();
        assert_eq!(error.to_string(), "slides has no file *.md");
    }
}
