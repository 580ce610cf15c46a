//! Code that does not compile, and cargo that cannot build.

use std::fs;

use insta::assert_snapshot;

use crate::cli::subjects::write_broken;
use crate::cli::told::{outcomes, redacted, told, told_by};
use crate::common::workshop::Workshop;

const STORE: &str = "exercises/ex3_store/src/inventory.rs";
const MAIN: &str = "exercises/ex3_store/src/main.rs";

#[test]
fn the_first_error_is_shown_as_rustc_drew_it_and_the_others_are_counted() {
    let workshop = Workshop::bare();
    let good = workshop.read(STORE);
    let mut said = String::new();
    for mistakes in [1, 2, 3] {
        let more = (0..mistakes).map(|n| format!("fn m{n}() -> u32 {{ \"{n}\" }}\n"));
        let bad = good.clone() + &more.collect::<String>();
        workshop.write(STORE, &bad);
        let told = told(&workshop, "check ex3");
        assert_eq!((told.code, told.stderr.as_str()), (1, ""), "{told:?}");
        said += &format!("== {mistakes}\n{}", told.stdout);
    }
    let mut settings = redacted(&workshop);
    settings.add_filter(r"(?m)^\d+ \|", "[n] |");
    settings.bind(|| assert_snapshot!("does_not_compile", said));
}

#[test]
fn what_does_not_compile_is_one_failure_in_every_format() {
    let workshop = Workshop::bare();
    let bad = workshop.read(STORE) + "fn oops() -> u32 { \"a\" }";
    workshop.write(STORE, &bad);
    let json = told(&workshop, "check ex3 --format json");
    assert_eq!(json.code, 1);
    let report = json.json();
    let finding = &report["exercises"][0]["steps"][0]["eras"]["modern"]["findings"][0];
    assert_eq!(finding["code"], "does_not_compile");
    assert!(finding["got"].as_str().unwrap().contains("inventory.rs:"));
    for (format, mark) in [("junit", "<failure"), ("github", "::error ")] {
        let told = told(&workshop, &format!("check ex3 --format {format}"));
        assert_eq!((told.code, told.stderr.as_str()), (1, ""));
        assert!(told.stdout.contains(mark), "{}", told.stdout);
        assert!(told.stdout.contains("inventory.rs:"), "{}", told.stdout);
        // The colors that rustc draws with, written out.
        assert!(!told.stdout.contains("u{1b}"), "{}", told.stdout);
    }
}

#[test]
fn code_that_does_not_compile_takes_back_no_step() {
    let workshop = Workshop::bare();
    write_broken(&workshop, "");
    assert_eq!(told(&workshop, "check ex3").code, 0);
    let before = workshop.read(".workshop/progress.toml");
    assert!(before.contains("\"3.8\" = \"passed\""), "{before}");
    let bad = workshop.read(MAIN) + "fn oops() { oh }";
    workshop.write(MAIN, &bad);
    for words in ["check ex3", "check 3.1", "check 3.8"] {
        let told = told(&workshop, words);
        assert_eq!(told.code, 1, "{told:?}");
        assert_eq!(workshop.read(".workshop/progress.toml"), before);
    }
}

#[test]
fn warnings_do_not_matter() {
    let workshop = Workshop::bare();
    write_broken(&workshop, "");
    let noisy = workshop.read(MAIN) + "fn nobody_calls_me() { let unused = 1; }";
    workshop.write(MAIN, &noisy);
    let told = told(&workshop, "check ex3 --format json");
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    assert!(
        outcomes(&told.json())
            .iter()
            .all(|one| one.ends_with(" passed"))
    );
}

#[test]
fn colors_are_for_terminals_and_for_who_forces_them() {
    let workshop = Workshop::bare();
    workshop.write(STORE, "fn oops() -> u32 { \"a\" }");
    let with = |variables: &[(&str, &str)]| {
        let mut command = workshop.checker("check ex3");
        command
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied());
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains('\x1b')
    };
    assert!(!with(&[]), "a pipe is no terminal");
    assert!(!with(&[("NO_COLOR", "1")]));
    assert!(with(&[("CLICOLOR_FORCE", "1")]), "control");
}

#[test]
fn a_missing_cargo_is_told_with_where_to_get_it() {
    let workshop = Workshop::bare();
    let mut command = workshop.checker("check ex3");
    command.env("CARGO", "/nowhere/cargo");
    let told = told_by(&workshop, command);
    let said = told.could_not();
    assert!(said.starts_with("cargo cannot be started"), "{said}");
    assert!(said.contains("https://rustup.rs"), "{said}");
}

#[test]
fn a_target_folder_that_cannot_be_written_is_told_in_cargos_words_with_the_mend() {
    let workshop = Workshop::bare();
    let mut command = workshop.checker("check ex3");
    command.env("CARGO_TARGET_DIR", "/proc/nowhere");
    let told = told_by(&workshop, command);
    assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{told:?}");
    let said = told.stderr;
    assert!(
        said.starts_with("error: cargo could not build it:\n"),
        "{said}"
    );
    assert!(said.contains("/proc/nowhere"), "{said}");
    assert!(
        said.trim_end()
            .ends_with("Is CARGO_TARGET_DIR a folder that can be created?"),
        "{said}"
    );
}

/// It counts from where cargo was started, by the attendee, and so the checker was built there.
#[test]
fn a_relative_target_folder_is_where_the_attendee_stands() {
    let workshop = Workshop::bare();
    let source = workshop.path("exercises/ex3_store/src");
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        let mut command = workshop.checker("check 3.1");
        command
            .current_dir(&source)
            .env_remove("CARGO_TARGET_DIR")
            .env(variable, "../made");
        let told = told_by(&workshop, command);
        assert_ne!(told.code, 2, "{told:?}");
        let made = workshop.path("exercises/ex3_store/made");
        assert!(made.join("debug").is_dir(), "{variable}");
        assert!(!workshop.path("made").exists() && !workshop.path("../made").exists());
        fs::remove_dir_all(made).unwrap();
    }
}

#[test]
fn a_broken_manifest_of_the_exercise_is_told_in_cargos_words() {
    let workshop = Workshop::bare();
    workshop.write("exercises/ex3_store/Cargo.toml", "[package\n");
    let told = told(&workshop, "check ex3");
    assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{told:?}");
    redacted(&workshop).bind(|| assert_snapshot!("broken_cargo_toml", told.stderr));
}
