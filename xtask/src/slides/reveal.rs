//! reveal.js from its npm package, which `slides/package-lock.json` pins with its checksum. It is
//! fetched once, and nothing of it is in the repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checker::subject::guard::Guard;

use crate::peers::reveal;

/// What the deck takes of it.
const FILES: [&str; 4] = [
    "reveal.css",
    "reveal.js",
    "plugin/highlight.js",
    "plugin/notes.js",
];

/// Puts them on a page.
pub(super) const SCRIPTS: &str = "<link rel=\"stylesheet\" href=\"reveal/reveal.css\">
<script src=\"reveal/reveal.js\"></script>
<script src=\"reveal/plugin/highlight.js\"></script>
<script src=\"reveal/plugin/notes.js\"></script>
";

/// Fetches it for the checkout at `root`, unless it is there. Without npm or network the deck is plain
/// pages, and that is told.
pub(crate) async fn fetch(root: &Path, guard: &Guard) {
    if let Err(error) = reveal::install(root, guard).await {
        eprintln!(
            "reveal.js could not be downloaded, so the deck is plain pages with notes: {error:#}"
        );
    }
}

/// Copies it into the deck. False where it was never fetched.
pub(super) fn copy(root: &Path, to: &Path) -> Result<bool> {
    let Some(from) = reveal::fetched(root) else {
        return Ok(false);
    };
    for file in FILES {
        let to: PathBuf = to.join("reveal").join(file);
        fs::create_dir_all(to.parent().unwrap_or(&to))?;
        fs::copy(from.join(file), &to).with_context(|| format!("cannot copy reveal.js' {file}"))?;
    }
    Ok(true)
}
