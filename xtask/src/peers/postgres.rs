//! PostgreSQL: the one that is there, or the distribution's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checker::subject::guard::Guard;

use super::packages;

/// Debian keeps the programs of each version there: only psql is on the PATH.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The programs that are needed.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "psql"];

/// The folder with the programs, after installing what is not there.
///
/// # Errors
///
/// As `Peers::postgres`.
pub(super) async fn install(guard: &Guard) -> Result<PathBuf> {
    if let Some(folder) = find() {
        return Ok(folder);
    }
    let hint = "PostgreSQL is not installed, and this cannot install it";
    packages::install(&["postgresql"], hint, guard).await?;
    find().context("PostgreSQL was installed, and is not there")
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path);
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    // The newest first. What is on the PATH may be links to a few of the programs.
    folders.reverse();
    folders
        .into_iter()
        .chain(path)
        .find(|folder| has_all(folder))
}

fn has_all(folder: &Path) -> bool {
    PROGRAMS
        .iter()
        .all(|program| folder.join(program).is_file())
}
