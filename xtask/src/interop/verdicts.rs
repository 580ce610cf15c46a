//! What the checker says of a subject, step by step and era by era, compared with what is so.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use checker::checks::{Eras, eras_of};
use checker::course::Step;
use serde::Deserialize;
use tokio::process::Command;

use super::Setup;
use crate::peers::call;

const ERAS: [&str; 2] = ["modern", "legacy"];

/// What the report says in place of an era, where none applies.
const ANY: &str = "any";

/// How long the checker may take to judge a peer. Each run of an agent in Python takes two seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is said of each step on each era, by `3.4 modern`.
pub(super) type Verdicts = BTreeMap<String, Said>;

/// Its outcome, and the codes of its findings.
pub(super) type Said = (String, Vec<String>);

/// What is wrong with a peer, and how it shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flaw<'a> {
    /// Its name in the peer.
    pub name: &'a str,
    /// The step that it fails, and the finding there.
    pub step: &'a str,
    pub code: &'a str,
    /// The only era in which it shows. `None` is both.
    pub era: Option<&'a str>,
}

impl Flaw<'static> {
    /// One that shows in both eras.
    pub(super) const fn of(name: &'static str, step: &'static str, code: &'static str) -> Self {
        Self {
            name,
            step,
            code,
            era: None,
        }
    }
}

/// What the checker should say of each of these steps in each era. `unreached` is what it has no
/// way to, `unbegun` what the peer does not do.
pub(super) fn expected<'a>(
    steps: impl Iterator<Item = &'a Step>,
    flaw: Option<Flaw<'_>>,
    unreached: &[&str],
    unbegun: &[&str],
) -> Verdicts {
    let mut expected = Verdicts::new();
    let mut outcomes: Vec<(&str, &str, &str)> = Vec::new();
    for step in steps {
        let eras: &[&str] = match eras_of(&step.id) {
            Eras::Each => &ERAS,
            Eras::Once => &[ANY],
        };
        for era in eras {
            let flaw = flaw.filter(|flaw| flaw.era.is_none_or(|only| only == *era));
            let of_needed = |outcome: &str| {
                outcomes.iter().any(|(id, on, came)| {
                    // What runs once waits for all eras.
                    let counts = [ANY, *on].contains(era) || *on == ANY;
                    counts && *came == outcome && step.needs.iter().any(|need| need == id)
                })
            };
            let outcome = if of_needed("failed") || of_needed("not_started") {
                "not_started"
            } else if unreached.contains(&step.id.as_str()) || of_needed("could_not_check") {
                "could_not_check"
            } else if unbegun.contains(&step.id.as_str()) {
                "not_started"
            } else if flaw.is_some_and(|flaw| flaw.step == step.id) {
                "failed"
            } else {
                "passed"
            };
            outcomes.push((&step.id, *era, outcome));
            let code = flaw.filter(|_| outcome == "failed").map(|flaw| flaw.code);
            let codes = code.into_iter().map(str::to_owned).collect();
            let key = format!("{} {era}", step.id);
            expected.insert(key, (outcome.to_owned(), codes));
        }
    }
    expected
}

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

/// Has the checker judge an exercise, or one step; `subject` says whose.
pub(super) async fn verdicts(
    setup: &Setup,
    what: &str,
    subject: impl FnOnce(&mut Command) -> Result<()>,
) -> Result<Verdicts> {
    let mut checker = Command::new(&setup.checker);
    checker
        .current_dir(&setup.root)
        .args(["check", what, "--format", "json"]);
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
