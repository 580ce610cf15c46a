//! `cargo xtask bundle`: one archive for a room without a network.
//!
//! ```text
//! head.rs     the repository as git has it at HEAD, and a `.git` of that one commit
//! vendor.rs   the source of every crate, kept until Cargo.lock changes
//! extras.rs   START.txt, and the cargo settings that use the crates
//! archive.rs  folders → one .tar.gz, whole or not at all
//! ```
//!
//! It is made of what is committed. What lies around in a checkout, a half-written page or a `.env`
//! with a key, must not reach a whole room.
//!
//! **Crates for every system.** Cargo resolves `Cargo.lock` as a whole, so it wants the crates of
//! Windows on Linux too. One archive then serves every laptop in the room.
//!
//! **With a `.git`.** Attendees commit what they wrote, compare it, and `cargo checker doctor` names
//! `git checkout -- Cargo.lock` as a fix. One commit is enough for that, a few MB; the history stays
//! at home.

mod archive;
mod extras;
mod head;
mod vendor;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use checker::subject::guard::Guard;

use self::archive::{Archive, Part, megabytes};
use crate::folders::emptied;
use crate::{book, guarded, slides};

/// What the archive and the folder in it are called, before the version.
const NAME: &str = "mcp-workshop";

/// What the bundle adds at the top of the repository.
const ADDED: [&str; 3] = [extras::START, "read", "vendor"];

pub(crate) fn run() -> Result<()> {
    guarded::run(async |root, guard| make(root, guard).await.map(drop))
}

/// Makes the bundle of the checkout at `root`, and tells where it is.
///
/// # Errors
///
/// When git, cargo or the disk fail, with their words, or when the book or the deck has a mistake.
pub(crate) async fn make(root: &Path, guard: &Guard) -> Result<PathBuf> {
    let begin = Instant::now();
    let folder = root.join("target/bundle");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let _turn = turn(&folder)?;

    let tree = folder.join("tree");
    let head = head::unpack(root, &tree, guard).await?;
    println!("1/5  the repository at HEAD, {}", head.name);
    if head.uncommitted > 0 {
        println!(
            "     Warning: {} uncommitted changes are not in the bundle. To include them, commit them first.",
            head.uncommitted
        );
    }
    for name in ADDED {
        let is_there = tree.join(name).exists();
        ensure!(!is_there, "the repository has a `{name}` of its own");
    }

    println!("2/5  the crates");
    let vendored = vendor::vendor(&tree, &folder, guard).await?;

    println!("3/5  the book and the deck");
    let read = folder.join("read");
    read_only(&tree, &read, guard).await?;

    println!("4/5  a git repository of this commit");
    let git = head::repository(root, &folder.join("git"), guard).await?;
    let version = extras::add(&tree)?;

    println!("5/5  the archive");
    let name = format!("{NAME}-{version}");
    let file = root.join(format!("target/{name}.tar.gz"));
    let parts = [
        ("", tree),
        (".git", git),
        ("read", read),
        ("vendor", vendored),
    ];
    let parts = parts.map(|(at, folder)| Part { at, folder });
    let archive = Archive::new(&file, name, head.seconds)?;
    let written = archive.write(&parts).await?;

    for (part, bytes) in parts.iter().zip(&written.parts) {
        let name = if part.at.is_empty() {
            "repository"
        } else {
            part.at
        };
        println!("     {:>6}  {name}", megabytes(*bytes));
    }
    println!(
        "{}: {}, unpacked {} in {} files; {:.0} s",
        file.strip_prefix(root).unwrap_or(&file).display(),
        megabytes(written.packed),
        megabytes(written.parts.iter().sum()),
        written.files,
        begin.elapsed().as_secs_f64()
    );
    println!("`cargo interop bundle` tries it without a network.");
    Ok(file)
}

/// Keeps a second run out until it is dropped.
fn turn(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!("another `cargo xtask bundle` is running. Wait until it is done")
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock target/bundle"),
    }
}

/// Builds what attendees read. The deck links to the book as `../book/`.
async fn read_only(tree: &Path, to: &Path, guard: &Guard) -> Result<()> {
    emptied(to)?;
    book::build::build(tree, &to.join("book"))?;
    slides::fetch_reveal(tree, guard).await;
    slides::build(tree, &to.join("slides"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_at_once_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = turn(folder.path()).unwrap();
        let told = turn(folder.path()).unwrap_err().to_string();
        assert!(told.starts_with("another `cargo xtask bundle` is running"));
        drop(first);
        turn(folder.path()).unwrap();
    }
}
