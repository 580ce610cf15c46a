//! The one folder that is read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A folder, and nothing outside of it.
pub struct Folder(PathBuf);

// ANCHOR: folder
impl Folder {
    pub fn open(path: &Path) -> Result<Self> {
        let path = path.canonicalize();
        Ok(Self(path.context("cannot open the folder of the notes")?))
    }

    /// The text at this path. `..`, absolute paths and links that lead out of the folder are
    /// refused: only after `canonicalize` does a path say where it leads.
    pub async fn read(&self, path: &str) -> Result<String, String> {
        let not_there = || format!("There is no note {path:?}.");
        let note = tokio::fs::canonicalize(self.0.join(path)).await;
        let note = note.map_err(|_| not_there())?;
        if !note.starts_with(&self.0) {
            return Err(not_there());
        }
        let text = tokio::fs::read_to_string(note).await;
        text.map_err(|_| format!("The note {path:?} cannot be read as text."))
    }
}
// ANCHOR_END: folder
