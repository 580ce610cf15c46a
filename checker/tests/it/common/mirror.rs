//! Makes a folder like another, and leaves alone what is so already: a file that keeps its time
//! is a file that cargo need not compile again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// How lines end in the copy of a text.
#[derive(Clone, Copy, PartialEq)]
pub enum LineEnds {
    /// As they do in the file that is copied.
    Same,
    /// With CR LF, as Git for Windows writes them into a checkout unless told otherwise.
    OfWindows,
}

impl LineEnds {
    fn put(self, bytes: Vec<u8>) -> Vec<u8> {
        match (self, std::str::from_utf8(&bytes)) {
            (Self::OfWindows, Ok(text)) => {
                let lines = text.replace("\r\n", "\n");
                lines.replace('\n', "\r\n").into_bytes()
            }
            _ => bytes,
        }
    }
}

/// Makes `to` hold these parts of `from`, these empty files, and nothing else.
pub fn mirror(from: &Path, parts: &[&str], empty: &[PathBuf], to: &Path) {
    mirror_with(LineEnds::Same, from, parts, empty, to);
}

/// The same, with lines that end otherwise.
pub fn mirror_with(ends: LineEnds, from: &Path, parts: &[&str], empty: &[PathBuf], to: &Path) {
    let wanted = wanted(from, parts, empty);
    let folders: BTreeSet<&Path> = wanted.keys().flat_map(|file| file.ancestors()).collect();
    fs::create_dir_all(to).unwrap();
    for entry in WalkDir::new(to).min_depth(1).contents_first(true) {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(to).unwrap();
        if entry.file_type().is_dir() {
            if !folders.contains(name) || wanted.contains_key(name) {
                fs::remove_dir(entry.path()).unwrap();
            }
        } else if !wanted.contains_key(name) || !entry.file_type().is_file() {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for (name, source) in &wanted {
        let path = to.join(name);
        let text = source
            .as_ref()
            .map_or_else(Vec::new, |file| ends.put(fs::read(file).unwrap()));
        if fs::read(&path).is_ok_and(|there| there == text) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Each file, and what it is a copy of.
fn wanted(from: &Path, parts: &[&str], empty: &[PathBuf]) -> BTreeMap<PathBuf, Option<PathBuf>> {
    let files = parts.iter().flat_map(|part| WalkDir::new(from.join(part)));
    let files = files.map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let copies = files.map(|entry| {
        let file = entry.into_path();
        (file.strip_prefix(from).unwrap().to_owned(), Some(file))
    });
    copies
        .chain(empty.iter().map(|file| (file.clone(), None)))
        .collect()
}

#[test]
fn what_is_so_already_keeps_its_time_and_all_else_is_mended() {
    let [from, to] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let write = |folder: &Path, name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (name, text) in [
        ("src/same", "1"),
        ("src/changed", "2"),
        ("src/gone", "3"),
        ("other", ""),
    ] {
        write(from.path(), name, text);
    }
    let is_like = || mirror(from.path(), &["src"], &["src/empty".into()], to.path());
    is_like();
    let time = || {
        fs::metadata(to.path().join("src/same"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    let same = fs::File::options()
        .write(true)
        .open(to.path().join("src/same"));
    same.unwrap().set_modified(long_ago).unwrap();
    write(to.path(), "src/changed", "mine");
    write(to.path(), "src/more/mine", "");
    write(to.path(), "target/mine", "");
    fs::remove_file(to.path().join("src/gone")).unwrap();
    is_like();
    let files = WalkDir::new(to.path()).min_depth(1).sort_by_file_name();
    let names = files.into_iter().map(|entry| {
        let path = entry.unwrap().into_path();
        path.strip_prefix(to.path())
            .unwrap()
            .display()
            .to_string()
            .replace('\\', "/")
    });
    let names: Vec<String> = names.collect();
    assert_eq!(
        names,
        ["src", "src/changed", "src/empty", "src/gone", "src/same"]
    );
    assert_eq!(
        fs::read_to_string(to.path().join("src/changed")).unwrap(),
        "2"
    );
    assert_eq!(time(), long_ago);
}
