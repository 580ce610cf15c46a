//! One folder takes the place of another, file by file, in moves that each happen or do not.
//!
//! The folder itself stays, so that a shell in it, an editor and a watcher keep theirs. A file
//! that is the same in both is not touched. All writing is done before: a move needs no disk.
//! After any number of moves cargo still finds a package: sources come first, then
//! `Cargo.toml`, and only then what is left over goes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::tree::{self, Change, Kind, Permissions, is_nothing};

/// One move.
#[derive(Debug)]
pub struct Move {
    place: PathBuf,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A folder stands there, and may be written.
    Folder { new: PathBuf },
    /// What stands there is replaced by what lies at `new`, if it still is what lies at `kept`.
    Put { new: PathBuf, kept: PathBuf },
    /// The file goes, if it still is what lies at `kept`.
    Remove { kept: PathBuf },
    /// The folder goes, if nothing is in it.
    RemoveFolder,
    /// The folder gets its permissions.
    Seal(fs::Permissions),
}

/// The moves that make `folder` what `new` is, where `kept` is a copy of what is in it now.
///
/// # Errors
///
/// When one of them cannot be read.
pub fn moves(
    folder: &Path,
    new: &Path,
    kept: &Path,
    permissions: Permissions,
) -> Result<Vec<Move>> {
    let changes = tree::changes(folder, new, permissions)?;
    let (before, after) = (tree::read(folder)?, tree::read(new)?);
    let at = |path: &Path, what| Move {
        place: folder.join(path),
        what,
    };
    let mut moves = vec![at(Path::new(""), What::Folder { new: new.into() })];

    // Where capitals do not count, removing `Main.rs` after putting `main.rs` removes both.
    let lower = |path: &Path| path.to_string_lossy().to_lowercase();
    let of_new: BTreeSet<String> = after.keys().map(|path| lower(path)).collect();
    let removed = |first: bool| {
        let removed = changes
            .iter()
            .filter(|(_, change)| **change == Change::Removed);
        let removed = removed.filter(move |(path, _)| of_new.contains(&lower(path)) == first);
        removed.map(|(path, _)| {
            at(
                path,
                What::Remove {
                    kept: kept.join(path),
                },
            )
        })
    };
    moves.extend(removed.clone()(true));

    let folders = || after.iter().filter(|(_, kind)| **kind == Kind::Folder);
    for (path, _) in folders() {
        let new = new.join(path);
        moves.push(at(path, What::Folder { new }));
    }
    let put = changes
        .iter()
        .filter(|(_, change)| **change != Change::Removed);
    let (manifest, sources): (Vec<_>, Vec<_>) =
        put.partition(|(path, _)| *path == Path::new("Cargo.toml"));
    for (path, _) in sources.into_iter().chain(manifest) {
        let (new, kept) = (new.join(path), kept.join(path));
        moves.push(at(path, What::Put { new, kept }));
    }

    moves.extend(removed(false));
    let left_over = before
        .iter()
        .filter(|(path, kind)| **kind == Kind::Folder && !after.contains_key(*path));
    for (path, _) in left_over.rev() {
        moves.push(at(path, What::RemoveFolder));
    }
    for (path, _) in folders()
        .rev()
        .filter(|_| permissions == Permissions::Count)
    {
        if let Ok(metadata) = fs::metadata(new.join(path)) {
            moves.push(at(path, What::Seal(metadata.permissions())));
        }
    }
    Ok(moves)
}

impl Move {
    /// Makes the move. It may have been made before.
    ///
    /// # Errors
    ///
    /// When the system refuses, or the attendee's file changed since it was kept.
    pub fn make(&self) -> Result<()> {
        let place = &self.place;
        let made = match &self.what {
            What::Folder { new } => open_folder(place).and_then(|()| make_writable(new)),
            What::Put { new, kept } => {
                is_kept(place, kept)?;
                put(new, place)
            }
            What::Remove { kept } => {
                is_kept(place, kept)?;
                fs::remove_file(place)
            }
            What::RemoveFolder => match fs::remove_dir(place) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
                done => done,
            },
            What::Seal(permissions) => fs::set_permissions(place, permissions.clone()),
        };
        match made {
            Err(error) if is_nothing(&error) && !matches!(self.what, What::Put { .. }) => Ok(()),
            made => made.with_context(|| format!("cannot write {}", place.display())),
        }
    }
}

/// What was saved after the copy was made is in no copy, and must not go.
fn is_kept(place: &Path, kept: &Path) -> Result<()> {
    let is_there = fs::symlink_metadata(place).is_ok_and(|there| !there.is_dir());
    ensure!(
        !is_there || tree::is_same(place, kept, Permissions::Ignored)?,
        "{} was saved at this very moment",
        place.display()
    );
    Ok(())
}

fn open_folder(place: &Path) -> io::Result<()> {
    // A link to a folder is one at the top, where the attendee moved the exercise elsewhere.
    match fs::metadata(place) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            fs::remove_file(place)?;
            fs::create_dir(place)?;
        }
        Err(_) => fs::create_dir_all(place)?,
    }
    make_writable(place)
}

fn make_writable(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mut permissions = fs::metadata(folder)?.permissions();
        if permissions.mode() & 0o700 != 0o700 {
            permissions.set_mode(permissions.mode() | 0o700);
            fs::set_permissions(folder, permissions)?;
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Moves a file, also where `.workshop` and the exercise lie on two file systems.
fn put(new: &Path, place: &Path) -> io::Result<()> {
    if fs::symlink_metadata(place).is_ok_and(|there| there.is_dir()) {
        fs::remove_dir_all(place)?;
    }
    match fs::rename(new, place) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let folder = place.parent().unwrap_or(place);
            let beside = tempfile::TempDir::new_in(folder)?;
            let beside = beside.path().join("new");
            if fs::symlink_metadata(new)?.is_symlink() {
                tree::copy_link(new, &beside)?
            } else {
                fs::copy(new, &beside)?;
            }
            fs::File::open(&beside)?.sync_all()?;
            fs::rename(&beside, place)
        }
        done => done,
    }
}

/// Takes a folder away with all that is in it, if it is there.
///
/// # Errors
///
/// When the system refuses.
pub fn clear(folder: &Path) -> Result<()> {
    for (path, kind) in tree::read(folder)? {
        if kind == Kind::Folder {
            let _ = make_writable(&folder.join(path));
        }
    }
    match fs::remove_dir_all(folder) {
        Err(error) if !is_nothing(&error) => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
