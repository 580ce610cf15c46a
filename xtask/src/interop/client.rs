//! FastMCP clients in the stores of the solutions: `interop/client.py` in exercise 3's and
//! `interop/asks_back.py` in exercise 4's, on both revisions, over HTTP and over stdio. The scripts
//! make the checks, and say a line of JSON for each.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use checker::checks::store::SERVING;
use checker::patience::Patience;
use checker::subject::Program;
use serde::Deserialize;
use tokio::process::Command;

use super::{LEGACY, MODERN, Setup};
use crate::peers::call;

/// How long one run of a script may take. Python alone takes 2 s to start.
const PATIENCE: Duration = Duration::from_secs(90);

/// A script, and how many checks it makes. Fewer would be a gap.
struct Script {
    what: &'static str,
    name: &'static str,
    checks: usize,
}

const USES: Script = Script {
    what: "A FastMCP client in the solution's store",
    name: "client.py",
    checks: 13,
};

const IS_ASKED: Script = Script {
    what: "FastMCP clients in the solution's store that asks",
    name: "asks_back.py",
    checks: 10,
};

/// A line that the script says.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    check: String,
    seen: Option<String>,
    failed: Option<String>,
}

pub(super) async fn run(setup: &Setup) {
    visit(setup, &USES, &setup.solution).await;
    visit(setup, &IS_ASKED, &setup.asking).await;
}

async fn visit(setup: &Setup, script: &Script, store: &Program) {
    setup.tally.peer(script.what);
    for revision in [MODERN, LEGACY] {
        for transport in ["HTTP", "stdio"] {
            let place = format!("{revision} over {transport}");
            match ask(setup, script, store, revision, transport).await {
                Ok(lines) => tell(setup, &place, lines).await,
                Err(error) => setup.tally.check(&place, async { Err(error) }).await,
            }
        }
    }
}

/// Counts what a script said.
pub(super) async fn tell(setup: &Setup, place: &str, lines: Vec<Line>) {
    for line in lines {
        let sentence = format!("{place}: {}", line.check);
        setup.tally.check(&sentence, async { line.outcome() }).await;
    }
}

async fn ask(
    setup: &Setup,
    script: &Script,
    store: &Program,
    revision: &str,
    transport: &str,
) -> Result<Vec<Line>> {
    let path = setup.root.join("interop").join(script.name);
    let mut command = setup.python.script(path);
    command.arg(revision);
    // Lives as long as the call.
    let _server = match transport {
        "HTTP" => {
            let server = store.serve(SERVING, Patience::default().listening).await?;
            command.arg(server.url().as_str());
            Some(server)
        }
        _ => {
            command.arg(&store.executable).arg("--stdio");
            SERVING.prepare(&mut command);
            None
        }
    };
    heard(setup, command, script.checks).await
}

/// What a script says of its checks, which are so many.
pub(super) async fn heard(setup: &Setup, command: Command, checks: usize) -> Result<Vec<Line>> {
    let said = call(command, &setup.guard, PATIENCE).await?.ended_well()?;
    let lines: Vec<Line> = said
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("the script said {line}")))
        .collect::<Result<_>>()?;
    ensure!(
        lines.len() == checks,
        "the script made {} checks, not {checks}",
        lines.len()
    );
    Ok(lines)
}

impl Line {
    fn outcome(self) -> Result<String> {
        match (self.seen, self.failed) {
            (Some(seen), None) => Ok(seen),
            (_, failed) => Err(anyhow!(failed.unwrap_or("it saw nothing".to_owned()))),
        }
    }
}
