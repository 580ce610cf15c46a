//! The file that keeps what the attendee has passed.

use std::path::Path;

use super::Examined;
use crate::workshop::progress::ProgressFile;

/// Nothing, where it can be read or is not there yet.
pub(super) fn examine(root: &Path) -> Option<Examined> {
    let error = ProgressFile::new(root).read().err()?;
    // The outer sentence says it; the causes below are for who fixes the line.
    let trouble = Examined::trouble("progress", error.to_string());
    Some(if cfg!(windows) {
        trouble.fix(r"Remove-Item .workshop\progress.toml")
    } else {
        trouble.fix("rm .workshop/progress.toml")
    })
}
