//! The titles of call-outs. mdBook calls `> [!WARNING]` *Warning*, which says that something bad will
//! happen; what stands there is what happens to most. A translation has titles of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// mdBook's titles that are others here.
pub(super) fn ours() -> BTreeMap<String, String> {
    BTreeMap::from([("Warning".to_owned(), "A common mistake".to_owned())])
}

/// Gives the call-outs their title, in the pages of the folder that are `wanted`.
///
/// # Errors
///
/// When a page cannot be read or written.
pub(super) fn entitle(
    folder: &Path,
    titles: &BTreeMap<String, String>,
    wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.ends_with(".html") || !wanted(&name) {
            continue;
        }
        let context = || format!("cannot change {}", path.display());
        let page = fs::read_to_string(&path).with_context(context)?;
        let mut entitled = page.clone();
        for (of_mdbook, title) in titles {
            // As mdBook writes it: a drawing, and a word.
            let (from, to) = [of_mdbook, title]
                .map(|word| format!("</svg>{word}</p>"))
                .into();
            entitled = entitled.replace(&from, &to);
        }
        if entitled != page {
            fs::write(&path, entitled).with_context(context)?;
        }
    }
    Ok(())
}
