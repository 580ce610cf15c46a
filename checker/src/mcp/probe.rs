//! Whether something at a URL speaks MCP at all.

use http::{HeaderMap, StatusCode};
use reqwest::Url;
use serde_json::json;

use super::profile::ClientProfile;
use super::raw::Raw;
use super::{Era, Failure, Transcript, Trouble};

/// What was found.
#[derive(Debug)]
pub enum Probe {
    /// It answers in JSON-RPC, on one era at least.
    Mcp,
    /// It wants to know who asks.
    NeedsToken,
    /// Nothing answers, and why.
    Silent(String),
    /// Something else answers, and what.
    NotMcp(String),
}

/// Asks in both eras; any JSON-RPC answer will do, an error too.
pub async fn probe(url: &Url) -> Probe {
    let mut troubles = Vec::new();
    for era in Era::ALL {
        match ask(url, era).await {
            Ok(()) | Err(Trouble::Refused { .. }) => return Probe::Mcp,
            Err(trouble) => troubles.push(trouble),
        }
    }
    // What a legacy server says to `initialize` tells more than what it says to the unknown.
    match troubles.pop() {
        Some(Trouble::Status {
            status: StatusCode::UNAUTHORIZED,
            ..
        }) => Probe::NeedsToken,
        Some(Trouble::NotHttp(_)) => Probe::NotMcp("it does not speak HTTP".to_owned()),
        Some(Trouble::Unreachable(why)) => Probe::Silent(why),
        Some(trouble @ Trouble::Silent { .. }) => Probe::Silent(trouble.to_string()),
        Some(trouble) => Probe::NotMcp(trouble.to_string()),
        None => Probe::Mcp,
    }
}

async fn ask(url: &Url, era: Era) -> Result<(), Trouble> {
    let profile = ClientProfile::new(era);
    let asked = async {
        let raw = Raw::open(url.clone(), profile, &Transcript::default()).await?;
        if era == Era::Modern {
            let discover = raw.message("server/discover", json!({}));
            let reply = raw.send(discover, HeaderMap::new()).await?;
            if let Some(trouble) = Trouble::of(&reply.exchange) {
                return Err(trouble);
            }
        }
        Ok(())
    };
    asked.await
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        failure.trouble
    }
}
