//! Dated copies of an exercise, under `.workshop/backups/ex3_store/`.
//!
//! They are numbered too: a clock that jumps, and two copies in one second, change nothing.
//! Nothing in here deletes one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::tree;

/// A copy of an exercise's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its number: the highest is the newest.
    pub number: u32,
    /// Its folder, `…/.workshop/backups/ex3_store/0003_2026-07-28_21-05-33`.
    pub folder: PathBuf,
}

/// The copies of one exercise.
#[derive(Debug)]
pub struct Backups {
    folder: PathBuf,
}

impl Backups {
    /// The copies of `exercise` in the checkout at `root`. Nothing is created yet.
    pub fn of(root: &Path, exercise: &str) -> Self {
        Self {
            folder: root.join(".workshop/backups").join(exercise),
        }
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    ///
    /// When their folder cannot be read.
    pub fn list(&self) -> Result<Vec<Backup>> {
        let mut backups: Vec<Backup> = self.numbered()?;
        backups.retain(|backup| backup.folder.is_dir());
        Ok(backups)
    }

    /// What has a number, oldest first.
    fn numbered(&self) -> Result<Vec<Backup>> {
        let context = || format!("cannot read {}", self.folder.display());
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(context),
        };
        let mut numbered = Vec::new();
        for entry in entries {
            let entry = entry.with_context(context)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name.split_once('_').and_then(|(n, _)| n.parse().ok());
            numbered.extend(number.map(|number| Backup {
                number,
                folder: entry.path(),
            }));
        }
        numbered.sort_by_key(|backup| backup.number);
        Ok(numbered)
    }

    /// Copies `from`. The copy is written at `scratch`, and gets its name when it is whole and
    /// on the disk: what has a name is complete.
    ///
    /// # Errors
    ///
    /// When something cannot be read or written, a full disk for instance.
    pub fn make(&self, from: &Path, scratch: &Path) -> Result<Backup> {
        let newest = self.numbered()?.last().map_or(0, |backup| backup.number);
        let number = newest.checked_add(1).context("there are too many copies")?;
        tree::copy(from, scratch)?;
        tree::make_folder(&self.folder)?;
        let now = chrono::Local::now().format("%Y-%m-%d_%H-%M-%S");
        let folder = self.folder.join(format!("{number:04}_{now}"));
        fs::rename(scratch, &folder)
            .with_context(|| format!("cannot write {}", folder.display()))?;
        tree::sync_folder(&self.folder);
        Ok(Backup { number, folder })
    }
}
