//! Pristine copies of `exercises/`, embedded, because the attendee edits those.
//!
//! `cargo xtask starters` writes them to `checker/starters/`; a test proves the two equal.

use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

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
