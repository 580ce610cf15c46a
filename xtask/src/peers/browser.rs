//! A browser: one that is there, or Chromium from the packages of Debian or one of its kind.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use checker::fixtures::browser::find::find;
use checker::subject::guard::Guard;

use super::packages;
use crate::guarded;

/// `cargo xtask browser`.
pub(crate) fn run() -> Result<()> {
    guarded::run(async |_, guard| {
        println!("{}", install(guard).await?.display());
        Ok(())
    })
}

/// Installs one, unless there is one.
///
/// # Errors
///
/// As `Peers::browser`.
pub(super) async fn install(guard: &Guard) -> Result<PathBuf> {
    if let Ok(found) = find() {
        return Ok(found);
    }
    let hint = "no browser is installed, and this command cannot install one. Install Chrome or Chromium, or set CHROME to one";
    packages::install(&["chromium"], hint, guard).await?;
    find().map_err(|why| anyhow!("chromium was installed, but {why}"))
}
