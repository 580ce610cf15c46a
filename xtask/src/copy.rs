//! A copy of the checkout, to change and build in.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Copies every file that git knows, as it is now, to a folder that holds nothing else.
///
/// # Errors
///
/// When this is no checkout of git, or something cannot be written.
pub(crate) fn copy_checkout(from: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(to);
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others"])
        .arg("--exclude-standard")
        .current_dir(from)
        .output()
        .context("git cannot be started")?;
    ensure!(listed.status.success(), "this is no checkout of git");
    let names = String::from_utf8(listed.stdout)?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (old, new) = (from.join(name), to.join(name));
        if old.is_file() {
            fs::create_dir_all(new.parent().context("a file without a folder")?)?;
            fs::copy(&old, &new).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    Ok(())
}
