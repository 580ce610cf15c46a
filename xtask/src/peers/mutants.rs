//! cargo-mutants, which finds the places where a program can be changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use checker::subject::guard::Guard;
use tokio::process::Command;

use super::call::call;
use super::install::Place;

const VERSION: &str = "27.1.0";

/// How long cargo may take to build it.
const PATIENCE: Duration = Duration::from_secs(1800);

/// The program, installed.
///
/// # Errors
///
/// When cargo fails; with its words.
pub(super) async fn install(root: &Path, place: &Place, guard: &Guard) -> Result<PathBuf> {
    let folder = place
        .installed("cargo-mutants", VERSION, async |folder| {
            let mut cargo = Command::new("cargo");
            cargo
                .args(["install", "--quiet", "--locked", "cargo-mutants"])
                .args(["--version", VERSION, "--root"])
                .arg(folder)
                .current_dir(root);
            call(cargo, guard, PATIENCE).await?.ended_well()?;
            Ok(())
        })
        .await?;
    let program = folder.join("bin/cargo-mutants");
    Ok(program.with_extension(std::env::consts::EXE_EXTENSION))
}
