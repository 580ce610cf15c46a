//! Folders → one `.tar.gz`, whole or not at all.
//!
//! The files come in the order of their names, with one time and no owner, so that the same files give
//! the same archive.

use std::fs::{self, File, Metadata};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::folders::files;

/// A folder, and where the archive has it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Below the folder at the top. It may be empty.
    pub(super) at: &'static str,
    pub(super) folder: PathBuf,
}

/// What an archive holds.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) files: usize,
    /// The bytes of each part, unpacked.
    pub(super) parts: Vec<u64>,
    /// The bytes of the archive.
    pub(super) packed: u64,
}

/// An archive that is being written. It gets its name when it is whole; dropped before, it is gone.
#[derive(Debug)]
pub(super) struct Archive {
    file: PathBuf,
    partial: PathBuf,
    top: String,
    seconds: u64,
}

impl Archive {
    /// An archive `file` with one folder `top` in it, whose files are of the time `seconds`.
    ///
    /// # Errors
    ///
    /// When there is no place for it.
    pub(super) fn new(file: &Path, top: String, seconds: u64) -> Result<Self> {
        let mut partial = file.to_owned().into_os_string();
        partial.push(".partial");
        let archive = Self {
            file: file.to_owned(),
            partial: partial.into(),
            top,
            seconds,
        };
        File::create(&archive.partial).with_context(|| archive.failed())?;
        Ok(archive)
    }

    /// Writes the parts, one after the other.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or the archive not be written: the disk may be full.
    pub(super) async fn write(self, parts: &[Part]) -> Result<Written> {
        let parts = parts.to_owned();
        let (top, seconds) = (self.top.clone(), self.seconds);
        let partial = self.partial.clone();
        // Aside, so that a signal is heard, and drops `self`.
        let packing = tokio::task::spawn_blocking(move || {
            let file = File::create(partial)?;
            pack(file, &top, seconds, &parts)
        });
        let (files, parts) = packing.await?.with_context(|| self.failed())?;
        let packed = fs::metadata(&self.partial)?.len();
        fs::rename(&self.partial, &self.file).with_context(|| self.failed())?;
        Ok(Written {
            files,
            parts,
            packed,
        })
    }

    fn failed(&self) -> String {
        format!("cannot write {}", self.file.display())
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        // It is not there any more when the archive was whole.
        let _ = fs::remove_file(&self.partial);
    }
}

/// How many files there are, and how many bytes of each part.
fn pack(to: File, top: &str, seconds: u64, parts: &[Part]) -> Result<(usize, Vec<u64>)> {
    let packed = GzEncoder::new(BufWriter::new(to), Compression::default());
    let mut tar = Builder::new(packed);
    let (mut count, mut sizes) = (0, Vec::new());
    for part in parts {
        let mut bytes = 0;
        for name in files(&part.folder)? {
            // Of cargo, and never of the repository.
            if part.at.is_empty() && name.starts_with("target/") {
                continue;
            }
            let at: Vec<&str> = [top, part.at, &name]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect();
            bytes += add(&mut tar, &part.folder.join(&name), &at.join("/"), seconds)
                .with_context(|| format!("at {name}"))?;
            count += 1;
        }
        sizes.push(bytes);
    }
    let file = tar.into_inner()?.finish()?.into_inner()?;
    file.sync_all()?;
    Ok((count, sizes))
}

/// Adds a file or a link, and says how long it is.
fn add(tar: &mut Builder<impl Write>, from: &Path, at: &str, seconds: u64) -> Result<u64> {
    let about = fs::symlink_metadata(from)?;
    let mut header = Header::new_gnu();
    header.set_mtime(seconds);
    if about.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_link(&mut header, at, fs::read_link(from)?)?;
        return Ok(0);
    }
    header.set_size(about.len());
    header.set_mode(if may_be_run(&about) { 0o755 } else { 0o644 });
    tar.append_data(&mut header, at, File::open(from)?)?;
    Ok(about.len())
}

#[cfg(unix)]
fn may_be_run(about: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn may_be_run(_about: &Metadata) -> bool {
    false
}

/// `93 MB`.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn parts(folder: &Path) -> [Part; 2] {
        for (name, text) in [
            ("b/z", "1"),
            ("b/a.txt", "22"),
            ("a", "333"),
            ("target/x", ""),
        ] {
            let path = folder.join("one").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let long = format!("two/{}/file", "folder/".repeat(40));
        fs::create_dir_all(folder.join(&long).parent().unwrap()).unwrap();
        fs::write(folder.join(long), "4444").unwrap();
        let part = |at, name| Part {
            at,
            folder: folder.join(name),
        };
        [part("", "one"), part("vendor", "two")]
    }

    #[tokio::test]
    async fn the_same_files_give_the_same_archive() {
        let folder = tempfile::tempdir().unwrap();
        let parts = parts(folder.path());
        let mut bytes = Vec::new();
        for name in ["first.tar.gz", "second.tar.gz"] {
            let file = folder.path().join(name);
            let archive = Archive::new(&file, "top".to_owned(), 1000).unwrap();
            let written = archive.write(&parts).await.unwrap();
            assert_eq!((written.files, written.parts), (4, vec![6, 4]));
            bytes.push(fs::read(file).unwrap());
            let changed = folder.path().join("one/a");
            fs::write(changed, "333").unwrap();
        }
        assert_eq!(bytes[0], bytes[1]);
        let mut names = Vec::new();
        let mut archive = tar::Archive::new(GzDecoder::new(bytes[0].as_slice()));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            names.push(entry.path().unwrap().display().to_string());
            entry.read_to_string(&mut String::new()).unwrap();
            assert_eq!(entry.header().mtime().unwrap(), 1000);
        }
        assert_eq!(names[..3], ["top/a", "top/b/a.txt", "top/b/z"]);
        assert!(names[3].starts_with("top/vendor/folder/folder/"));
    }

    #[tokio::test]
    async fn what_is_not_whole_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.tar.gz");
        fs::write(&file, "the one before").unwrap();
        let archive = Archive::new(&file, "top".to_owned(), 0).unwrap();
        let gone = Part {
            at: "",
            folder: folder.path().join("nowhere"),
        };
        let told = format!("{:#}", archive.write(&[gone]).await.unwrap_err());
        assert!(told.starts_with("cannot write "), "{told}");
        assert!(told.contains("cannot read "), "{told}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "the one before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = pack(full, "top", 0, &parts(folder.path())).unwrap_err();
        assert!(format!("{error:#}").contains("No space left"), "{error:#}");
    }
}
