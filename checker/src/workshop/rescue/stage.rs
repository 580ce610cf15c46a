//! What an exercise becomes, written beside it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Backups, Source, starters, tree};
use crate::course::Exercise;

/// The path, in an exercise's folder, of what cargo knows it by.
const MANIFEST: &str = "Cargo.toml";
const SETTINGS: &str = ".vscode";

/// Writes what `source` has for `exercise` to the folder `new`, which is not there yet.
///
/// # Errors
///
/// When there is no such thing, or it cannot be written.
pub fn stage(root: &Path, exercise: &Exercise, source: Source, new: &Path) -> Result<()> {
    match source {
        Source::Starter => write_starter(exercise, new, |_| true),
        Source::Solution => {
            let solution = exercise.solution();
            let path = solution.display();
            ensure!(
                root.join(&solution).join(MANIFEST).is_file(),
                "{path} is missing, and `git checkout -- {path}` brings it back"
            );
            tree::copy(&root.join(&solution), new)?;
            // Editors read the settings at the workshop's root, and those are the attendee's.
            if new.join(SETTINGS).exists() {
                fs::remove_dir_all(new.join(SETTINGS)).context("cannot leave the settings out")?;
            }
            // What is no source is the starter's: the manifest, which has the exercise's name,
            // and files such as `.env.example`.
            fs::remove_file(new.join(MANIFEST)).context("cannot write the manifest")?;
            write_starter(exercise, new, |path| !path.starts_with("src"))
        }
        Source::Backup(number) => {
            let backups = Backups::of(root, &exercise.id).list()?;
            let backup = backups.into_iter().find(|backup| backup.number == number);
            let backup = backup.with_context(|| format!("{} has no copy {number}", exercise.id))?;
            tree::copy(&backup.folder, new)
        }
    }
}

fn write_starter(exercise: &Exercise, new: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<()> {
    let starter = starters::files(&exercise.id);
    let id = &exercise.id;
    ensure!(!starter.is_empty(), "this checker has no starter of {id}");
    for (path, mut bytes) in starter.into_iter().filter(|(path, _)| is_wanted(path)) {
        let path = new.join(path);
        tree::make_folder(path.parent().unwrap_or(new))?;
        tree::write(&path, &mut bytes, None)?;
    }
    Ok(())
}
