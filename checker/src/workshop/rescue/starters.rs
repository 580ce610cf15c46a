//! Pristine copies of `exercises/`, embedded, because the attendee edits those.
//!
//! `cargo xtask starters` writes them to `checker/starters/`; a test proves the two equal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use include_dir::{Dir, DirEntry, include_dir};

use crate::tree::{self, Kind};

static STARTERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starters");

/// The files of an exercise's starter, by their path in its folder. None for an exercise that
/// has no starter yet.
pub fn files(exercise: &str) -> Vec<(&'static Path, &'static [u8])> {
    let mut files = Vec::new();
    if let Some(folder) = STARTERS.get_dir(exercise) {
        collect(folder, folder.path(), &mut files);
    }
    files
}

/// Whether an exercise's folder is its starter, file by file.
///
/// # Errors
///
/// When a file cannot be read.
pub fn is_untouched(folder: &Path, exercise: &str) -> Result<bool> {
    let starter: BTreeMap<&Path, &[u8]> = files(exercise).into_iter().collect();
    let tree = tree::read(folder)?;
    let mut there = 0;
    for (path, kind) in &tree {
        match kind {
            Kind::Folder => continue,
            // It may lead to a folder, or nowhere, and a starter has none.
            Kind::Link => return Ok(false),
            Kind::File => {}
        }
        let bytes = fs::read(folder.join(path))
            .with_context(|| format!("cannot read {}", folder.join(path).display()))?;
        if starter.get(path.as_path()) != Some(&bytes.as_slice()) {
            return Ok(false);
        }
        there += 1;
    }
    Ok(there == starter.len())
}

fn collect(
    folder: &'static Dir<'static>,
    root: &Path,
    files: &mut Vec<(&'static Path, &'static [u8])>,
) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, root, files),
            DirEntry::File(file) => {
                let path = file.path();
                files.push((path.strip_prefix(root).unwrap_or(path), file.contents()));
            }
        }
    }
}
