//! Folders of files: what they hold, how they differ, and copies that are on the disk.
//!
//! A `target/` at the top is cargo's, what an editor keeps beside an open file is the editor's
//! ([`is_of_editor`]), and what is neither a file, a link nor a folder (a socket) holds nothing.
//! None of these is seen here, so none is copied or taken away.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::{DirEntry, WalkDir};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A symbolic link, to anything or nothing. It is never followed.
    Link,
}

/// What a folder holds, by the path in it, parents first.
pub type Tree = BTreeMap<PathBuf, Kind>;

/// What happens to a file where one folder takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in both, and differs.
    Replaced,
    /// It is in the new one alone.
    Added,
    /// It is in the old one alone.
    Removed,
}

/// Whether permissions count where files are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// A file that may be executed differs from one that may not.
    Count,
    /// Files with the same bytes are the same.
    Ignored,
}

/// Reads what `folder` holds; nothing, if it is not there.
///
/// # Errors
///
/// When a folder in it cannot be read.
pub fn read(folder: &Path) -> Result<Tree> {
    let mut tree = Tree::new();
    if !folder.exists() {
        return Ok(tree);
    }
    let is_target = |entry: &DirEntry| {
        entry.depth() == 1 && entry.file_name() == "target" && entry.file_type().is_dir()
    };
    let is_seen = |entry: &DirEntry| !is_target(entry) && !is_of_editor(entry.file_name());
    let walk = WalkDir::new(folder).min_depth(1).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(is_seen) {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        let kind = match entry.file_type() {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_file() => Kind::File,
            _ => continue,
        };
        let path = entry.path().strip_prefix(folder)?;
        tree.insert(path.to_owned(), kind);
    }
    Ok(tree)
}

/// Whether a file of this name is what an editor keeps beside one that is open: Emacs' lock
/// `.#store.rs`, a link to nothing, its `#store.rs#`, the `.store.rs.swp` and `4913` of Vim, and
/// copies such as `store.rs~`.
pub fn is_of_editor(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_swap = || {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        name.starts_with('.') && matches!(extension, Some("swp" | "swo" | "swx"))
    };
    name.ends_with('~')
        || name.starts_with(".#")
        || (name.starts_with('#') && name.ends_with('#'))
        || name == "4913"
        || is_swap()
}

/// What happens to each file and link if `new` takes the place of `old`.
///
/// # Errors
///
/// When a file of either cannot be read.
pub fn changes(
    old: &Path,
    new: &Path,
    permissions: Permissions,
) -> Result<BTreeMap<PathBuf, Change>> {
    let (before, after) = (read(old)?, read(new)?);
    let mut changes = BTreeMap::new();
    for path in files(&after) {
        let change = match before.get(path) {
            Some(Kind::File | Kind::Link) => {
                if is_same(&old.join(path), &new.join(path), permissions)? {
                    continue;
                }
                Change::Replaced
            }
            Some(Kind::Folder) | None => Change::Added,
        };
        changes.insert(path.clone(), change);
    }
    for path in files(&before) {
        if !matches!(after.get(path), Some(Kind::File | Kind::Link)) {
            changes.insert(path.clone(), Change::Removed);
        }
    }
    Ok(changes)
}

/// The files and links.
pub fn files(tree: &Tree) -> impl Iterator<Item = &PathBuf> {
    let files = tree.iter().filter(|(_, kind)| **kind != Kind::Folder);
    files.map(|(path, _)| path)
}

/// Whether the same file, or a link to the same place, stands at both paths. False where
/// nothing does.
///
/// # Errors
///
/// When one of them cannot be read.
pub fn is_same(one: &Path, other: &Path, permissions: Permissions) -> Result<bool> {
    let context = |path: &Path| format!("cannot read {}", path.display());
    let kind = |path: &Path| match fs::symlink_metadata(path) {
        Ok(kind) => Ok(Some(kind)),
        Err(error) if is_nothing(&error) => Ok(None),
        Err(error) => Err(error).with_context(|| context(path)),
    };
    let (Some(a), Some(b)) = (kind(one)?, kind(other)?) else {
        return Ok(false);
    };
    if a.is_symlink() && b.is_symlink() {
        let link = |path: &Path| fs::read_link(path).with_context(|| context(path));
        return Ok(link(one)? == link(other)?);
    }
    if !a.is_file() || !b.is_file() || a.len() != b.len() {
        return Ok(false);
    }
    if permissions == Permissions::Count && a.permissions() != b.permissions() {
        return Ok(false);
    }
    let open = |path: &Path| File::open(path).map(BufReader::new);
    let (one_file, other_file) = (
        open(one).with_context(|| context(one))?,
        open(other).with_context(|| context(other))?,
    );
    same_bytes(one_file, other_file).with_context(|| context(one))
}

/// Whether there is nothing at a path, judged by what its metadata said.
pub fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn same_bytes(mut one: impl Read, mut other: impl Read) -> io::Result<bool> {
    const CHUNK: u64 = 64 * 1024;
    loop {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        one.by_ref().take(CHUNK).read_to_end(&mut a)?;
        other.by_ref().take(CHUNK).read_to_end(&mut b)?;
        if a != b {
            return Ok(false);
        }
        if a.is_empty() {
            return Ok(true);
        }
    }
}

/// Copies what `from` holds into `to`, a folder that is not there yet, with its permissions.
/// When this returns, the copy is on the disk.
///
/// # Errors
///
/// When something cannot be read or written, a full disk for instance.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    make_folder(to)?;
    let tree = read(from)?;
    for (path, kind) in &tree {
        let (old, new) = (from.join(path), to.join(path));
        match kind {
            Kind::Folder => make_folder(&new)?,
            Kind::Link => copy_link(&old, &new)
                .with_context(|| format!("cannot copy the link {}", old.display()))?,
            Kind::File => {
                let opened = || -> io::Result<_> {
                    let file = File::open(&old)?;
                    let permissions = file.metadata()?.permissions();
                    Ok((file, permissions))
                };
                match opened() {
                    Ok((mut file, permissions)) => write(&new, &mut file, Some(permissions))?,
                    // An editor's own file, there for a moment.
                    Err(error) if is_nothing(&error) => {}
                    Err(error) => {
                        return Err(error)
                            .with_context(|| format!("cannot read {}", old.display()));
                    }
                }
            }
        }
    }
    // Children first: into a folder that may not be written nothing could be copied.
    for (path, _) in tree.iter().rev().filter(|(_, kind)| **kind == Kind::Folder) {
        let permissions = fs::metadata(from.join(path)).map(|metadata| metadata.permissions());
        let _ = permissions.and_then(|same| fs::set_permissions(to.join(path), same));
        sync_folder(&to.join(path));
    }
    sync_folder(to);
    Ok(())
}

/// Writes a new file, and what is read lies on the disk.
///
/// # Errors
///
/// When it cannot be written.
pub fn write(
    path: &Path,
    source: &mut impl Read,
    permissions: Option<fs::Permissions>,
) -> Result<()> {
    let written = || -> io::Result<()> {
        let mut file = File::create_new(path)?;
        io::copy(source, &mut file)?;
        file.flush()?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a folder, and those above it.
///
/// # Errors
///
/// When it cannot be made.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// The names in a folder and those below it are on the disk.
///
/// # Errors
///
/// When one of them cannot be read.
pub fn sync(folder: &Path) -> Result<()> {
    for (path, kind) in read(folder)? {
        if kind == Kind::Folder {
            sync_folder(&folder.join(path));
        }
    }
    sync_folder(folder);
    Ok(())
}

/// The names in a folder are on the disk too. Where a system knows no such thing, it sees to
/// it itself.
pub fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

#[cfg(unix)]
pub(super) fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(windows)]
pub(super) fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    let target = fs::read_link(from)?;
    if fs::metadata(from).is_ok_and(|target| target.is_dir()) {
        std::os::windows::fs::symlink_dir(target, to)
    } else {
        std::os::windows::fs::symlink_file(target, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_keeps_beside_an_open_file_is_not_seen() {
        let of_editor = [
            ".#store.rs",
            "#store.rs#",
            ".store.rs.swp",
            ".store.rs.swo",
            "store.rs~",
            "4913",
        ];
        let of_attendee = ["store.rs", ".env", "#notes", "a.swp", "49130"];
        for name in of_editor {
            assert!(is_of_editor(OsStr::new(name)), "{name}");
        }
        for name in of_attendee {
            assert!(!is_of_editor(OsStr::new(name)), "{name}");
        }
        let folder = tempfile::tempdir().unwrap();
        for name in of_editor.iter().chain(&of_attendee) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let seen = read(folder.path()).unwrap();
        assert_eq!(seen.len(), of_attendee.len(), "{seen:?}");
    }
}
