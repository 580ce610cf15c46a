//! `cargo xtask starters`: copies the pristine exercises to where the checker embeds them.

use std::fs;

use anyhow::{Context, Result, ensure};
use checker::tree;

pub(crate) fn run() -> Result<()> {
    let root = crate::root()?;
    let (exercises, starters) = (root.join("exercises"), root.join("checker/starters"));
    let mut copied = 0;
    let mut folders = Vec::new();
    for entry in fs::read_dir(&exercises).context("cannot read exercises/")? {
        let entry = entry?;
        // What lies beside the exercises belongs to none of them.
        if entry.file_type()?.is_dir() {
            folders.push(entry.file_name());
        }
    }
    ensure!(!folders.is_empty(), "there is nothing in exercises/");
    if starters.is_dir() {
        fs::remove_dir_all(&starters).context("cannot replace checker/starters")?;
    }
    for folder in folders {
        let (from, to) = (exercises.join(&folder), starters.join(&folder));
        tree::copy(&from, &to)?;
        copied += tree::files(&tree::read(&to)?).count();
    }
    println!("{copied} files are in checker/starters/. Commit them with the exercises");
    Ok(())
}
