//! Users who sign in at a realm, with the clients of others and with the checker's own, to use the store of
//! exercise 5. They do so on the realm's own pages, in a real browser.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use checker::checks::store::SERVING;
use checker::patience::Patience;
use checker::subject::Program;
use checker::subject::server::Server;
use serde_json::Value;
use tokio::process::Command;

use super::client::{heard, tell};
use super::{LEGACY, MODERN, Setup};
use crate::peers::{Peers, call, solution};

/// How long one run may take. A browser is started in it.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many checks `interop/signed_in.py` makes.
const OF_FASTMCP: usize = 2;

/// What the checker cannot do with a realm that is not its own.
const COULD_NOT: [&str; 2] = ["5.4", "5.6"];

/// Has everybody sign in at this realm.
pub(super) async fn run(setup: &Setup, issuer: &str) {
    let tally = &setup.tally;
    tally
        .check(
            "the solution of exercise 5 passes with its tokens",
            passes(setup, issuer),
        )
        .await;
    for (revision, era) in [(MODERN, "modern"), (LEGACY, "legacy")] {
        let place = format!("a FastMCP client on {revision}");
        match fastmcp(setup, issuer, revision).await {
            Ok(lines) => tell(setup, &place, lines).await,
            Err(error) => tally.check(&place, async { Err(error) }).await,
        }
        let sentence =
            format!("MCP Inspector on {revision}: its user signs in, and looks at the orders");
        tally.check(&sentence, inspector(setup, issuer, era)).await;
    }
}

/// The store, which takes the tokens of this realm.
async fn store(setup: &Setup, issuer: &str) -> Result<Server> {
    let store = solution(&setup.root, "ex5_auth", &setup.guard).await?;
    let store = Program {
        environment: vec![("REALM_URL".to_owned(), issuer.to_owned())],
        ..store
    };
    Ok(store.serve(SERVING, Patience::default().listening).await?)
}

/// Where the browser is, and the script that is its user.
async fn browser(setup: &Setup) -> Result<(PathBuf, PathBuf)> {
    let peers = Peers::new(&setup.root, &setup.guard);
    let script = setup.root.join("interop/sign_in.cjs");
    Ok((peers.browser().await?, script))
}

async fn passes(setup: &Setup, issuer: &str) -> Result<String> {
    let mut command = Command::new(&setup.checker);
    command
        .current_dir(&setup.root)
        .args(["check", "ex5", "--solution", "--format", "json"])
        .args(["--realm", issuer]);
    let said = call(command, &setup.guard, PATIENCE).await?;
    let report: Value = serde_json::from_str(&said.stdout).with_context(|| said.to_string())?;
    let steps = report["exercises"][0]["steps"].as_array();
    let steps = steps.context("the report has no steps")?;
    for step in steps {
        let id = step["id"].as_str().unwrap_or_default();
        let expected = if COULD_NOT.contains(&id) {
            "could_not_check"
        } else {
            "passed"
        };
        ensure!(step["outcome"] == expected, "{step:#}");
    }
    Ok(format!(
        "{} steps passed, {} take a realm of the checker's own",
        steps.len() - COULD_NOT.len(),
        COULD_NOT.join(" and ")
    ))
}

async fn fastmcp(setup: &Setup, issuer: &str, revision: &str) -> Result<Vec<super::client::Line>> {
    let (browser, script) = browser(setup).await?;
    let server = store(setup, issuer).await?;
    let user = setup.node.script(script);
    let words = [
        user.as_std().get_program().to_string_lossy().into_owned(),
        user.as_std()
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" "),
        browser.to_string_lossy().into_owned(),
    ];
    let mut command = setup.python.script(setup.root.join("interop/signed_in.py"));
    command
        .arg(revision)
        .arg(server.url().as_str())
        // With an ampersand, Python does not wait for the browser to be closed.
        .env("BROWSER", format!("{} %s &", words.join(" ")));
    setup.node.finds_packages(&mut command);
    heard(setup, command, OF_FASTMCP).await
}

/// Inspector is a client that the realm knows before: its registration names an address at a host that
/// the realm does not trust.
async fn inspector(setup: &Setup, issuer: &str, era: &str) -> Result<String> {
    let (browser, script) = browser(setup).await?;
    let server = store(setup, issuer).await?;
    let opener = opener(setup, &browser, &script)?;
    let mut command = setup.node.inspector();
    command
        .args(["--protocol-era", era, "--transport", "http"])
        .arg(server.url().as_str())
        .args(["--client-id", "editor"])
        .args(["--method", "tools/call", "--tool-name", "my_orders"])
        .env("MCP_INSPECTOR_SECRET_STORE", "memory")
        .env("MCP_AUTO_OPEN_ENABLED", "true")
        .env("BROWSER", opener)
        .env("SIGN_IN_AS", "alice");
    let said = call(command, &setup.guard, PATIENCE).await?.ended_well()?;
    let begin = said.find("{\n").unwrap_or_default();
    let result: Value =
        serde_json::from_str(&said[begin..]).with_context(|| format!("it said {said}"))?;
    let orders = &result["structuredContent"]["orders"];
    ensure!(orders.as_array().is_some_and(Vec::is_empty), "{result:#}");
    Ok("it has bought nothing yet".to_owned())
}

/// A program that takes an address alone, as desktops have it.
fn opener(setup: &Setup, browser: &std::path::Path, script: &std::path::Path) -> Result<PathBuf> {
    let user = setup.node.script(script);
    let user = user.as_std();
    let arguments = user.get_args().map(|word| word.to_string_lossy());
    let words: Vec<_> = [user.get_program().to_string_lossy()]
        .into_iter()
        .chain(arguments)
        .chain([browser.to_string_lossy()])
        .collect();
    let line = shlex::try_join(words.iter().map(|word| word.as_ref()))?;
    let file = setup.root.join("target/interop/open-for-inspector.sh");
    std::fs::write(&file, format!("#!/bin/sh\nexec {line} \"$1\"\n"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(file)
}
