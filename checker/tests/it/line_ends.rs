//! Git for Windows ends lines with CR LF in a checkout, unless `.gitattributes` says otherwise. One
//! that is older than that file keeps them, and editors write them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

use crate::common::workshop::Workshop;
use crate::common::{beside_checker, course, root};

fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{command:?}:\n{stdout}\n{stderr}");
    stdout
}

#[test]
fn a_clone_by_git_for_windows_has_the_lines_of_the_repository() {
    // An archive without history is nothing to clone.
    if !root().join(".git").exists() {
        return;
    }
    let clone = tempfile::tempdir().unwrap();
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--config", "core.autocrlf=true"])
        .args([&root(), clone.path()]);
    output(git);
    let mut git = Command::new("git");
    git.args(["ls-files", "--eol"]).current_dir(clone.path());
    let files = output(git);
    assert!(files.lines().count() > 100, "{files}");
    let others = files
        .lines()
        .filter(|line| line.contains("w/crlf") || line.contains("w/mixed"));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
}

/// The checker that is built here embeds the contracts and the starters as they are here.
#[test]
fn where_lines_end_with_cr_lf_everything_works_all_the_same() {
    let workshop = Workshop::with_line_ends_of_windows();
    output(workshop.cargo("build --offline --package checker"));
    let checker = workshop.target.join("debug/checker");
    let checker = checker.with_extension(std::env::consts::EXE_EXTENSION);
    let told = |words: &str| {
        let mut command = Command::new(&checker);
        command
            .args(words.split(' '))
            .current_dir(&workshop.root)
            .env("CARGO", env!("CARGO"))
            .env("NO_COLOR", "1")
            .envs(workshop.folders());
        let said = output(command);
        assert!(!said.contains('\r'), "{words}: {said:?}");
        said
    };
    let _ = fs::remove_dir_all(workshop.path(".workshop"));

    for exercise in course().exercises.iter().filter(|one| one.ready) {
        let short = exercise.short();
        told(&format!("check {short} --solution"));
        let untouched = told(&format!("reset {short}"));
        assert!(untouched.contains("Nothing was replaced"), "{untouched}");
        for step in &exercise.steps {
            for words in ["hint", "solution", "diff"] {
                told(&format!("{words} {}", step.id));
            }
        }
    }

    // An editor that ends lines otherwise changes no code.
    let store = "exercises/ex3_store/src/store.rs";
    let mixed = workshop.read(store).replacen("\r\n", "\n", 20);
    workshop.write(store, &mixed);
    told("reset ex3");
    told("restore ex3");
    assert_eq!(workshop.read(store), mixed);
    told("reset ex3");

    let (here, elsewhere) = (book(&workshop), book(&Workshop::ready().with_all()));
    let names = |pages: &BTreeMap<PathBuf, String>| pages.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&here), names(&elsewhere));
    for (page, text) in &here {
        let differs = text
            .lines()
            .zip(elsewhere[page].lines())
            .find(|(a, b)| a != b);
        assert_eq!(differs, None, "{}", page.display());
    }
}

/// What the pages say. Around it they name files by hashes of what is in them.
fn book(workshop: &Workshop) -> BTreeMap<PathBuf, String> {
    let mut xtask = Command::new(beside_checker("xtask"));
    xtask
        .arg("book")
        .env("CARGO_MANIFEST_DIR", workshop.path("xtask"));
    output(xtask);
    let folder = workshop.path("target/book");
    let pages = WalkDir::new(&folder).into_iter().map(Result::unwrap);
    let pages = pages.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "html"));
    let page = |path: &Path| {
        let name = path.strip_prefix(&folder).unwrap().to_owned();
        let html = fs::read_to_string(path).unwrap();
        let main = html.split("<main>").nth(1).unwrap_or_default();
        // To a browser a line ends alike with both.
        (
            name,
            main.split("</main>").next().unwrap().replace('\r', ""),
        )
    };
    let pages: BTreeMap<_, _> = pages.map(|entry| page(entry.path())).collect();
    assert!(pages.len() > 5, "{:?}", pages.keys());
    pages
}
