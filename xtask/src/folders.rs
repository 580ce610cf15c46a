//! What is done with whole folders.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

/// Copies a folder with all that is in it.
///
/// # Errors
///
/// When something cannot be read or written.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let (old, new) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_folder(&old, &new)?;
        } else {
            fs::copy(&old, &new).with_context(|| format!("cannot copy {}", old.display()))?;
        }
    }
    Ok(())
}

/// The folder, made anew.
///
/// # Errors
///
/// When it cannot be removed or made.
pub(crate) fn emptied(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// All files in a folder, by name, relative to it, with slashes.
///
/// # Errors
///
/// When a folder cannot be read, or a name is not text.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(inside) = folders.pop() {
        let path = folder.join(&inside);
        let entries =
            fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|name| anyhow!("{} is not text", name.display()))?;
            let path = format!("{inside}{name}");
            if entry.file_type()?.is_dir() {
                folders.push(path + "/");
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
