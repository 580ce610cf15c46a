//! A workshop that is broken, and what it remembers.

use std::fs;

use insta::assert_snapshot;

use crate::cli::subjects::{write_broken, write_main};
use crate::cli::told::{fresh, redacted, told, told_by};
use crate::common::workshop::Workshop;

const PROGRESS: &str = ".workshop/progress.toml";

#[test]
fn a_folder_outside_the_workshop_is_told_by_its_name() {
    let workshop = fresh();
    let outside = tempfile::tempdir().unwrap();
    for words in ["", "list", "check ex3", "hint 3.4"] {
        let mut command = workshop.checker(words);
        command.current_dir(outside.path());
        let told = told_by(&workshop, command);
        let expected = format!(
            "{} is not inside the workshop: cd to the folder that you cloned (it has a course.toml), and try again",
            outside.path().display()
        );
        assert_eq!(told.could_not(), expected);
    }
}

#[test]
fn a_broken_course_is_told_with_its_line_and_what_was_expected() {
    let workshop = fresh();
    let workshop = workshop.with_an_exercise_that_is_planned();
    let good = workshop.read("course.toml");
    let mistakes = [
        ("minutes = 10", "minuets = 10"),
        ("minutes = 10", "minutes = \"ten\""),
        ("status = \"planned\"", "status = \"soon\""),
        ("exercise = \"ex3_store\"", "exercise = \"ex3_shop\""),
        ("needs = [\"3.1\"]", "needs = [\"3.11\"]"),
        ("id = \"3.2\"", "id = \"3.1\""),
        ("id = \"ex3_store\"", "id = \"store\""),
        ("file = \"src/store.rs\"", ""),
        ("title = \"Break\"", "title = \"Break"),
        (&good, ""),
    ];
    let mut said = String::new();
    for (right, wrong) in mistakes {
        assert!(good.contains(right), "{right}");
        workshop.write("course.toml", &good.replacen(right, wrong, 1));
        let told = told(&workshop, "list");
        let wrong = if wrong.is_empty() { "…" } else { wrong };
        said += &format!("{wrong}\n    {}\n", told.could_not());
    }
    let mut settings = redacted(&workshop);
    // Each new step moves the lines. That they are right, the course's own test proves.
    settings.add_filter(r"course\.toml:\d+", "course.toml:[line]");
    settings.bind(|| assert_snapshot!("broken_course", said));
}

#[test]
fn an_exercise_that_was_deleted_is_told_with_how_to_get_it_back() {
    let workshop = fresh();
    fs::remove_dir_all(workshop.path("exercises/ex3_store")).unwrap();
    for format in ["human", "json", "junit", "github"] {
        let told = told(&workshop, &format!("check ex3 --format {format}"));
        let said = told.could_not();
        assert!(
            said.ends_with("ex3_store is missing. `cargo checker reset ex3` brings it back"),
            "{said}"
        );
    }
}

#[test]
fn a_step_is_passed_then_regressed_then_passed_again() {
    let workshop = fresh();
    let mut told_of = Vec::new();
    for flaws in ["accepts-zero", "", "accepts-zero", ""] {
        write_broken(&workshop, flaws);
        let code = told(&workshop, "check ex3").code;
        let progress = workshop.read(PROGRESS);
        let line = progress.lines().find(|line| line.starts_with("\"3.4\""));
        told_of.push(format!("{code} {}", line.unwrap()));
    }
    assert_eq!(
        told_of,
        [
            "1 \"3.4\" = \"in-progress\"",
            "0 \"3.4\" = \"passed\"",
            "1 \"3.4\" = \"regressed\"",
            "0 \"3.4\" = \"passed\"",
        ]
    );
}

#[test]
fn the_progress_can_be_read_by_people_and_is_shown_by_list() {
    let workshop = fresh();
    write_broken(&workshop, "");
    assert_eq!(told(&workshop, "check 3.9").code, 0);
    write_broken(&workshop, "accepts-zero,search-ignores-max");
    assert_eq!(told(&workshop, "check ex3").code, 1);
    assert_eq!(told(&workshop, "hint 3.4").code, 0);
    assert_snapshot!("progress", workshop.read(PROGRESS));
    let list = told(&workshop, "list").stdout;
    let of_exercise = list.lines().filter(|line| line.contains(" 3."));
    assert_snapshot!(
        "list_with_progress",
        of_exercise.collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn the_solution_and_other_servers_are_no_progress() {
    let workshop = fresh();
    assert_eq!(told(&workshop, "check ex3 --solution").code, 0);
    let progress = workshop.read(PROGRESS);
    assert!(!progress.contains("passed\""), "{progress}");
    assert!(progress.contains("current = \"ex3_store\""), "{progress}");
}

#[test]
fn what_another_version_of_the_course_wrote_is_kept() {
    let workshop = fresh();
    fs::create_dir(workshop.path(".workshop")).unwrap();
    let other = "current = 'ex9_gone'\ncaught_up = ['4.1']\n[steps]\n'9.9' = 'passed'\n'3.4' = 'passed'\n'3.5' = 'won'\n[hints]\n'9.9' = 2\n[badges]\nfirst = true\n";
    workshop.write(PROGRESS, other);
    assert_eq!(told(&workshop, "").code, 1);
    assert_eq!(told(&workshop, "hint 3.1").code, 0);
    let after: toml::Table = workshop.read(PROGRESS).parse().unwrap();
    assert_eq!(after["steps"]["9.9"].as_str(), Some("passed"));
    assert_eq!(
        after["steps"]["3.4"].as_str(),
        Some("passed"),
        "it only waits"
    );
    assert_eq!(after["steps"]["3.5"].as_str(), Some("won"));
    assert_eq!(after["hints"]["9.9"].as_integer(), Some(2));
    assert_eq!(after["caught_up"][0].as_str(), Some("4.1"));
    assert_eq!(after["badges"]["first"].as_bool(), Some(true));
    assert_eq!(after["current"].as_str(), Some("ex3_store"));
}

#[test]
fn a_progress_file_that_is_broken_is_told_with_the_mend_and_left_alone() {
    let workshop = fresh();
    fs::create_dir(workshop.path(".workshop")).unwrap();
    for broken in ["steps = 3", "[steps]\n'3.1' = 3", "<<<<<<< HEAD"] {
        workshop.write(PROGRESS, broken);
        for words in ["", "list", "hint", "check"] {
            let told = told(&workshop, words);
            assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{words}");
            let fix = "progress.toml cannot be parsed. Fix the line, or delete the file to start over. Your code is not in it";
            assert!(told.stderr.contains(fix), "{}", told.stderr);
            assert!(told.stderr.contains("line "), "{}", told.stderr);
        }
        assert_eq!(workshop.read(PROGRESS), broken);
    }
    // Named, the exercise is checked all the same.
    let told = told(&workshop, "check ex3");
    assert_eq!(told.code, 2);
    assert!(told.stdout.contains("next  3.1"), "{}", told.stdout);
    assert!(
        told.stderr.starts_with(
            "error: the result above is valid, but your progress could not be saved: "
        ),
        "{}",
        told.stderr
    );
}

/// Nobody may write through a file, root neither, so this stands for a read-only checkout too.
#[test]
fn progress_that_cannot_be_kept_costs_no_verdict() {
    let workshop = fresh();
    workshop.write(".workshop", "I am a file\n");
    let checked = told(&workshop, "check ex3");
    assert_eq!(checked.code, 2);
    assert!(checked.stdout.contains("next  3.1"), "{}", checked.stdout);
    redacted(&workshop).bind(|| assert_snapshot!("progress_not_kept", checked.stderr));
    for words in ["", "list", "hint"] {
        let told = told(&workshop, words);
        let said = told.could_not();
        assert!(
            said.ends_with("Move the file away, and try again"),
            "{said}"
        );
    }
    assert_eq!(workshop.read(".workshop"), "I am a file\n");
}

#[test]
fn a_lock_that_cannot_be_made_is_told_with_the_mend() {
    let workshop = fresh();
    fs::create_dir_all(workshop.path(".workshop/lock")).unwrap();
    let told = told(&workshop, "check ex3");
    assert_eq!(told.code, 2);
    assert!(
        told.stderr
            .trim_end()
            .ends_with("Make the folder writable or free some disk space, and try again"),
        "{}",
        told.stderr
    );
}

// A full disk: needs a file system of its own to fill, which takes root. `cargo_failed` has
// its mend, and `stopping` writes reports to /dev/full.

#[test]
fn a_panic_of_the_attendees_is_told_as_theirs() {
    let workshop = Workshop::bare();
    write_main(&workshop, "panic!(\"the oven is cold\")");
    let told = told(&workshop, "check ex3");
    assert_eq!((told.code, told.stderr.as_str()), (1, ""));
    assert!(told.stdout.contains("the oven is cold"), "{}", told.stdout);
    assert!(
        told.stdout.contains("exercises/ex3_store/src/main.rs:1:"),
        "{}",
        told.stdout
    );
}
