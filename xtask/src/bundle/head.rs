//! The repository as git has it at HEAD, and a `.git` of that one commit.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use checker::subject::guard::Guard;
use tokio::process::Command;

use super::{ADDED, extras};
use crate::folders::emptied;
use crate::peers::call;

/// Nothing here needs a network.
const PATIENCE: Duration = Duration::from_secs(120);

/// The commit that is bundled.
#[derive(Debug)]
pub(super) struct Head {
    /// Its short hash.
    pub(super) name: String,
    /// When it was made, in Unix time.
    pub(super) seconds: u64,
    /// How many files of the checkout differ from it.
    pub(super) uncommitted: usize,
}

/// Puts the files of HEAD into the folder `to`, and nothing else. A `target/` in there stays.
///
/// # Errors
///
/// When there is no git, no commit, or no space left.
pub(super) async fn unpack(root: &Path, to: &Path, guard: &Guard) -> Result<Head> {
    let asked = git(root, &["log", "-1", "--format=%h %ct"], guard).await?;
    let (name, seconds) = asked
        .trim()
        .split_once(' ')
        .context("git reports no commit")?;
    let changed = git(root, &["status", "--porcelain"], guard).await?;
    empty_but_target(to)?;
    let packed = to.with_extension("tar");
    let output = format!("--output={}", packed.display());
    // Line ends as they are committed, whatever the settings of this machine.
    let archive = ["-c", "core.autocrlf=false", "archive", "--format=tar"];
    git(root, &[&archive[..], &[&output, "HEAD"]].concat(), guard).await?;
    let file = File::open(&packed).with_context(|| format!("cannot read {}", packed.display()))?;
    tar::Archive::new(file)
        .unpack(to)
        .with_context(|| format!("cannot unpack HEAD into {}", to.display()))?;
    fs::remove_file(&packed)?;
    Ok(Head {
        name: name.to_owned(),
        seconds: seconds.parse().context("git reports no time")?,
        uncommitted: changed.lines().count(),
    })
}

/// Makes a repository of HEAD alone, and returns its `.git`.
///
/// The bundle's settings for cargo are marked as not to be looked at: otherwise `git stash` would take
/// them away, and with them the crates.
///
/// # Errors
///
/// When git fails; with its words.
pub(super) async fn repository(root: &Path, folder: &Path, guard: &Guard) -> Result<PathBuf> {
    emptied(folder)?;
    let from = root
        .to_str()
        .context("the checkout's path is not valid text")?;
    let steps: [&[&str]; 6] = [
        &["init", "--quiet", "--template=", "--initial-branch=main"],
        // As one file. Otherwise git may write each object on its own.
        &[
            "-c",
            "fetch.unpackLimit=1",
            "fetch",
            "--quiet",
            "--no-tags",
            "--depth=1",
            from,
            "HEAD",
        ],
        &["update-ref", "refs/heads/main", "FETCH_HEAD"],
        &["read-tree", "HEAD"],
        &["update-index", "--skip-worktree", extras::CONFIG],
        // Windows has no such bit: every program would seem to be changed there.
        &["config", "core.fileMode", "false"],
    ];
    for step in steps {
        git(folder, step, guard).await?;
    }
    let git = folder.join(".git");
    // They name this machine's folders and its user.
    let _ = fs::remove_file(git.join("FETCH_HEAD"));
    let _ = fs::remove_dir_all(git.join("logs"));
    fs::create_dir_all(git.join("info"))?;
    let ignored: String = ADDED.iter().map(|name| format!("/{name}\n")).collect();
    fs::write(git.join("info/exclude"), ignored).context("cannot write .git/info/exclude")?;
    Ok(git)
}

/// What git says on stdout.
async fn git(folder: &Path, arguments: &[&str], guard: &Guard) -> Result<String> {
    let mut command = Command::new("git");
    // Of this folder, whatever a hook that runs this has set.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    command.arg("-C").arg(folder).args(arguments);
    let said = call(command, guard, PATIENCE).await;
    said.and_then(crate::peers::Said::ended_well)
        .context("the bundle contains the last commit, but git failed. Is git installed, and is this a checkout with a commit?")
}

/// Empties a folder, and leaves its `target/`: reveal.js is in there.
fn empty_but_target(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == "target" {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        }
        .with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn commit(root: &Path) {
        let none = Guard::none();
        git(root, &["init", "--quiet"], &none).await.unwrap();
        fs::create_dir(root.join(".cargo")).unwrap();
        fs::write(root.join(extras::CONFIG), "[alias]\n").unwrap();
        fs::write(root.join("a.txt"), "committed\n").unwrap();
        git(root, &["add", "--all"], &none).await.unwrap();
        let commit = [
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "commit",
            "--quiet",
            "--message=One",
        ];
        git(root, &commit, &none).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_not_committed_is_counted_and_left_out() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        commit(root.path()).await;
        fs::write(root.path().join("a.txt"), "changed\n").unwrap();
        fs::write(root.path().join("key.env"), "secret\n").unwrap();
        let to = to.path().join("tree");
        fs::create_dir_all(to.join("target/kept")).unwrap();
        fs::write(to.join("of-last-time"), "").unwrap();
        let head = unpack(root.path(), &to, &Guard::none()).await.unwrap();
        assert_eq!(head.uncommitted, 2);
        assert_eq!(fs::read_to_string(to.join("a.txt")).unwrap(), "committed\n");
        assert!(to.join("target/kept").is_dir());
        assert!(!to.join("key.env").exists() && !to.join("of-last-time").exists());
    }

    #[tokio::test]
    async fn the_repository_of_the_bundle_is_clean_where_it_is_unpacked() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        commit(root.path()).await;
        let none = Guard::none();
        let made = repository(root.path(), &to.path().join("git"), &none).await;
        let made = made.unwrap();
        let words = fs::read_to_string(made.join("config")).unwrap();
        assert!(!words.contains(root.path().to_str().unwrap()), "{words}");
        let folder = made.parent().unwrap();
        unpack_beside(root.path(), folder);
        fs::create_dir(folder.join("vendor")).unwrap();
        fs::write(folder.join("vendor/crate.rs"), "").unwrap();
        fs::write(folder.join(extras::CONFIG), "[net]\noffline = true\n").unwrap();
        let status = git(folder, &["status", "--porcelain"], &none).await;
        assert_eq!(status.unwrap(), "");
        let log = git(folder, &["log", "--format=%s"], &none).await;
        assert_eq!(log.unwrap(), "One\n");
    }

    fn unpack_beside(from: &Path, to: &Path) {
        fs::create_dir(to.join(".cargo")).unwrap();
        for file in ["a.txt", extras::CONFIG] {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }

    #[tokio::test]
    async fn a_folder_without_git_is_told() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let error = unpack(root.path(), to.path(), &Guard::none()).await;
        let told = format!("{:#}", error.unwrap_err());
        assert!(told.contains("is this a checkout with a commit?"), "{told}");
        assert!(told.contains("not a git repository"), "{told}");
    }
}
