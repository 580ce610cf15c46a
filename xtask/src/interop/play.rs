//! The page of `cargo checker play` in a real browser: with the solution of exercise 4, and with a
//! server that does what no server should. `interop/play/checks.cjs` is the person at it.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;

use super::Setup;
use crate::peers::{Peers, built, call};

/// It takes half a minute on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Fewer checks than this have not all run.
const LEAST: usize = 34;

/// What the script says of a check.
#[derive(Debug, Deserialize)]
struct Told {
    sentence: String,
    seen: Option<String>,
    wrong: Option<String>,
}

pub(super) async fn run(setup: &Setup) {
    setup.tally.peer("cargo checker play in a browser");
    let told = match told(setup).await {
        Ok(told) => told,
        Err(error) => {
            let none = async { Err(error) };
            return setup.tally.check("the page can be looked at", none).await;
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
        ensure!(count >= LEAST, "only {count} checks ran");
        Ok(format!("{count} of them"))
    };
    setup.tally.check("every check ran", all).await;
}

async fn told(setup: &Setup) -> Result<Vec<Told>> {
    let peers = Peers::new(&setup.root, &setup.guard);
    let browser = peers.browser().await?;
    // Built now, so that no patience of the script includes cargo.
    built(&setup.root, "ex4_interact_solution", &setup.guard).await?;
    let mut command = setup
        .node
        .script(setup.root.join("interop/play/checks.cjs"));
    command
        .current_dir(&setup.root)
        .arg(&setup.checker)
        .arg(browser);
    let said = call(command, &setup.guard, PATIENCE).await?;
    let lines = said.stdout.lines();
    let told: Vec<Told> = lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if told.is_empty() {
        said.ended_well()?;
    }
    Ok(told)
}
