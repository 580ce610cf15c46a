//! Each flaw of a broken program has to fail its step, and no other.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use checker::course::Exercise;
use checker::subject::Program;
use checker::verdict::{ExerciseReport, Outcome, StepReport};
use futures::stream::{self, StreamExt};

use super::{beside_checker, check, told};

/// The longest that an attendee waits for a verdict on any of them.
const LONGEST: Duration = Duration::from_secs(25);

/// Checks a program with each of these flaws, and gives what an attendee reads of them.
pub async fn fail_alone(
    exercise: &Exercise,
    step: &str,
    flaws: &str,
    broken: impl Fn(&str) -> Program,
) -> String {
    let broken = &broken;
    let reports: Vec<(&str, ExerciseReport)> = stream::iter(flaws.split_whitespace())
        .map(async |flaw| {
            let begin = Instant::now();
            let report = check(exercise, broken(flaw), 7).await;
            let took = begin.elapsed();
            assert!(took < LONGEST, "{flaw} took {took:?}");
            (flaw, report)
        })
        .buffered(2)
        .collect()
        .await;
    let mut all = String::new();
    let mut wrong = String::new();
    for (flaw, report) in &reports {
        let (failed, told) = (failed(report), told(report));
        if failed != step {
            wrong += &format!("{flaw} fails {failed:?}:\n{told}\n");
        }
        all += &format!("== {flaw}\n{told}\n");
    }
    assert!(!all.is_empty(), "{step} has no flaw");
    assert!(wrong.is_empty(), "not {step} alone:\n{wrong}");
    all
}

/// The ids of the failed steps.
pub fn failed(report: &ExerciseReport) -> String {
    let failed = |step: &&StepReport| step.outcome == Outcome::Failed;
    let failed = report.steps.iter().filter(failed);
    let ids: Vec<&str> = failed.map(|step| step.id.as_str()).collect();
    ids.join(" ")
}

/// That this broken program has the flaws of the table, and no others.
pub fn are_all_flaws(program: &str, option: &str, flaws: &[(&str, &str)]) {
    let listed = Command::new(beside_checker(program)).arg(option).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let names = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let listed: BTreeSet<&str> = names.collect();
    let covered = flaws.iter().flat_map(|(_, flaws)| flaws.split_whitespace());
    assert_eq!(listed, covered.collect::<BTreeSet<_>>());
}
