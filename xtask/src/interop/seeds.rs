//! Every flaw of the tests with other seeds than the one of their snapshots: chance must not decide
//! whether a flaw is found. The tests do it themselves, where `FLAW_SEEDS` says with how many.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio::process::Command;

use super::{Setup, build_tests, cargo};
use crate::peers::call;

/// What fits into minutes on two cores. `--seeds 20` takes more than an hour.
pub(super) const FEW: u32 = 1;

/// The tests that take a flaw each: one for each step.
const TESTS: &str = "the_flaws_of";

/// How the tests say how much they tried.
const TRIED: &str = "tried ";

/// What it may take to list the tests.
const LIST: Duration = Duration::from_secs(60);

/// What one flaw may take with one seed, and how many a step has at most.
const FLAW: Duration = Duration::from_secs(25);
const FLAWS: u32 = 60;

pub(super) async fn run(setup: &Setup, seeds: u32) {
    let tally = &setup.tally;
    tally.peer(&format!(
        "Every flaw of the tests with other seeds: {seeds}"
    ));
    let tests = match tests(setup).await {
        Ok(tests) => tests,
        Err(error) => return tally.check("the tests", async { Err(error) }).await,
    };
    // Two at a time: half of each is waiting.
    let left = Mutex::new(tests.iter());
    let worker = async || {
        while let Some(test) = next(&left) {
            let sentence = format!("every flaw of {} fails it", step(test));
            tally.check(&sentence, try_all(setup, test, seeds)).await;
        }
    };
    tokio::join!(worker(), worker());
}

/// The next one that nobody has taken. In a function of its own, so that nobody waits with the lock.
fn next<'t>(left: &Mutex<impl Iterator<Item = &'t String>>) -> Option<&'t String> {
    left.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// `3.4` for `flaws::the_flaws_of_3_4_fail_it_alone`.
fn step(test: &str) -> String {
    let name = test.split(TESTS).last().unwrap_or_default();
    let numbers = name.split('_').filter(|word| word.parse::<u32>().is_ok());
    numbers.collect::<Vec<_>>().join(".")
}

/// Builds the tests and the broken programs, and gives the names of the tests.
async fn tests(setup: &Setup) -> Result<Vec<String>> {
    build_tests(setup).await?;
    let mut list = test(setup);
    list.args([TESTS, "--list", "--format", "terse"]);
    let listed = call(list, &setup.guard, LIST).await?.ended_well()?;
    let tests = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let tests: Vec<String> = tests.map(str::to_owned).collect();
    ensure!(
        !tests.is_empty(),
        "no test has {TESTS} in its name:\n{listed}"
    );
    Ok(tests)
}

async fn try_all(setup: &Setup, name: &str, seeds: u32) -> Result<String> {
    let mut command = test(setup);
    command
        .args([name, "--exact", "--show-output"])
        .env("FLAW_SEEDS", seeds.to_string())
        // A snapshot that differs is a failure, never a new snapshot.
        .env("INSTA_UPDATE", "no");
    let said = call(command, &setup.guard, FLAW * FLAWS * seeds.max(1)).await?;
    let tried = said.stdout.lines().find(|line| line.starts_with(TRIED));
    match tried {
        Some(tried) if said.status.success() => Ok(tried.to_owned()),
        _ => bail!("{said}"),
    }
}

fn test(setup: &Setup) -> Command {
    let mut command = cargo(setup);
    command.args([
        "test",
        "--locked",
        "--quiet",
        "--package",
        "checker",
        "--test",
        "it",
        "--",
    ]);
    command
}

#[test]
fn a_test_tells_its_step() {
    assert_eq!(step("flaws::the_flaws_of_3_10_fail_it_alone"), "3.10");
}
