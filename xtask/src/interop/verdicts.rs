//! What the checker says of a subject, step by step and era by era, compared with what is so.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tokio::process::Command;

use super::Setup;
use crate::peers::call;

pub(super) const ERAS: [&str; 2] = ["modern", "legacy"];

/// How long the checker may take to judge a peer. Each run of an agent in Python takes two seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is said of each step on each era, by `3.4 modern`.
pub(super) type Verdicts = BTreeMap<String, Said>;

/// Its outcome, and the codes of its findings.
pub(super) type Said = (String, Vec<String>);

/// The checker's report, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Report {
    exercises: Vec<ExerciseReport>,
}

#[derive(Debug, Deserialize)]
struct ExerciseReport {
    steps: Vec<StepReport>,
}

#[derive(Debug, Deserialize)]
struct StepReport {
    id: String,
    eras: BTreeMap<String, EraReport>,
}

#[derive(Debug, Deserialize)]
struct EraReport {
    outcome: String,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    code: String,
}

/// Has the checker judge an exercise; `subject` says whose.
pub(super) async fn verdicts(
    setup: &Setup,
    exercise: &str,
    subject: impl FnOnce(&mut Command) -> Result<()>,
) -> Result<Verdicts> {
    let mut checker = Command::new(&setup.checker);
    checker
        .current_dir(&setup.root)
        .args(["check", exercise, "--format", "json"]);
    subject(&mut checker)?;
    let said = call(checker, &setup.guard, PATIENCE).await?;
    let report: Report =
        serde_json::from_str(&said.stdout).with_context(|| format!("no report: {said}"))?;
    let [exercise] = report.exercises.as_slice() else {
        bail!("the report is about {} exercises", report.exercises.len());
    };
    let mut verdicts = Verdicts::new();
    for step in &exercise.steps {
        for (era, report) in &step.eras {
            let codes = report.findings.iter().map(|finding| finding.code.clone());
            let said: Said = (report.outcome.clone(), codes.collect());
            verdicts.insert(format!("{} {era}", step.id), said);
        }
    }
    Ok(verdicts)
}

/// Hands the checker a command, with its environment.
pub(super) fn by_command(checker: &mut Command, command: &Command) -> Result<()> {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let words = words.iter().map(|word| word.as_ref());
    checker.args(["--command", &shlex::try_join(words)?]);
    let set = command.get_envs();
    checker.envs(set.filter_map(|(name, value)| Some((name, value?))));
    Ok(())
}

/// That the checker says what is so; in a few words, how much passed.
pub(super) fn agree(so: &Verdicts, said: &Verdicts) -> Result<String> {
    let differences: Vec<String> = so
        .keys()
        .chain(said.keys().filter(|key| !so.contains_key(*key)))
        .filter(|key| so.get(*key) != said.get(*key))
        .map(|key| format!("{key}: expected {:?}, got {:?}", so.get(key), said.get(key)))
        .collect();
    ensure!(differences.is_empty(), differences.join("\n"));
    let passed = said.values().filter(|(outcome, _)| outcome == "passed");
    Ok(format!(
        "{} of {} verdicts passed",
        passed.count(),
        said.len()
    ))
}
