//! A script that looks at something in a real browser, and says of each check what it saw.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use tokio::process::Command;

use super::Setup;
use crate::peers::call;

/// What a script says of a check, a line of JSON.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) sentence: String,
    seen: Option<String>,
    pub(super) wrong: Option<String>,
}

/// Runs the script that `command` makes, and counts its checks. Fewer than `least` have not all run.
pub(super) async fn run(
    setup: &Setup,
    command: impl AsyncFnOnce() -> Result<Command>,
    patience: Duration,
    least: usize,
) {
    let told = async { told(setup, command().await?, patience).await };
    let told = match told.await {
        Ok(told) => told,
        Err(error) => {
            let none = async { Err(error) };
            return setup.tally.check("the script runs", none).await;
        }
    };
    let count = told.len();
    for Told {
        sentence,
        seen,
        wrong,
    } in told
    {
        let outcome = async move {
            match (seen, wrong) {
                (Some(seen), None) => Ok(seen),
                (_, wrong) => bail!(wrong.unwrap_or_else(|| "it says nothing".to_owned())),
            }
        };
        setup.tally.check(&sentence, outcome).await;
    }
    let all = async {
        ensure!(count >= least, "only {count} checks ran");
        Ok(format!("{count} of them"))
    };
    setup.tally.check("every check ran", all).await;
}

/// What the script says of each of its checks.
pub(super) async fn told(setup: &Setup, command: Command, patience: Duration) -> Result<Vec<Told>> {
    let said = call(command, &setup.guard, patience).await?;
    let lines = said.stdout.lines();
    let told: Vec<Told> = lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if told.is_empty() {
        said.ended_well()?;
    }
    Ok(told)
}
