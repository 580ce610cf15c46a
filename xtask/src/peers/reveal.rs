//! reveal.js, which the deck is made with. It is no peer, and installed as one: from npm, pinned in
//! `slides/`, once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checker::subject::guard::Guard;

use super::install::Place;
use super::node::npm_ci;

/// Its folder in `target/interop/`.
const NAME: &str = "reveal";

/// Where its package keeps what a browser reads.
const DIST: &str = "node_modules/reveal.js/dist";

/// Installs it, unless it is there.
///
/// # Errors
///
/// When there is no npm, or it fails; with its words.
pub(crate) async fn install(root: &Path, guard: &Guard) -> Result<()> {
    let pins = root.join("slides");
    let lock = pins.join("package-lock.json");
    let source =
        fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    Place::new(&root.join("target/interop"), NAME)
        .installed("reveal.js", &source, async |folder| {
            npm_ci(&pins, folder, guard).await
        })
        .await?;
    Ok(())
}

/// Its files, if it is installed.
pub(crate) fn fetched(root: &Path) -> Option<PathBuf> {
    let dist = root.join("target/interop").join(NAME).join(DIST);
    dist.join("reveal.js").is_file().then_some(dist)
}
