//! The solution beside one's own code, and files that are replaced and brought back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;

use crate::cli::subjects::write_solution;
use crate::cli::told::{fresh, outcomes, redacted, told, told_by};
use crate::common::workshop::Workshop;

const EXERCISE: &str = "exercises/ex3_store";
const MAIN: &str = "exercises/ex3_store/src/main.rs";

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().to_owned();
                    files.insert(name, fs::read(path).unwrap());
                }
            }
        }
    }
    files
}

fn exercise(workshop: &Workshop) -> BTreeMap<PathBuf, Vec<u8>> {
    files(&workshop.path(EXERCISE))
}

/// What an attendee may have there: edited, untracked, ignored, in a folder, not text.
fn work(workshop: &Workshop) {
    workshop.write(MAIN, "fn main() { /* mine */ }\n");
    workshop.write(&format!("{EXERCISE}/.env"), "KEY=ignored\n");
    fs::create_dir(workshop.path(&format!("{EXERCISE}/notes"))).unwrap();
    workshop.write(&format!("{EXERCISE}/notes/a 'file'.md"), "untracked\n");
    fs::write(workshop.path(&format!("{EXERCISE}/blob")), [0, 159, 10]).unwrap();
    fs::remove_file(workshop.path(&format!("{EXERCISE}/src/prompts.rs"))).unwrap();
}

/// What a run says on stdout, where dates are all the same.
fn said(workshop: &Workshop, words: &str) -> String {
    let told = told(workshop, words);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{words}");
    told.stdout
}

fn dated(workshop: &Workshop) -> insta::Settings {
    let mut settings = redacted(workshop);
    settings.add_filter(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", "[date]");
    settings
}

#[test]
fn a_reset_and_two_restores_lose_nothing_and_say_what_they_do() {
    let workshop = fresh();
    let starter = exercise(&workshop);
    work(&workshop);
    let mine = exercise(&workshop);
    let mut log = String::new();
    for (words, after) in [
        ("reset ex3", &starter),
        ("reset ex3", &starter),
        ("restore ex3", &mine),
        ("restore ex3", &starter),
        ("restore ex3 1", &mine),
        ("restore ex3 1", &mine),
    ] {
        log += &format!("$ cargo checker {words}\n{}\n", said(&workshop, words));
        assert_eq!(exercise(&workshop), *after, "{words}");
    }
    dated(&workshop).bind(|| assert_snapshot!("reset_and_restore", log));
}

#[test]
#[cfg(unix)]
fn the_printed_cp_brings_every_file_back() {
    let workshop = fresh();
    work(&workshop);
    let mine = exercise(&workshop);
    // Also from elsewhere in the workshop, and in a folder that is replaced.
    fs::create_dir(workshop.path(&format!("{EXERCISE}/src/sub"))).unwrap();
    let below = workshop.path(&format!("{EXERCISE}/src"));
    for folder in [workshop.root.clone(), below] {
        let mut reset = workshop.checker("reset ex3");
        reset.current_dir(&folder);
        let told = told_by(&workshop, reset);
        assert_eq!(told.code, 0, "{told:?}");
        let line = told.stdout.lines().find(|line| line.contains("cp -R "));
        let command = line.unwrap().trim_start().strip_prefix("or ").unwrap();
        let mut copy = Command::new("sh");
        copy.args(["-c", command]).current_dir(&folder);
        assert!(copy.status().unwrap().success(), "{command}");
        let now = exercise(&workshop);
        for (path, bytes) in &mine {
            assert_eq!(now.get(path), Some(bytes), "{}", path.display());
        }
    }
}

/// Emacs locks a file that is being edited with a link to nothing. Links may lead anywhere else, too.
#[test]
#[cfg(unix)]
fn what_an_editor_keeps_beside_an_open_file_is_left_alone_and_links_are_only_links() {
    use std::os::unix::fs::symlink;

    let workshop = fresh();
    let lock = workshop.path(&format!("{EXERCISE}/src/.#store.rs"));
    symlink("me@laptop.4711:1798000000", &lock).unwrap();
    let unsaved = format!("{EXERCISE}/src/#store.rs#");
    workshop.write(&unsaved, "// ANCHOR: step_3_3\nfn unsaved() {}\n");
    assert!(said(&workshop, "reset ex3").contains("Nothing was replaced"));
    workshop.write(MAIN, "fn main() { /* mine */ }\n");
    let mut log = String::new();
    for words in ["reset ex3", "restore ex3", "restore ex3"] {
        log += &format!("$ cargo checker {words}\n{}\n", said(&workshop, words));
        assert!(fs::symlink_metadata(&lock).unwrap().is_symlink(), "{words}");
        assert!(workshop.read(&unsaved).contains("unsaved"), "{words}");
    }
    dated(&workshop).bind(|| assert_snapshot!("beside_an_open_file", log));
    let diff = said(&workshop, "diff 3.3") + &told(&workshop, "check ex3").stdout;
    assert!(!diff.contains("#store.rs"), "{diff}");

    for (name, to) in [("nowhere", "../gone"), ("folder", "src")] {
        let link = workshop.path(&format!("{EXERCISE}/{name}"));
        symlink(to, &link).unwrap();
        for words in ["diff ex3", "reset ex3", "restore ex3"] {
            said(&workshop, words);
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{name}");
        fs::remove_file(&link).unwrap();
    }
}

#[test]
fn a_deleted_exercise_comes_back_and_the_checker_starts_without_it() {
    let workshop = fresh();
    let starter = exercise(&workshop);
    fs::remove_dir_all(workshop.path(EXERCISE)).unwrap();
    // The workspace is still one without its only exercise.
    let mut metadata = workshop.cargo("metadata --no-deps --offline --format-version 1");
    let output = metadata.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");

    assert_snapshot!("reset_of_nothing", said(&workshop, "reset ex3"));
    assert_eq!(exercise(&workshop), starter);
    let restore = told(&workshop, "restore ex3");
    assert_eq!(
        restore.could_not(),
        "there is no copy of ex3_store, because nothing in it was replaced yet. To get committed files back, run `git checkout -- exercises/ex3_store`"
    );
}

#[test]
fn what_cannot_be_replaced_is_told_and_left_alone() {
    let workshop = fresh().with_an_exercise_that_is_planned();
    work(&workshop);
    let mine = exercise(&workshop);
    let mut log = String::new();
    let mut tell = |words: &str| {
        let told = told(&workshop, words);
        log += &format!("$ cargo checker {words}\n{}\n", told.could_not());
    };
    for words in [
        "reset 3.4",
        "reset all",
        "reset ex6",
        "reset ex33",
        "restore all",
    ] {
        tell(words);
    }
    for words in [
        "catch-up ex6",
        "catch-up 3.4",
        "diff all",
        "diff ex9",
        "solution ex6",
    ] {
        tell(words);
    }
    fs::create_dir_all(workshop.path(".workshop")).unwrap();
    workshop.write(".workshop/backups", "a file\n");
    tell("reset ex3");
    fs::remove_dir_all(workshop.path(".workshop")).unwrap();
    workshop.write(".workshop", "a file\n");
    tell("reset ex3");
    assert_eq!(exercise(&workshop), mine);

    fs::remove_file(workshop.path(".workshop")).unwrap();
    fs::rename(workshop.path(EXERCISE), workshop.path("mine")).unwrap();
    workshop.write(EXERCISE, "a file\n");
    tell("reset ex3");
    assert_eq!(workshop.read(EXERCISE), "a file\n");
    dated(&workshop).bind(|| assert_snapshot!("could_not_replace", log));
}

#[test]
fn a_reset_takes_back_the_steps_of_its_exercise_and_no_others() {
    let workshop = fresh();
    work(&workshop);
    fs::create_dir(workshop.path(".workshop")).unwrap();
    let progress = ".workshop/progress.toml";
    workshop.write(
        progress,
        "[steps]\n'3.1' = 'passed'\n'4.1' = 'passed'\n[hints]\n'3.1' = 2\n",
    );
    said(&workshop, "reset ex3");
    let after: toml::Table = workshop.read(progress).parse().unwrap();
    assert!(!after["steps"].as_table().unwrap().contains_key("3.1"));
    assert_eq!(after["steps"]["4.1"].as_str(), Some("passed"));
    assert_eq!(after["hints"]["3.1"].as_integer(), Some(2));
    assert_eq!(after["current"].as_str(), Some("ex3_store"));
}

#[test]
fn a_reset_that_was_cut_off_is_finished_by_the_next_command() {
    let workshop = fresh();
    let starter = exercise(&workshop);
    work(&workshop);
    let mine = exercise(&workshop);
    said(&workshop, "reset ex3");
    said(&workshop, "restore ex3");
    // As a kill leaves it: the note, the copy, and one file of the starter in its place.
    let main = String::from_utf8(starter[Path::new("src/main.rs")].clone()).unwrap();
    workshop.write(MAIN, &main);
    workshop.write(
        ".workshop/rescue/journal.toml",
        "exercise = 'ex3_store'\nsource = 'starter'\nbackup = 1\n",
    );
    let list = told(&workshop, "list");
    assert_eq!(list.code, 0);
    assert_eq!(
        list.stderr,
        "note: a reset of ex3_store was interrupted, and is now finished. Your files are in a copy: cargo checker restore ex3\n"
    );
    assert_eq!(exercise(&workshop), starter);
    said(&workshop, "restore ex3 1");
    assert_eq!(exercise(&workshop), mine);
}

#[test]
fn catching_up_makes_earlier_exercises_the_solution_and_passes_none() {
    let workshop = Workshop::whole();
    let mut log = said(&workshop, "catch-up ex3");
    assert_eq!(exercise(&workshop).len(), 6, "exercise 3 is left as it is");

    work(&workshop);
    let mine = exercise(&workshop);
    log += &format!("\n{}", said(&workshop, "catch-up ex4"));
    let list = said(&workshop, "list");
    let lines = list
        .lines()
        .filter(|line| line.contains("» ") || line.contains("you are here"));
    log += &format!("\n{}\n", lines.collect::<Vec<_>>().join("\n"));
    log += &format!("\n{}", said(&workshop, "catch-up 4"));
    assert_eq!(
        said(&workshop, "diff ex3"),
        "ex3: your code is the same as the solution's.\n"
    );

    // It builds under its own name without a warning, and passes when it is checked.
    let mut build = workshop.cargo("build --package checker --package ex3_store --bin ex3_store");
    let output = build.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !words.contains("warning"),
        "{words}"
    );
    let checked = told(&workshop, "check ex3 --format json");
    assert_eq!(checked.code, 0, "{checked:?}");
    let outcomes = outcomes(&checked.json());
    assert!(
        outcomes.iter().all(|step| step.ends_with(" passed")),
        "{outcomes:?}"
    );
    assert!(!said(&workshop, "list").contains("» 3."));
    log += &format!("\n{}", said(&workshop, "catch-up ex4"));
    dated(&workshop).bind(|| assert_snapshot!("catch_up", log));

    said(&workshop, "restore ex3");
    assert_eq!(exercise(&workshop), mine);
}

#[test]
fn the_solution_is_shown_by_file_and_by_step() {
    let workshop = fresh();
    let mut log = said(&workshop, "solution ex3");
    for step in ["3.2", "3.5"] {
        log += &format!(
            "\n$ cargo checker solution {step}\n{}",
            said(&workshop, &format!("solution {step}"))
        );
    }
    assert_snapshot!("solution", log);
}

#[test]
fn a_diff_shows_what_differs_and_nothing_that_has_to() {
    let workshop = fresh();
    let of_step = said(&workshop, "diff 3.10");
    write_solution(&workshop);
    assert_eq!(
        said(&workshop, "diff"),
        "ex3: your code is the same as the solution's.\n"
    );

    // Marks may go, and an editor on Windows may end the lines in its own way.
    let inventory = "exercises/ex3_store/src/inventory.rs";
    let text = workshop.read(inventory);
    let lines = text.lines().filter(|line| !line.contains("// ANCHOR"));
    let plain: String = lines.map(|line| format!("{line}\r\n")).collect();
    workshop.write(inventory, &plain);
    assert_eq!(
        said(&workshop, "diff ex3"),
        "ex3: your code is the same as the solution's.\n"
    );

    let nasty = plain.replacen("use std::", "\x1b[2Juse std::", 1);
    workshop.write(inventory, &nasty.replace("12),", "13),"));
    workshop.write("exercises/ex3_store/src/extra.rs", "// mine\n");
    fs::remove_file(workshop.path("exercises/ex3_store/src/prompts.rs")).unwrap();
    let of_exercise = said(&workshop, "diff ex3");
    assert_snapshot!("diff", format!("{of_step}\n{of_exercise}"));
}

#[test]
fn a_diff_is_colored_where_that_is_asked_for() {
    let workshop = fresh();
    let mut command = workshop.checker("diff 3.2");
    command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    let output = command.output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(words.contains("\x1b[32m+"), "{words:?}");
    assert!(words.contains("\x1b[31m-"), "{words:?}");
}
