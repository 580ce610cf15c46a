//! The official conformance suite's scenarios for authorization servers, against the realm. The suite
//! sends a user to a login page; `interop/sign_in.cjs` is that user, in a real browser.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use checker::subject::process::Process;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use super::{Check, Excuse, checks, fresh, judge};
use crate::interop::{MODERN, Setup};
use crate::peers::{Peers, call};

/// How long all of it may take: two starts of Node and one of a browser.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the suite takes for a store. It is asked for nothing.
const RESOURCE: &str = "http://localhost:8420/mcp";

const EXCUSED: &[Excuse] = &[Excuse {
    check: "authorization-server-metadata-cimd",
    why: "client ID metadata documents are experimental in Keycloak, and off",
    said: "Authorization server metadata does not include \"client_id_metadata_document_supported\"",
}];

/// Has the suite look at a realm, and signs in where it asks for that. `documents`: whether the realm
/// has client ID metadata documents.
pub(in crate::interop) async fn run(setup: &Setup, kind: &str, issuer: &str, documents: bool) {
    let excused = if documents { &[] } else { EXCUSED };
    let sentence = format!(
        "{MODERN} authorization-server-metadata-endpoint, authorization-code-grant: metadata, and a login in a browser"
    );
    let playing = async {
        let checks = played(setup, kind, issuer).await?;
        let has = |id: &str| checks.iter().any(|check| check.id == id);
        ensure!(has("authorization-code-grant"), "no grant was tried");
        judge(&checks, excused)
    };
    setup.tally.check(&sentence, playing).await;
    for Excuse { check, why, .. } in excused {
        println!("   left out, because {why}:\n     {check}");
    }
}

async fn played(setup: &Setup, kind: &str, issuer: &str) -> Result<Vec<Check>> {
    let folder = fresh(setup, MODERN, &format!("authorization-{kind}"))?;
    let port = free_port()?;
    let client = registered(issuer, port).await?;
    let mut command = setup.node.conformance();
    command
        .args(["authorization", "--url", issuer, "--client-id", &client])
        .args(["--resource", RESOURCE, "--port", &port.to_string()])
        .args(["--spec-version", MODERN, "--output-dir"])
        .arg(&folder);
    let mut suite =
        Process::start(command, &setup.guard).context("the suite could not be started")?;
    let stdout = suite.take_stdout().context("the suite has no stdout")?;
    let mut lines = BufReader::new(stdout).lines();
    let playing = async {
        let mut said = String::new();
        while let Some(line) = lines.next_line().await? {
            if line.starts_with(issuer) {
                signed_in(setup, &line).await?;
            }
            said += &line;
            said += "\n";
        }
        suite.ended().await;
        anyhow::Ok(said)
    };
    let said = timeout(PATIENCE, playing).await;
    let said = said.context("the suite did not exit")??;
    checks(&folder).context(said)
}

/// Signs in as alice, and agrees.
async fn signed_in(setup: &Setup, url: &str) -> Result<()> {
    let browser = Peers::new(&setup.root, &setup.guard).browser().await?;
    let mut command = setup.node.script(setup.root.join("interop/sign_in.cjs"));
    command.arg(browser).arg(url);
    let said = call(command, &setup.guard, PATIENCE).await?;
    said.ended_well().context("nobody could sign in")?;
    Ok(())
}

/// Registers a public client that is answered where the suite listens. It names no scope: the suite asks
/// for none either, and Keycloak asks the user only about scopes.
async fn registered(issuer: &str, port: u16) -> Result<String> {
    let url = format!("{issuer}/clients-registrations/openid-connect");
    let metadata = json!({
        "client_name": "Conformance",
        "redirect_uris": [format!("http://127.0.0.1:{port}/callback")],
        "token_endpoint_auth_method": "none",
    });
    let request = reqwest::Client::new().post(url);
    let request = request.header("content-type", "application/json");
    let answer = request.body(metadata.to_string()).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    let client: Value = serde_json::from_str(&text).unwrap_or_default();
    match client["client_id"].as_str() {
        Some(id) => Ok(id.to_owned()),
        None => bail!("registration: {status} {text}"),
    }
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}
