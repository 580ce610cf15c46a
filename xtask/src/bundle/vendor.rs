//! The source of every crate, as `cargo vendor` writes it, kept until a Cargo.lock changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use checker::subject::guard::Guard;
use tokio::process::Command;

use crate::peers::call;

/// The workspaces of the repository. The agent on rig is one of its own.
const LOCKS: [&str; 2] = ["Cargo.lock", "solutions/ex2_agent_rig/Cargo.lock"];
const RIG: &str = "solutions/ex2_agent_rig/Cargo.toml";

/// The only place that crates may come from. The settings of the bundle replace it alone.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Some 400 crates, over the network of a hotel.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The crates that the repository in `tree` is locked to, in a folder in `folder`.
///
/// # Errors
///
/// When cargo fails, with its words; when a crate comes from elsewhere.
pub(super) async fn vendor(tree: &Path, folder: &Path, guard: &Guard) -> Result<PathBuf> {
    let mut locks = String::new();
    for lock in LOCKS {
        let text = fs::read_to_string(tree.join(lock));
        locks += &text.with_context(|| format!("HEAD has no {lock}"))?;
    }
    elsewhere(&locks)?;
    let to = folder.join("vendor");
    let receipt = folder.join("vendored-from.txt");
    if to.is_dir() && fs::read_to_string(&receipt).is_ok_and(|from| from == locks) {
        println!("     as before: Cargo.lock has not changed");
        return Ok(to);
    }
    println!("     copying or downloading them: some seconds, or minutes the first time");
    // Only after the last crate is in its place is there a receipt again.
    let _ = fs::remove_file(&receipt);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(tree)
        .args([
            "vendor",
            "--locked",
            "--quiet",
            "--versioned-dirs",
            "--sync",
        ])
        .arg(RIG)
        .arg(&to);
    call(command, guard, PATIENCE).await?.ended_well().context(
        "cargo cannot vendor the crates. This part needs the network and 1 GB of disk space",
    )?;
    fs::write(&receipt, &locks).with_context(|| format!("cannot write {}", receipt.display()))?;
    Ok(to)
}

/// Fails where a crate comes from a git repository or another registry.
fn elsewhere(locks: &str) -> Result<()> {
    for line in locks.lines() {
        let source = line.strip_prefix("source = ");
        let is_known = source.is_none_or(|source| source.trim_matches('"') == CRATES_IO);
        ensure!(
            is_known,
            "Cargo.lock has a crate that is not from crates.io, which the bundle does not support yet: {line}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lock: &str) -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("solutions/ex2_agent_rig")).unwrap();
        for name in LOCKS {
            fs::write(tree.path().join(name), lock).unwrap();
        }
        tree
    }

    #[tokio::test]
    async fn crates_are_kept_until_the_lock_changes() {
        let (tree, folder) = (tree("# one\n"), tempfile::tempdir().unwrap());
        let vendored = folder.path().join("vendor");
        fs::create_dir(&vendored).unwrap();
        let receipt = folder.path().join("vendored-from.txt");
        fs::write(&receipt, "# one\n# one\n").unwrap();
        let again = vendor(tree.path(), folder.path(), &Guard::none()).await;
        assert_eq!(again.unwrap(), vendored);

        // There is no Cargo.toml, so cargo fails, and the receipt must be gone.
        fs::write(tree.path().join("Cargo.lock"), "# two\n").unwrap();
        let error = vendor(tree.path(), folder.path(), &Guard::none()).await;
        let told = format!("{:#}", error.unwrap_err());
        assert!(told.starts_with("cargo cannot vendor the crates"), "{told}");
        assert!(!receipt.exists());
    }

    #[test]
    fn a_crate_from_elsewhere_is_told() {
        assert!(elsewhere(&format!("name = \"a\"\nsource = \"{CRATES_IO}\"\n")).is_ok());
        let told = elsewhere("source = \"git+https://example.org/a#1\"\n").unwrap_err();
        assert!(told.to_string().ends_with("git+https://example.org/a#1\""));
    }
}
