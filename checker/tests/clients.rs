//! For every check of exercise 1 there is a client that is right but for one thing, in which
//! that step is the only one that fails; and the message is the one that an attendee should read.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::collections::BTreeSet;
use std::process::Command;

use checker::course::Exercise;
use checker::subject::Program;
use checker::subject::guard::Guard;
use checker::verdict::{ExerciseReport, Outcome};
use futures::stream::{self, StreamExt};

use common::{beside_checker, check, course, redacted, root, told};

/// The flaws that each step must find.
const FLAWS: [(&str, &str); 5] = [
    (
        "1.2",
        "only-initialize todo-elsewhere only-discover asks-nothing no-name own-version answers-on-stderr \
         info-exits-one info-panics info-hangs",
    ),
    (
        "1.3",
        "never-lists ignores-cursor forgets-cursor two-pages drops-last-of-page no-descriptions \
         unwraps-description",
    ),
    (
        "1.4",
        "never-calls calls-twice arguments-as-text arguments-as-string no-arguments other-tool \
         first-block-only unwraps-text no-structured never-reads other-uri first-contents-only",
    ),
    (
        "1.5",
        "error-as-success error-on-stdout error-on-both swallows-refusal refusal-exits-one error-exits-three \
         unreachable-exits-one unreachable-silent elsewhere-exits-three",
    ),
    (
        "1.6",
        "key-once-only no-key key-elsewhere prints-key no-login metadata-as-login login-exits-four",
    ),
];

/// Exercise 1 without its settings, which `settings.rs` of the command line's tests proves.
fn exercise() -> Exercise {
    let mut exercise = course().exercise("ex1_connect").unwrap().clone();
    exercise.steps.retain(|step| step.id != "1.1");
    exercise
}

fn broken(flaws: &str) -> Program {
    Program {
        executable: beside_checker("examples/broken_client"),
        folder: root(),
        environment: vec![("CLIENT_FLAWS".to_owned(), flaws.to_owned())],
        guard: Guard::none(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_flaw_passes_every_step_whatever_the_seed() {
    for seed in 0..5 {
        let report = check(&exercise(), broken(""), seed).await;
        let told = told(&report);
        assert_eq!(report.outcome(), Outcome::Passed, "seed {seed}:\n{told}");
        assert_eq!(passed(&report), 5, "seed {seed}:\n{told}");
    }
}

#[test]
fn every_flaw_of_the_broken_client_belongs_to_a_step() {
    let listed = Command::new(beside_checker("examples/broken_client"))
        .arg("--flaws")
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let covered: BTreeSet<&str> = FLAWS
        .iter()
        .flat_map(|(_, flaws)| flaws.split_whitespace())
        .collect();
    assert_eq!(listed.lines().collect::<BTreeSet<_>>(), covered);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flaws_of_each_step_fail_it_alone() {
    let mut wrong_ones = String::new();
    for (step, flaws) in FLAWS {
        let exercise = exercise();
        let reports: Vec<(&str, ExerciseReport)> = stream::iter(flaws.split_whitespace())
            .map(async |flaw| (flaw, check(&exercise, broken(flaw), 7).await))
            .buffered(2)
            .collect()
            .await;
        let mut all = String::new();
        let mut wrong = String::new();
        for (flaw, report) in &reports {
            if failed(report) != step {
                wrong += &format!("{flaw} fails {:?}:\n{}\n", failed(report), told(report));
            }
            all += &format!("== {flaw}\n{}\n", told(report));
        }
        redacted().bind(|| insta::assert_snapshot!(format!("step_{step}"), all));
        wrong_ones += &wrong;
    }
    assert!(wrong_ones.is_empty(), "not alone:\n{wrong_ones}");
}

/// The ids of the failed steps.
fn failed(report: &ExerciseReport) -> String {
    let failed = report
        .steps
        .iter()
        .filter(|step| step.outcome == Outcome::Failed);
    let ids: Vec<&str> = failed.map(|step| step.id.as_str()).collect();
    ids.join(" ")
}

fn passed(report: &ExerciseReport) -> usize {
    let passed = |outcome| outcome == Outcome::Passed;
    report
        .steps
        .iter()
        .filter(|step| passed(step.outcome))
        .count()
}
