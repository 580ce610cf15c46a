//! What to do about a 401: where does one log in?

use std::time::Duration;

use reqwest::{Url, redirect};
use rmcp::service::ClientInitializeError;
use serde::Deserialize;

use crate::connect::reason;
use crate::failure::Failure;

/// How long the server may take to say it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much it may say, in bytes. Metadata has some hundred.
const MOST: usize = 1024 * 1024;

/// What a server publishes about who protects it (RFC 9728).
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    authorization_servers: Vec<String>,
}

/// Why no session came about: a 401, with or without a challenge that says more, or something
/// else.
pub async fn needed_or(url: &Url, error: ClientInitializeError) -> Failure {
    let servers = match error.auth_challenge() {
        Some(challenge) => authorization_servers(url, challenge).await,
        None if reason(&error).contains("HTTP 401") => None,
        None => return Failure::from(error),
    };
    Failure::NeedsLogin(match servers {
        Some(servers) => format!("log in at {}, or send a key with -H", servers.join(" or ")),
        None => "send a key with -H 'Authorization: Bearer KEY'".to_owned(),
    })
}

// ANCHOR: step_1_6
/// Where one can log in, as the server's metadata has it.
async fn authorization_servers(url: &Url, challenge: &str) -> Option<Vec<String>> {
    // TODO 1.6 (bonus): find the address of the metadata in the challenge, `fetch` it, and
    // read who gives out logins.
    todo!("1.6")
}
// ANCHOR_END: step_1_6

/// What lies at this address, and not where it may lead to.
async fn fetch(url: Url) -> Option<Vec<u8>> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .build()
        .ok()?;
    let mut answer = client.get(url).send().await.ok()?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.ok()? {
        body.extend_from_slice(&piece);
        if body.len() > MOST {
            return None;
        }
    }
    Some(body)
}
