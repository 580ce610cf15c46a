//! What to do about a 401: find out where to log in.

use std::time::Duration;

use http_auth::parse_challenges;
use reqwest::{Url, redirect};
use rmcp::service::ClientInitializeError;
use serde::Deserialize;

use crate::failure::Failure;

/// The metadata of a protected server (RFC 9728).
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    authorization_servers: Vec<String>,
}

/// Why there is no session: a 401 with a challenge, or something else.
pub async fn needed_or(url: &Url, error: ClientInitializeError) -> Failure {
    let Some(challenge) = error.auth_challenge() else {
        return Failure::from(error);
    };
    Failure::NeedsLogin(match authorization_servers(url, challenge).await {
        Some(servers) => format!("log in at {}, or send a key with -H", servers.join(" or ")),
        None => "send a key with -H 'Authorization: Bearer KEY'".to_owned(),
    })
}

// ANCHOR: step_1_6
/// Where users can log in, according to the server's metadata.
async fn authorization_servers(url: &Url, challenge: &str) -> Option<Vec<String>> {
    // TODO 1.6 (bonus): find the address of the metadata in the challenge (use `parse_challenges`),
    // `fetch` it, and return its authorization servers.
    todo!("1.6")
}
// ANCHOR_END: step_1_6

/// How long the server may take to send its metadata.
const PATIENCE: Duration = Duration::from_secs(10);

/// How large the metadata may be, in bytes. It usually has a few hundred.
const MOST: usize = 1024 * 1024;

/// Fetches this address. It does not follow redirects, which could lead anywhere.
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
