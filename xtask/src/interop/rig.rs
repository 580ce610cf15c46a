//! The agent of exercise 2 on a framework, rig: a workspace of its own, so nothing else builds it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::Setup;
use crate::peers::call;

const AGENT: &str = "solutions/ex2_agent_rig";

/// How long cargo may take: some 290 crates, on a machine of two cores.
const BUILD: Duration = Duration::from_secs(900);
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn run(setup: &Setup) {
    setup.tally.peer("The agent of exercise 2 on rig");
    println!("building the agent on rig (once, some minutes)");
    let sentence = "it passes every step of exercise 2, in both eras";
    setup.tally.check(sentence, passes(setup)).await;
    let sentence = "clippy has no warnings of it";
    setup.tally.check(sentence, is_clean(setup)).await;
}

async fn passes(setup: &Setup) -> Result<String> {
    cargo(setup, "build", &[]).await?;
    let agent = target(setup).join("debug/ex2_agent_rig");
    let agent = agent.to_str().context("the checkout's path is no text")?;
    let mut checker = Command::new(&setup.checker);
    checker
        .current_dir(&setup.root)
        .args(["check", "ex2", "--format", "json", "--command"])
        .arg(shlex::try_quote(agent)?.as_ref());
    let said = call(checker, &setup.guard, PATIENCE).await?.ended_well()?;
    let report: Value = serde_json::from_str(&said)?;
    let steps = report["exercises"][0]["steps"].as_array();
    let steps = steps.context("a report without steps")?;
    let passed = steps.iter().filter(|step| step["outcome"] == "passed");
    let passed = passed.count();
    ensure!(passed == steps.len() && passed > 0, "{said}");
    Ok(format!("{passed} of {} steps passed", steps.len()))
}

/// `cargo ci` builds none of it, so this is the one place that lints it.
async fn is_clean(setup: &Setup) -> Result<String> {
    cargo(setup, "clippy", &["--", "--deny", "warnings"]).await?;
    Ok("no warnings".to_owned())
}

fn target(setup: &Setup) -> PathBuf {
    setup.root.join("target/interop/rig")
}

/// Runs cargo in the agent's workspace.
async fn cargo(setup: &Setup, command: &str, rest: &[&str]) -> Result<()> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo
        .current_dir(setup.root.join(AGENT))
        .arg(command)
        .args(["--locked", "--quiet", "--target-dir"])
        .arg(target(setup))
        .args(rest);
    call(cargo, &setup.guard, BUILD).await?.ended_well()?;
    Ok(())
}
