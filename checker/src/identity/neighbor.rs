//! Who has a port already: a realm of the workshop, another Keycloak, or something else.

use std::fmt;
use std::time::Duration;

use futures::StreamExt;
use http::StatusCode;
use reqwest::{Client, redirect};
use serde_json::Value;

use crate::listener::{self, Listener};

/// How long it may take to say who it is.
const PATIENCE: Duration = Duration::from_millis(1500);

/// No realm says more about itself.
const MOST_BYTES: usize = 256 * 1024;

/// A program that listens on a port of this machine.
#[derive(Debug)]
pub struct Neighbor {
    /// What it is.
    pub kind: Kind,
    process: Option<Listener>,
}

/// What listens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The workshop's realm, by the stand-in.
    StandIn,
    /// The workshop's realm, by Keycloak.
    Keycloak,
    /// A Keycloak without that realm.
    OtherKeycloak,
    /// Anything else.
    Other,
}

impl Kind {
    /// Whether it serves the workshop's realm.
    pub fn is_the_realm(self) -> bool {
        matches!(self, Self::StandIn | Self::Keycloak)
    }
}

impl Neighbor {
    /// The command that stops it, if the system tells which process it is.
    pub fn stop(&self) -> Option<String> {
        self.process.as_ref().map(Listener::stop)
    }
}

impl fmt::Display for Neighbor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::StandIn => "the workshop's realm (the stand-in)",
            Kind::Keycloak => "the workshop's realm (a Keycloak)",
            Kind::OtherKeycloak => "a Keycloak without the workshop's realm",
            Kind::Other => "",
        };
        match (what, &self.process) {
            ("", Some(process)) => write!(f, "{process}"),
            ("", None) => f.write_str("another program"),
            (what, Some(process)) => write!(f, "{what}, {process},"),
            (what, None) => f.write_str(what),
        }
    }
}

/// Who listens on this port.
pub async fn on(port: u16) -> Neighbor {
    let process = listener::of(port);
    let asked = tokio::time::timeout(PATIENCE, ask(port)).await;
    let kind = asked.ok().flatten().unwrap_or(Kind::Other);
    Neighbor { kind, process }
}

async fn ask(port: u16) -> Option<Kind> {
    const REALM: &str = "/realms/workshop";
    let http = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .build()
        .ok()?;
    let url = format!("http://127.0.0.1:{port}{REALM}/.well-known/openid-configuration");
    let answer = http.get(url).send().await.ok()?;
    let status = answer.status();
    let mut body = Vec::new();
    let mut parts = answer.bytes_stream();
    while let Some(part) = parts.next().await {
        body.extend_from_slice(&part.ok()?);
        if body.len() > MOST_BYTES {
            return None;
        }
    }
    let said: Value = serde_json::from_slice(&body).ok()?;
    let is_the_realm = said["issuer"].as_str()?.ends_with(REALM);
    match status {
        // Keycloak lists more than the stand-in can do.
        StatusCode::OK if is_the_realm && said["end_session_endpoint"].is_string() => {
            Some(Kind::Keycloak)
        }
        StatusCode::OK if is_the_realm => Some(Kind::StandIn),
        StatusCode::NOT_FOUND if said["error"] == "Realm does not exist" => {
            Some(Kind::OtherKeycloak)
        }
        _ => None,
    }
}
