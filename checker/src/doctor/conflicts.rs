//! Marks that a merge left in files, which no compiler and no TOML parser understands.

use std::fs;
use std::path::{Path, PathBuf};

use super::Examined;

const WHAT: &str = "merge";

/// Nothing, where no file has a mark.
pub(super) fn examine(root: &Path) -> Vec<Examined> {
    let mut files: Vec<PathBuf> = ["Cargo.lock", "Cargo.toml"]
        .map(|file| root.join(file))
        .into();
    files.extend(super::clock::files_of_exercises(root));
    let marked = files.into_iter().filter(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| line.starts_with("<<<<<<< "))
    });
    marked.map(|file| judge(root, &file)).collect()
}

fn judge(root: &Path, file: &Path) -> Examined {
    let file = file.strip_prefix(root).unwrap_or(file).display();
    // What the attendee wrote is theirs to merge; nobody writes a Cargo.lock.
    if file.to_string() == "Cargo.lock" {
        let found = "Cargo.lock has the conflict markers (`<<<<<<<`) of an unfinished merge";
        return Examined::trouble(WHAT, found).fix("git checkout origin/HEAD -- Cargo.lock");
    }
    let found = format!(
        "{file} has the conflict markers (`<<<<<<<`) of an unfinished merge. Keep one side at each marker, or undo the merge"
    );
    Examined::trouble(WHAT, found).fix("git merge --abort")
}
