use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::course::Course;

/// A checkout with the solutions, and a pristine exercise 3.
struct Checkout {
    folder: tempfile::TempDir,
    course: Course,
    progress: ProgressFile,
}

impl Checkout {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let solution = "solutions/ex3_store";
        tree::copy(&repository.join(solution), &folder.path().join(solution)).unwrap();
        let checkout = Self {
            course: Course::load(&repository.join("course.toml")).unwrap(),
            progress: ProgressFile::new(folder.path()),
            folder,
        };
        for (path, bytes) in starters::files("ex3_store") {
            checkout.write(path, bytes);
        }
        checkout
    }

    /// The same, with everything in it that an attendee may have.
    fn edited() -> Self {
        let checkout = Self::new();
        checkout.write("src/main.rs", "fn main() { /* mine */ }");
        checkout.write("src/inventory.rs", [0xff, 0x00, 0x0d, 0x0a]);
        checkout.write(".env", "KEY=ignored by git");
        checkout.write("notes/deep/a file.md", "untracked");
        checkout.write("src/target/mod.rs", "a module of this name");
        checkout.write("target/debug/junk", "cargo's");
        fs::remove_file(checkout.path("src/prompts.rs")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            symlink("../nowhere", checkout.path("link")).unwrap();
            symlink("store.rs", checkout.path("src/alias.rs")).unwrap();
            checkout.write("run.sh", "#!/bin/sh");
            let mode = |path, mode| {
                let permissions = fs::Permissions::from_mode(mode);
                fs::set_permissions(checkout.path(path), permissions).unwrap();
            };
            mode("run.sh", 0o755);
            mode("src/store.rs", 0o400);
            mode("notes/deep", 0o555);
        }
        checkout
    }

    fn rescue(&self) -> Rescue<'_> {
        Rescue::new(self.folder.path(), &self.progress)
    }

    fn exercise(&self) -> &Exercise {
        self.course.exercise("ex3_store").unwrap()
    }

    fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join("exercises/ex3_store").join(file)
    }

    fn write(&self, file: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn replace(&self, source: Source) -> Result<Option<Replaced>> {
        self.rescue().replace(self.exercise(), source)
    }

    fn backups(&self) -> Vec<Backup> {
        Backups::of(self.folder.path(), "ex3_store").list().unwrap()
    }

    /// Every file, link and mode of a folder.
    fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
        let tree = tree::read(folder).unwrap();
        let entry = |(path, kind): (&PathBuf, &tree::Kind)| {
            let full = folder.join(path);
            let what = match kind {
                tree::Kind::Link => format!("{:?}", fs::read_link(&full).unwrap()),
                tree::Kind::File => format!("{:?}", fs::read(&full).unwrap()),
                tree::Kind::Folder => String::new(),
            };
            let mode = fs::symlink_metadata(&full).unwrap().permissions();
            (path.clone(), format!("{what} {mode:?}"))
        };
        tree.iter().map(entry).collect()
    }

    fn now(&self) -> BTreeMap<PathBuf, String> {
        Self::contents(&self.path(""))
    }

    fn assert_starter(&self) {
        let pristine = starters::files("ex3_store").into_iter();
        let pristine: BTreeMap<PathBuf, Vec<u8>> = pristine
            .map(|(path, bytes)| (path.to_owned(), bytes.to_owned()))
            .collect();
        let tree = tree::read(&self.path("")).unwrap();
        let read = |path: &PathBuf| (path.clone(), fs::read(self.path(path)).unwrap());
        let there: BTreeMap<_, _> = tree::files(&tree).map(read).collect();
        assert_eq!(
            there.keys().collect::<Vec<_>>(),
            pristine.keys().collect::<Vec<_>>()
        );
        assert!(there == pristine);
    }
}

#[test]
fn a_reset_brings_the_starter_and_keeps_every_byte_link_and_mode() {
    let checkout = Checkout::edited();
    let before = checkout.now();
    let replaced = checkout.replace(Source::Starter).unwrap().unwrap();
    checkout.assert_starter();
    assert_eq!(Checkout::contents(&replaced.backup.unwrap().folder), before);
    let junk = fs::read_to_string(checkout.path("target/debug/junk"));
    assert_eq!(junk.unwrap(), "cargo's", "target/ is left alone");
    assert!(!checkout.path("notes").exists(), "no empty folder is left");
}

#[test]
fn a_restore_brings_back_what_was_and_a_second_one_takes_it_back() {
    let checkout = Checkout::edited();
    let mine = checkout.now();
    checkout.replace(Source::Starter).unwrap().unwrap();
    let starter = checkout.now();
    for expected in [&mine, &starter, &mine, &starter] {
        let newest = checkout.rescue().newest(checkout.exercise()).unwrap();
        let source = Source::Backup(newest.unwrap().number);
        checkout.replace(source).unwrap().unwrap();
        assert_eq!(checkout.now(), *expected);
    }
}

#[test]
fn what_is_the_same_is_not_touched_and_not_copied() {
    let checkout = Checkout::new();
    assert!(checkout.replace(Source::Starter).unwrap().is_none());
    assert_eq!(checkout.backups(), []);

    let written = |file| {
        fs::metadata(checkout.path(file))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = written("src/store.rs");
    checkout.write("src/main.rs", "mine");
    let replaced = checkout.replace(Source::Starter).unwrap().unwrap();
    let changes: Vec<_> = replaced.changes.into_iter().collect();
    assert_eq!(changes, [(PathBuf::from("src/main.rs"), Change::Replaced)]);
    assert_eq!(written("src/store.rs"), before);
}

#[test]
fn cut_off_after_any_move_it_is_finished_and_nothing_is_lost() {
    for source in [Source::Starter, Source::Solution] {
        let mut cut = 0;
        loop {
            let checkout = Checkout::edited();
            let mine = checkout.now();
            let (rescue, exercise) = (checkout.rescue(), checkout.exercise());
            let begun = rescue
                .lock()
                .and_then(|_lock| rescue.begin(exercise, source));
            let (journal, _) = begun.unwrap().unwrap();
            let [backup] = checkout.backups().try_into().unwrap();
            let there = checkout.path("");
            let all = moves(
                &there,
                &rescue.staged(),
                &backup.folder,
                source.permissions(),
            );
            let all = all.unwrap();
            for one in all.iter().take(cut) {
                one.make().unwrap();
                let package =
                    ["Cargo.toml", "src/main.rs"].map(|file| checkout.path(file).is_file());
                assert_eq!(package, [true, true], "cargo needs both after {one:?}");
            }
            assert_eq!(Journal::read(&rescue.folder()).unwrap(), Some(journal));

            let resumed = rescue.resume(&checkout.course).unwrap().unwrap();
            assert!(!resumed.was_edited, "cut off after {cut} moves");
            assert_eq!(checkout.backups(), std::slice::from_ref(&backup));
            assert_eq!(Checkout::contents(&backup.folder), mine);
            assert!(
                checkout.replace(source).unwrap().is_none(),
                "it is what was asked for"
            );
            assert!(rescue.resume(&checkout.course).unwrap().is_none());
            if cut == all.len() {
                break;
            }
            cut += 1;
        }
        assert!(cut > 10, "{cut} moves");
    }
}

#[test]
fn what_was_written_after_it_was_cut_off_is_copied_too() {
    let checkout = Checkout::edited();
    let (rescue, exercise) = (checkout.rescue(), checkout.exercise());
    rescue.begin(exercise, Source::Starter).unwrap().unwrap();
    let mine = checkout.now();
    checkout.write("src/main.rs", "fn main() { /* the day after */ }");
    let later = checkout.now();
    assert!(rescue.resume(&checkout.course).unwrap().unwrap().was_edited);
    checkout.assert_starter();
    let backups = checkout.backups();
    let kept = backups
        .iter()
        .map(|backup| Checkout::contents(&backup.folder));
    assert_eq!(kept.collect::<Vec<_>>(), [mine, later]);
}

#[test]
fn a_file_that_is_saved_in_the_very_moment_is_not_replaced() {
    let checkout = Checkout::edited();
    let rescue = checkout.rescue();
    rescue
        .begin(checkout.exercise(), Source::Starter)
        .unwrap()
        .unwrap();
    let [backup] = checkout.backups().try_into().unwrap();
    let there = checkout.path("");
    let kept = &backup.folder;
    let all = moves(&there, &rescue.staged(), kept, Permissions::Ignored).unwrap();
    checkout.write("src/main.rs", "saved");
    checkout.write("src/prompts.rs", "written anew");
    checkout.write("notes/deep/a file.md", "saved");
    let refused = all.iter().filter_map(|one| one.make().err());
    let refused: Vec<String> = refused.map(|error| error.to_string()).collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    for error in refused {
        assert!(error.ends_with("was saved at this very moment"), "{error}");
    }
    assert_eq!(fs::read(checkout.path("src/main.rs")).unwrap(), b"saved");
}

#[test]
fn a_file_where_a_folder_belongs_and_the_reverse_are_replaced_and_brought_back() {
    let checkout = Checkout::new();
    fs::remove_dir_all(checkout.path("src")).unwrap();
    checkout.write("src", "a file");
    fs::remove_file(checkout.path("Cargo.toml")).unwrap();
    checkout.write("Cargo.toml/deep/x", "in a folder");
    let mine = checkout.now();
    checkout.replace(Source::Starter).unwrap().unwrap();
    checkout.assert_starter();
    checkout.replace(Source::Backup(1)).unwrap().unwrap();
    assert_eq!(checkout.now(), mine);
}

#[test]
fn an_exercise_that_is_gone_comes_back_and_needs_no_copy() {
    let checkout = Checkout::new();
    fs::remove_dir_all(checkout.folder.path().join("exercises")).unwrap();
    let replaced = checkout.replace(Source::Starter).unwrap().unwrap();
    assert_eq!(replaced.backup, None);
    checkout.assert_starter();
}

#[test]
fn copies_of_one_second_or_of_a_clock_that_jumped_keep_their_order() {
    let checkout = Checkout::new();
    let backups = Backups::of(checkout.folder.path(), "ex3_store");
    let future = "0007_2099-01-01_00-00-00";
    fs::create_dir_all(backups_folder(&checkout).join(future)).unwrap();
    for _ in 0..3 {
        let scratch = checkout.folder.path().join("scratch");
        backups.make(&checkout.path(""), &scratch).unwrap();
    }
    let listed = backups.list().unwrap();
    let numbers = listed.iter().map(|backup| backup.number);
    assert_eq!(numbers.collect::<Vec<_>>(), [7, 8, 9, 10]);
    let name = listed[3].folder.file_name().unwrap().to_str().unwrap();
    let shape: String = name
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(
        shape, "0000_0000-00-00_00-00-00",
        "Windows allows no colons"
    );
}

fn backups_folder(checkout: &Checkout) -> PathBuf {
    checkout.folder.path().join(".workshop/backups/ex3_store")
}

#[test]
fn several_resets_at_once_make_one_copy_and_the_starter() {
    let checkout = Checkout::edited();
    let mine = checkout.now();
    let done: Vec<bool> = std::thread::scope(|scope| {
        let reset = || checkout.replace(Source::Starter).unwrap().is_some();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(reset)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    let [backup] = checkout.backups().try_into().unwrap();
    assert_eq!(Checkout::contents(&backup.folder), mine);
    checkout.assert_starter();
}

#[test]
fn while_another_holds_the_lock_nothing_is_replaced() {
    let checkout = Checkout::edited();
    let mine = checkout.now();
    let _lock = checkout.rescue().lock().unwrap();
    let staged = checkout.rescue().staged();
    fs::create_dir_all(&staged).unwrap();
    let error = checkout.replace(Source::Starter).unwrap_err().to_string();
    assert_eq!(
        error,
        "another `cargo checker` is replacing files in this workshop. Nothing was replaced. Try again."
    );
    assert_eq!(checkout.now(), mine);
    assert!(staged.exists(), "the other one needs it");
}

#[test]
fn where_no_copy_can_be_made_nothing_is_replaced() {
    for blocked in [
        ".workshop/backups",
        ".workshop/rescue",
        ".workshop/backups/ex3_store",
    ] {
        let checkout = Checkout::edited();
        let mine = checkout.now();
        checkout
            .progress
            .update(|progress| progress.set("3.1", State::Passed))
            .unwrap();
        let blocked = checkout.folder.path().join(blocked);
        fs::create_dir_all(blocked.parent().unwrap()).unwrap();
        fs::write(&blocked, "a file").unwrap();
        let error = checkout.replace(Source::Starter).unwrap_err().to_string();
        assert!(error.contains("Nothing was replaced. "), "{error}");
        assert_eq!(checkout.now(), mine);
        assert_eq!(
            checkout.progress.read().unwrap().state("3.1"),
            State::Passed
        );
    }
}

#[test]
fn what_a_killed_checker_left_behind_is_in_nobodys_way() {
    let checkout = Checkout::edited();
    let left = checkout
        .folder
        .path()
        .join(".workshop/rescue/scratch/new/deep");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("half a fi"), "le").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&left, fs::Permissions::from_mode(0o555)).unwrap();
    }
    checkout.replace(Source::Starter).unwrap().unwrap();
    checkout.assert_starter();
    assert!(!left.exists());
}

#[test]
fn a_note_that_cannot_be_followed_is_told_with_the_way_out() {
    let checkout = Checkout::edited();
    let rescue = checkout.rescue();
    rescue
        .begin(checkout.exercise(), Source::Starter)
        .unwrap()
        .unwrap();
    let note = ".workshop/rescue/journal.toml";
    for text in ["exercise = 'ex9_gone'\nsource = 'starter'\n", "<<<"] {
        fs::write(checkout.folder.path().join(note), text).unwrap();
        let error = format!("{:#}", rescue.resume(&checkout.course).unwrap_err());
        assert!(error.contains(&format!("delete {note}")), "{error}");
        let error = checkout.replace(Source::Starter).unwrap_err().to_string();
        assert!(error.contains("Nothing was replaced"), "{error}");
    }
}

#[test]
fn states_follow_the_code() {
    let checkout = Checkout::edited();
    let state = |step| checkout.progress.read().unwrap().state(step);
    let set = |step: &str, state| {
        checkout
            .progress
            .update(|progress| progress.set(step, state))
            .unwrap();
    };
    set("3.1", State::Passed);
    set("3.2", State::Regressed);
    set("4.1", State::Passed);
    checkout.replace(Source::Solution).unwrap().unwrap();
    let states = ["3.1", "3.2", "3.11", "4.1"].map(state);
    use State::{CaughtUp, NotStarted, Passed};
    assert_eq!(states, [Passed, CaughtUp, CaughtUp, Passed]);
    checkout.replace(Source::Starter).unwrap().unwrap();
    let states = ["3.1", "3.2", "3.11", "4.1"].map(state);
    assert_eq!(states, [NotStarted, NotStarted, NotStarted, Passed]);
}
