//! Help, names, hints, and the bare command.

use insta::assert_snapshot;

use crate::cli::told::{fresh, outcomes, redacted, told, told_by};
use crate::common::course;

#[test]
fn help_says_what_there_is_with_examples_and_exit_codes() {
    let workshop = fresh();
    for (name, words) in [
        ("help", "--help"),
        ("help_of_check", "check --help"),
        ("help_of_realm", "realm --help"),
        ("help_of_agenda", "agenda --help"),
        ("help_of_eval", "eval --help"),
    ] {
        let told = told(&workshop, words);
        assert_eq!((told.code, told.stderr.as_str()), (0, ""));
        assert_snapshot!(name, told.stdout);
    }
}

#[test]
fn completions_know_every_command() {
    let workshop = fresh();
    for shell in ["bash", "zsh", "fish"] {
        let told = told(&workshop, &format!("completions {shell}"));
        assert_eq!((told.code, told.stderr.as_str()), (0, ""));
        for word in [
            "check",
            "list",
            "hint",
            "completions",
            "solution",
            "seed",
            "keycloak",
        ] {
            assert!(told.stdout.contains(word), "{shell} lacks {word}");
        }
    }
}

#[test]
fn an_unknown_command_or_flag_is_told_with_the_nearest() {
    let workshop = fresh();
    for (wrong, nearest) in [("chek", "'check'"), ("check --solutoin", "'--solution'")] {
        let told = told(&workshop, wrong);
        assert_eq!(told.code, 2);
        assert!(told.stderr.contains(nearest), "{}", told.stderr);
    }
}

#[test]
fn list_shows_every_step_and_where_you_are() {
    let workshop = fresh();
    let told = told(&workshop, "list");
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    assert_snapshot!("list", told.stdout);
    assert!(!workshop.path(".workshop").exists(), "list only reads");
}

#[test]
fn without_a_command_it_says_where_you_are_and_what_is_next() {
    let workshop = fresh();
    let at_root = told(&workshop, "");
    assert_eq!((at_root.code, at_root.stderr.as_str()), (1, ""));
    redacted(&workshop).bind(|| assert_snapshot!("here", at_root.stdout));

    let mut command = workshop.checker("");
    command.current_dir(workshop.path("exercises/ex3_store/src"));
    let below = told_by(&workshop, command);
    assert_eq!(below.code, 1);
    assert!(below.stdout.contains("next  1.1"), "{}", below.stdout);
}

#[test]
fn the_agenda_counts_from_nought_or_goes_by_the_clock() {
    let workshop = fresh();
    for (name, words) in [
        ("agenda", "agenda"),
        ("agenda_by_the_clock", "agenda --start 09:00"),
    ] {
        let told = told(&workshop, words);
        assert_eq!((told.code, told.stderr.as_str()), (0, ""));
        assert_snapshot!(name, told.stdout);
    }
    let late = told(&workshop, "agenda --start 22:30");
    assert!(late.stdout.contains("23:50  00:30"), "{}", late.stdout);
    for wrong in ["9", "24:00", "09:60", "9:5", "+9:00", "09:00:00", "noon"] {
        let told = told(&workshop, &format!("agenda --start {wrong}"));
        assert_eq!(told.code, 2, "{wrong}");
        let said = "expected a time of day, such as 09:00 or 13:30";
        assert!(told.stderr.contains(said), "{wrong}: {}", told.stderr);
    }
}

#[test]
fn an_exercise_and_a_step_have_several_names() {
    let workshop = fresh();
    let steps = |words: &str| -> Vec<String> {
        let told = told(&workshop, &format!("check {words} --format json --seed 7"));
        assert_eq!(told.code, 1, "{words}: {told:?}");
        outcomes(&told.json())
    };
    let all = steps("ex3");
    assert_eq!(all.len(), 11);
    // Without a name it is the one that was named last.
    for words in ["3", "ex3_store", ""] {
        assert_eq!(steps(words), all, "{words}");
    }
    let first = steps("ex1");
    assert!(first[0].starts_with("1.1 "), "{first:?}");
    assert_eq!(steps("all"), first, "all begins with the first");
    for words in ["3.4", "ex3 3.4", "ex3 4", "3 4", "ex3_store 4"] {
        assert_eq!(steps(words), ["3.4 not_started"], "{words}");
    }
}

#[test]
fn a_name_that_is_none_is_told_with_the_nearest() {
    let workshop = fresh();
    let wrong = [
        "check ex33",
        "check 3.44",
        "check exx3_store",
        "check ex3 3.44",
        "check ex3 99",
        "check al",
        "check qqqq",
        "check all 3.4",
        "check 3.4 5",
        "hint 9.9",
        "hint ex3",
        "hint all",
    ];
    let mut said = String::new();
    for words in wrong {
        let told = told(&workshop, words);
        said += &format!("{words}: {}\n", told.could_not());
    }
    assert_snapshot!("unknown_names", said);
    assert!(
        !workshop.path(".workshop").exists(),
        "nothing is remembered"
    );
}

#[test]
fn what_is_only_planned_is_not_written_yet() {
    let workshop = fresh().with_an_exercise_that_is_planned();
    for words in ["check ex6", "hint ex6", "solution ex6"] {
        let told = told(&workshop, words);
        let said = told.could_not();
        assert!(said.contains("is not written yet"), "{said}");
        assert!(said.ends_with("Ready: ex1, ex2, ex3, ex4, ex5"), "{said}");
    }
}

#[test]
fn too_many_words_are_told_with_the_usage() {
    let workshop = fresh();
    for words in ["check ex3 3.4 5", "list ex3", "hint 3.4 3.5", "completions"] {
        let told = told(&workshop, words);
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{words}");
        assert!(told.stderr.contains("Usage: cargo checker"), "{words}");
    }
}

#[test]
fn hints_go_from_a_nudge_to_almost_the_code_and_then_come_all_at_once() {
    let workshop = fresh();
    let hint = |words: &str| {
        let told = told(&workshop, words);
        assert_eq!((told.code, told.stderr.as_str()), (0, ""));
        told.stdout
    };
    let ladder = [0; 4].map(|_| hint("hint 3.4"));
    assert_snapshot!("hints", ladder.join("\n"));
    assert_eq!(hint("hint 3.4"), ladder[3]);
    assert_eq!(hint("hint 3.4 --again"), ladder[3]);
}

#[test]
fn hints_that_were_seen_are_shown_again_without_a_new_one() {
    let workshop = fresh();
    let none = told(&workshop, "hint 3.6 --again");
    assert_eq!(
        none.could_not(),
        "you have not seen a hint for 3.6 yet. `cargo checker hint 3.6` shows the first"
    );
    let first = told(&workshop, "hint 3.6").stdout;
    assert_eq!(told(&workshop, "hint 3.6 --again").stdout, first);
    let second = told(&workshop, "hint 3.6").stdout;
    assert!(second.contains("hint 2 of 3") && !second.contains("hint 1 of 3"));
    let again = told(&workshop, "hint 3.6 --again").stdout;
    assert!(again.contains("hint 1 of 3") && again.contains("hint 2 of 3"));
    assert!(!again.contains("hint 3 of 3"), "{again}");
    assert!(told(&workshop, "hint 3.6").stdout.contains("hint 3 of 3"));
}

#[test]
fn a_hint_fits_the_width_but_for_links_and_code() {
    let workshop = fresh();
    let course = course();
    let ready = course.exercises.iter().filter(|exercise| exercise.ready);
    let steps = ready.flat_map(|exercise| &exercise.steps);
    for step in steps.map(|step| &step.id) {
        for _ in 0..2 {
            let hint = told(&workshop, &format!("hint {step}")).stdout;
            let long = hint.lines().find(|line| line.chars().count() > 100);
            assert!(
                long.is_none_or(|line| line.trim_start().starts_with("https://")),
                "{hint}"
            );
        }
    }
}

#[test]
fn a_bare_hint_is_for_the_first_open_step() {
    let workshop = fresh();
    let hint = || told(&workshop, "hint").stdout;
    assert!(hint().starts_with("1.1 "));
    workshop.write(
        ".workshop/progress.toml",
        "current = 'ex3_store'\n[steps]\n'3.1' = 'passed'\n'3.2' = 'regressed'\n'3.3' = 'passed'",
    );
    assert!(hint().starts_with("3.2 "));
    let all = (1..=11).map(|n| format!("'3.{n}' = 'passed'\n"));
    let all: String = all.collect();
    let current = "current = 'ex3_store'\n[steps]\n";
    workshop.write(".workshop/progress.toml", &format!("{current}{all}"));
    let told = told(&workshop, "hint");
    assert_eq!(
        told.could_not(),
        "every step has passed, so you need no hint. `cargo checker hint 3.4` shows the hints for a step"
    );
}
