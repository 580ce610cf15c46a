//! The attendee's files, as text. Only what lies in `exercises/`, and nothing that may be secret.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::{DirEntry, WalkDir};

use crate::course::exercise_folder;
use crate::tree::is_of_editor;

/// No file that people write is larger.
const MAX_BYTES: u64 = 64 * 1024;

/// No exercise has more files.
const MAX_FILES: usize = 50;

/// A file of an exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// From the exercise's folder on, with slashes: `src/store.rs`.
    pub name: String,
    /// What is in it. Control characters, which an agent's terminal might obey, are left out.
    pub text: String,
}

/// The files of an exercise by name. Left out is what git would not show either: hidden files,
/// such as an `.env` with keys, what an editor keeps beside them, links, `target`, and what is no
/// text.
///
/// # Errors
///
/// When the exercise's folder cannot be read.
pub(super) fn files(root: &Path, exercise: &str) -> Result<Vec<File>> {
    let folder = root.join(exercise_folder(exercise));
    fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let entries = WalkDir::new(&folder)
        .follow_links(false)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || is_shown(entry));
    let files = entries.filter_map(|entry| file(&folder, &entry.ok()?));
    Ok(files.take(MAX_FILES).collect())
}

fn is_shown(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_hidden = name.starts_with('.') || is_of_editor(entry.file_name());
    !is_hidden && name != "target" && !entry.path_is_symlink()
}

fn file(folder: &Path, entry: &DirEntry) -> Option<File> {
    let is_small = entry.metadata().ok()?.len() <= MAX_BYTES;
    if !entry.file_type().is_file() || !is_small {
        return None;
    }
    let name = entry.path().strip_prefix(folder).ok()?.to_str()?;
    let text = fs::read_to_string(entry.path()).ok()?;
    Some(File {
        name: name.replace('\\', "/"),
        text: without_controls(&text),
    })
}

fn without_controls(text: &str) -> String {
    let is_shown = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    text.chars().filter(is_shown).collect()
}

impl File {
    /// The media type that its name tells.
    pub fn media_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("rs") => "text/x-rust",
            Some("toml") => "application/toml",
            Some("html") => "text/html",
            Some("md") => "text/markdown",
            Some("json") => "application/json",
            _ => "text/plain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_people_write_are_there_and_no_others() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("exercises/ex1_a");
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::create_dir_all(folder.join("target")).unwrap();
        fs::create_dir_all(root.path().join("elsewhere")).unwrap();
        fs::write(root.path().join("elsewhere/secret"), "secret").unwrap();
        fs::write(folder.join("src/main.rs"), "fn main() {\u{1b}[2J\n\t}\n").unwrap();
        fs::write(folder.join("Cargo.toml"), "[package]\n").unwrap();
        fs::write(folder.join("src/main.rs~"), "fn main() {}").unwrap();
        fs::write(folder.join(".env"), "OPENAI_API_KEY=secret").unwrap();
        fs::write(folder.join("target/out.txt"), "built").unwrap();
        fs::write(folder.join("picture"), [0xff, 0xfe]).unwrap();
        fs::write(folder.join("large.txt"), "x".repeat(70_000)).unwrap();
        #[cfg(unix)]
        {
            let elsewhere = root.path().join("elsewhere");
            std::os::unix::fs::symlink(&elsewhere, folder.join("link")).unwrap();
            std::os::unix::fs::symlink(elsewhere.join("secret"), folder.join("a.rs")).unwrap();
        }
        let files = files(root.path(), "ex1_a").unwrap();
        let of = |name: &str, text: &str| File {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(
            files,
            [
                of("Cargo.toml", "[package]\n"),
                of("src/main.rs", "fn main() {[2J\n\t}\n"),
            ]
        );
        assert_eq!(files[1].media_type(), "text/x-rust");
    }
}
