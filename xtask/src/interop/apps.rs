//! The pages of exercise 4 in hosts that other people wrote, in a browser: the reference AppBridge of
//! `@modelcontextprotocol/ext-apps`, and MCP Inspector. The scripts in `interop/apps/` make the checks.

use anyhow::Result;
use checker::checks::store::SERVING;
use checker::patience::Patience;

use super::client::{heard, tell};
use super::{LEGACY, MODERN, Setup};
use crate::peers::Peers;

/// A script, what it speaks with the store, and how many checks it makes.
struct Script {
    host: &'static str,
    name: &'static str,
    revisions: &'static [&'static str],
    checks: usize,
}

const HOSTS: [Script; 2] = [
    Script {
        host: "the reference AppBridge",
        name: "bridge.cjs",
        revisions: &[MODERN, LEGACY],
        checks: 11,
    },
    Script {
        host: "MCP Inspector",
        name: "inspector.cjs",
        revisions: &[LEGACY],
        checks: 3,
    },
];

pub(super) async fn run(setup: &Setup) {
    setup
        .tally
        .peer("The pages of exercise 4 in other hosts, in a browser");
    for script in &HOSTS {
        for revision in script.revisions {
            let place = format!("{}, {revision}", script.host);
            match show(setup, script, revision).await {
                Ok(lines) => tell(setup, &place, lines).await,
                Err(error) => setup.tally.check(&place, async { Err(error) }).await,
            }
        }
    }
}

async fn show(setup: &Setup, script: &Script, revision: &str) -> Result<Vec<super::client::Line>> {
    let browser = Peers::new(&setup.root, &setup.guard).browser().await?;
    // Lives as long as the call.
    let store = setup
        .asking
        .serve(SERVING, Patience::default().listening)
        .await?;
    let path = setup.root.join("interop/apps").join(script.name);
    let mut command = setup.node.script(path);
    command.args([revision, store.url().as_str()]).arg(browser);
    setup.node.keeps_to_itself(&mut command);
    heard(setup, command, script.checks).await
}
