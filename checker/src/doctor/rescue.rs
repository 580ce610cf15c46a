//! A reset, a catch-up or a restore that was cut off in the middle.

use std::path::Path;

use super::Examined;
use crate::workshop::rescue::Rescue;

const WHAT: &str = "rescue";

/// Nothing, where none was.
pub(super) fn examine(root: &Path) -> Option<Examined> {
    match Rescue::unfinished(root) {
        Ok(None) => None,
        Ok(Some((exercise, verb))) => {
            let found = format!(
                "a {verb} of {exercise} was interrupted, and replaced only some files. Any other command finishes it"
            );
            Some(Examined::trouble(WHAT, found).fix("cargo checker list"))
        }
        Err(error) => {
            let found = format!(
                "{error:#}. This file lists the files to replace. Their old versions are in .workshop/backups"
            );
            let trouble = Examined::trouble(WHAT, found);
            Some(if cfg!(windows) {
                trouble.fix(r"Remove-Item .workshop\rescue\journal.toml")
            } else {
                trouble.fix("rm .workshop/rescue/journal.toml")
            })
        }
    }
}
