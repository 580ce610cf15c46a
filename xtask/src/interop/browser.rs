//! The pages of exercise 4 in a real browser: the tests of the checker that need one. `cargo ci`
//! runs them where one is installed; here they are never left out.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use super::{Setup, build_tests, cargo};
use crate::peers::{Peers, call};

/// What the names of these tests begin with, and the proofs that say less without a browser.
const TESTS: [&str; 4] = [
    "in_a_browser",
    "proofs::an_untouched_starter",
    "proofs::block_after_block",
    "proofs::every_solution",
];

/// They start a browser some hundred times.
const PATIENCE: Duration = Duration::from_secs(900);

pub(super) async fn run(setup: &Setup) {
    setup.tally.peer("The pages of exercise 4 in a browser");
    let peers = Peers::new(&setup.root, &setup.guard);
    let browser = match peers.browser().await {
        Ok(browser) => browser,
        Err(error) => {
            let none = async { Err(error) };
            return setup.tally.check("a browser is there", none).await;
        }
    };
    setup
        .tally
        .check("a browser is there", version(setup, &browser))
        .await;
    let sentence =
        "correct pages pass, every flaw of 4.8 and 4.9 is reported, and each block draws its part";
    setup.tally.check(sentence, tests(setup, &browser)).await;
}

async fn version(setup: &Setup, browser: &Path) -> Result<String> {
    let mut command = Command::new(browser);
    command.arg("--version");
    let said = call(command, &setup.guard, Duration::from_secs(60)).await?;
    Ok(said.ended_well()?.trim().to_owned())
}

async fn tests(setup: &Setup, browser: &Path) -> Result<String> {
    build_tests(setup).await?;
    let mut command = cargo(setup);
    command
        .args([
            "test",
            "--locked",
            "--package",
            "checker",
            "--test",
            "it",
            "--",
        ])
        .args(TESTS)
        .env("CHROME", browser)
        .env("CHECKER_BROWSER", "required")
        .env("INSTA_UPDATE", "no");
    passed(&call(command, &setup.guard, PATIENCE).await?.ended_well()?)
}

/// `test result: ok. 4 passed; …`
pub(super) fn passed(said: &str) -> Result<String> {
    let result = said
        .lines()
        .find_map(|line| line.strip_prefix("test result: ok. "));
    let result = result.context("cargo reports no test that passed")?;
    let count: usize = result.split(' ').next().unwrap_or_default().parse()?;
    ensure!(count > 0, "no test was run: {result}");
    Ok(format!("{count} tests pass"))
}
