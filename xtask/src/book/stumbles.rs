//! The title of a usual stumble, `> [!WARNING]`. mdBook calls it *Warning*, which says that
//! something bad will happen; what stands there is what happens to most.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The title as mdBook writes it: a drawing, and a word.
const BY_MDBOOK: &str = "</svg>Warning</p>";
const OURS: &str = "</svg>A usual stumble</p>";

/// Gives the call-outs their title, in all pages of the folder.
///
/// # Errors
///
/// When a page cannot be read or written.
pub(super) fn entitle(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let context = || format!("cannot change {}", path.display());
        let page = fs::read_to_string(&path).with_context(context)?;
        if page.contains(BY_MDBOOK) {
            fs::write(&path, page.replace(BY_MDBOOK, OURS)).with_context(context)?;
        }
    }
    Ok(())
}
