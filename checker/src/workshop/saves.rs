//! Notices saves: by file events, and by looking at the files, where no events arrive.
//!
//! File events do not cross every network mount or shared folder, and no system says so. So
//! the files are looked at now and then all the same. A save that only a look finds is the
//! proof that events do not arrive here, and from then on the looks are frequent.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use walkdir::{DirEntry, WalkDir};

use crate::course::exercise_folder;
use crate::tree::is_of_editor;

/// How often to look while events tell of saves.
const SELDOM: Duration = Duration::from_secs(1);
/// How often to look where they do not.
const OFTEN: Duration = Duration::from_millis(250);
/// How late an event may come after a look has found the save.
const LATE: Duration = Duration::from_millis(500);
/// A save is several events. This long after the last one it is complete.
const QUIET: Duration = Duration::from_millis(20);
/// A program that never stops writing is not waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// Larger files are known by their time and size alone.
const LARGE: u64 = 1 << 20;

/// Files of the workspace that every build depends on.
const SHARED: [&str; 3] = [".cargo/config.toml", "Cargo.lock", "Cargo.toml"];

/// What was noticed.
#[derive(Debug, PartialEq, Eq)]
pub enum FileEvent {
    /// These files were saved, made, renamed or deleted; relative to the workshop's root.
    Saved(Vec<PathBuf>),
    /// File events do not arrive here, so the files are looked at instead.
    Polling,
}

/// Tells of saves until it is dropped.
#[derive(Debug)]
pub struct Saves {
    noticed: UnboundedReceiver<FileEvent>,
    _watcher: Option<notify::RecommendedWatcher>,
}

impl Saves {
    /// Watches an exercise of the workshop at `root`. Whatever is saved from now on is
    /// noticed.
    pub fn of(root: &Path, exercise: &str) -> Self {
        Self::in_folder(root, &exercise_folder(exercise))
    }

    /// Watches a package of the workshop at `root`: `exercises/ex3_store`.
    pub fn in_folder(root: &Path, package: &Path) -> Self {
        let (told, events) = channel();
        // Without a watcher, as where the system has no more to give, looking is enough.
        let watcher = watcher(root, package, told.clone()).ok();
        Self::told_by(Files::of(root, package), (told, events), watcher)
    }

    fn told_by(
        files: Files,
        events: (Sender<()>, Receiver<()>),
        watcher: Option<notify::RecommendedWatcher>,
    ) -> Self {
        let (sender, noticed) = unbounded_channel();
        let seen = files.look();
        thread::spawn(move || notice(&files, seen, events, &sender));
        Self {
            noticed,
            _watcher: watcher,
        }
    }

    /// Waits for the next thing to notice. Nothing is lost where the wait is given up.
    pub async fn next(&mut self) -> FileEvent {
        match self.noticed.recv().await {
            Some(noticed) => noticed,
            // The thread is gone, which only a panic of its own can do: wait for keys.
            None => std::future::pending().await,
        }
    }
}

/// Events of everything that may concern a package. What does is for [`Files`] to say.
fn watcher(
    root: &Path,
    package: &Path,
    told: Sender<()>,
) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.map_or(true, |event| !event.kind.is_access()) {
            let _ = told.send(());
        }
    })?;
    watcher.watch(root, RecursiveMode::NonRecursive)?;
    // The folder above the package: the package itself may be deleted and come back.
    let above = package.parent().unwrap_or(Path::new(""));
    watcher.watch(&root.join(above), RecursiveMode::Recursive)?;
    Ok(watcher)
}

/// Sends what it notices until nobody listens. Runs on a thread of its own: a look at a slow
/// network drive must not hold up the keys.
fn notice(
    files: &Files,
    mut seen: Look,
    // The sender is kept, so that waiting for an event still waits where there is no watcher.
    (_told, events): (Sender<()>, Receiver<()>),
    noticed: &UnboundedSender<FileEvent>,
) {
    let mut polling = false;
    while !noticed.is_closed() {
        let pause = if polling { OFTEN } else { SELDOM };
        let told = events.recv_timeout(pause).is_ok();
        if told {
            settle(&events);
        }
        let now = files.look();
        let saved = differences(&seen, &now);
        if saved.is_empty() {
            continue;
        }
        seen = now;
        let _ = noticed.send(FileEvent::Saved(saved));
        if !told && !polling && events.recv_timeout(LATE).is_err() {
            polling = true;
            let _ = noticed.send(FileEvent::Polling);
        }
    }
}

/// Waits until an editor has done all that it does for one save.
fn settle(events: &Receiver<()>) {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE && events.recv_timeout(QUIET).is_ok() {}
}

/// The files that a package is built from.
#[derive(Debug)]
struct Files {
    root: PathBuf,
    package: PathBuf,
}

/// What a look at the files has seen: time, size and a hash of the content. A clock that jumps
/// or is coarse hides no save.
type Look = BTreeMap<PathBuf, (Option<SystemTime>, u64, u64)>;

impl Files {
    fn of(root: &Path, package: &Path) -> Self {
        Self {
            root: root.to_owned(),
            package: root.join(package),
        }
    }

    fn look(&self) -> Look {
        let own = WalkDir::new(&self.package)
            .into_iter()
            .filter_entry(is_source);
        // A file that vanishes between two lines of this is one that is not there.
        let own = own.filter_map(Result::ok).map(DirEntry::into_path);
        let shared = SHARED.iter().map(|name| self.root.join(name));
        own.chain(shared)
            .filter_map(|path| {
                let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
                let seen = (
                    metadata.modified().ok(),
                    metadata.len(),
                    hash(&path, metadata.len()),
                );
                let name = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
                Some((name, seen))
            })
            .collect()
    }
}

fn hash(path: &Path, size: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    if size < LARGE {
        fs::read(path).unwrap_or_default().hash(&mut hasher);
    }
    hasher.finish()
}

/// Neither what cargo makes, nor what an editor keeps beside a file that is open.
fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let of_cargo_or_others = ["target", "node_modules", ".git"];
    let is_made = entry.file_type().is_dir() && of_cargo_or_others.iter().any(|made| name == *made);
    !is_made && !is_of_editor(name)
}

fn differences(before: &Look, after: &Look) -> Vec<PathBuf> {
    let changed = after
        .iter()
        .filter(|(path, seen)| before.get(*path) != Some(*seen));
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    let mut all: Vec<_> = changed.map(|(path, _)| path).chain(gone).cloned().collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workshop with one exercise, and who watches it.
    struct Watched {
        folder: tempfile::TempDir,
        saves: Saves,
    }

    impl Watched {
        fn new() -> Self {
            let folder = workshop();
            let saves = Saves::of(folder.path(), "ex3_store");
            Self { folder, saves }
        }

        /// As where no events arrive.
        fn deaf() -> Self {
            let folder = workshop();
            let files = Files::of(folder.path(), &exercise_folder("ex3_store"));
            let saves = Saves::told_by(files, channel(), None);
            Self { folder, saves }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join("exercises/ex3_store").join(name)
        }

        async fn next(&mut self) -> FileEvent {
            tokio::time::timeout(Duration::from_secs(10), self.saves.next())
                .await
                .expect("nothing was noticed")
        }

        async fn is_silent(&mut self) {
            let wait = Duration::from_millis(1500);
            let noticed = tokio::time::timeout(wait, self.saves.next()).await;
            assert!(noticed.is_err(), "{noticed:?}");
        }
    }

    fn workshop() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("exercises/ex3_store/src")).unwrap();
        fs::write(folder.path().join("Cargo.toml"), "[workspace]").unwrap();
        fs::write(
            folder.path().join("exercises/ex3_store/src/store.rs"),
            "// 1",
        )
        .unwrap();
        folder
    }

    fn saved(names: &[&str]) -> FileEvent {
        let paths = names.iter().map(|name| match *name {
            "Cargo.toml" => PathBuf::from(name),
            name => Path::new("exercises/ex3_store").join(name),
        });
        FileEvent::Saved(paths.collect())
    }

    #[tokio::test]
    async fn a_save_is_noticed_once() {
        let mut watched = Watched::new();
        fs::write(watched.path("src/store.rs"), "// 2").unwrap();
        assert_eq!(watched.next().await, saved(&["src/store.rs"]));
        watched.is_silent().await;
    }

    #[tokio::test]
    async fn a_save_by_rename_names_the_file_and_not_the_copy_beside_it() {
        let mut watched = Watched::new();
        fs::write(watched.path("src/store.rs~"), "// 2").unwrap();
        fs::rename(watched.path("src/store.rs~"), watched.path("src/store.rs")).unwrap();
        assert_eq!(watched.next().await, saved(&["src/store.rs"]));
    }

    #[tokio::test]
    async fn a_save_of_the_same_size_at_the_same_time_is_noticed() {
        let mut watched = Watched::new();
        let path = watched.path("src/store.rs");
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "// 2").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(before).unwrap();
        assert_eq!(watched.next().await, saved(&["src/store.rs"]));
    }

    #[tokio::test]
    async fn a_file_or_the_whole_exercise_may_be_deleted_and_come_back() {
        let mut watched = Watched::new();
        fs::remove_file(watched.path("src/store.rs")).unwrap();
        assert_eq!(watched.next().await, saved(&["src/store.rs"]));
        fs::remove_dir_all(watched.path("")).unwrap();
        watched.is_silent().await;
        fs::create_dir_all(watched.path("src")).unwrap();
        fs::write(watched.path("src/main.rs"), "// 3").unwrap();
        assert_eq!(watched.next().await, saved(&["src/main.rs"]));
        watched.is_silent().await;
    }

    #[tokio::test]
    async fn the_manifest_of_the_workspace_counts_and_what_cargo_makes_does_not() {
        let mut watched = Watched::new();
        fs::create_dir_all(watched.path("target/debug")).unwrap();
        fs::write(watched.path("target/debug/ex3_store"), "made").unwrap();
        fs::write(watched.path("src/.store.rs.swp"), "open").unwrap();
        watched.is_silent().await;
        fs::write(watched.folder.path().join("Cargo.toml"), "[workspace] # 2").unwrap();
        assert_eq!(watched.next().await, saved(&["Cargo.toml"]));
    }

    #[tokio::test]
    async fn where_no_events_arrive_looking_finds_the_save_and_it_is_said() {
        let mut watched = Watched::deaf();
        fs::write(watched.path("src/store.rs"), "// 2").unwrap();
        assert_eq!(watched.next().await, saved(&["src/store.rs"]));
        assert_eq!(watched.next().await, FileEvent::Polling);
        let begin = Instant::now();
        fs::write(watched.path("src/store.rs"), "// 3").unwrap();
        assert_eq!(watched.next().await, saved(&["src/store.rs"]));
        assert!(begin.elapsed() < SELDOM, "looks are frequent by now");
        watched.is_silent().await;
    }
}
