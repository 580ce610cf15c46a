//! The note of a replacement that has begun: `.workshop/rescue/journal.toml`.
//!
//! It is there from the moment in which all copies are on the disk until the last file is in
//! its place. Who finds it, and holds the lock, finds a replacement that was cut off.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::Source;
use crate::tree::{is_nothing, sync_folder};

/// A replacement that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// The exercise that is replaced.
    pub exercise: String,
    /// What it becomes.
    pub source: Source,
    /// The number of the copy of what it was; none, where nothing was there.
    pub backup: Option<u32>,
}

impl Journal {
    fn path(folder: &Path) -> PathBuf {
        folder.join("journal.toml")
    }

    /// The note in this folder, if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = Self::path(folder);
        let context = || format!("cannot read {}", path.display());
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(toml::from_str(&text).with_context(context)?)),
            Err(error) if is_nothing(&error) => Ok(None),
            Err(error) => Err(error).with_context(context),
        }
    }

    /// Puts the note on the disk, by way of a file in `scratch`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, folder: &Path, scratch: &Path) -> Result<()> {
        let path = Self::path(folder);
        let text = toml::to_string(self)?;
        let written = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(scratch)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync_folder(folder);
            Ok(())
        };
        written().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Takes the note away.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn remove(folder: &Path) -> Result<()> {
        let path = Self::path(folder);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        sync_folder(folder);
        Ok(())
    }
}
