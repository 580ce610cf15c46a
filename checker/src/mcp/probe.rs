//! Whether something at a URL speaks MCP at all.

use http::{HeaderMap, StatusCode};
use reqwest::Url;
use serde_json::json;

use super::profile::ClientProfile;
use super::raw::Raw;
use super::{Era, ErrorKind, RequestError, Transcript};

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

/// Asks in both eras; any JSON-RPC answer will do, an error too, and one with a mistake that the
/// checks can name.
pub async fn probe(url: &Url) -> Probe {
    let mut errors = Vec::new();
    for era in Era::ALL {
        match ask(url, era).await {
            Ok(())
            | Err(
                ErrorKind::Refused { .. }
                | ErrorKind::ContentType { .. }
                | ErrorKind::WrongId { .. }
                | ErrorKind::Shape(_),
            ) => return Probe::Mcp,
            Err(kind) => errors.push(kind),
        }
    }
    // What a legacy server says to `initialize` tells more than what it says to the unknown.
    match errors.pop() {
        Some(ErrorKind::Status {
            status: StatusCode::UNAUTHORIZED,
            ..
        }) => Probe::NeedsToken,
        Some(ErrorKind::NotHttp(_)) => Probe::NotMcp("it does not speak HTTP".to_owned()),
        Some(ErrorKind::Unreachable(why)) => Probe::Silent(why),
        Some(kind @ ErrorKind::Silent { .. }) => Probe::Silent(kind.to_string()),
        Some(kind) => Probe::NotMcp(kind.to_string()),
        None => Probe::Mcp,
    }
}

async fn ask(url: &Url, era: Era) -> Result<(), ErrorKind> {
    let profile = ClientProfile::new(era);
    let asked = async {
        let raw = Raw::open(url.clone(), profile, &Transcript::default()).await?;
        if era == Era::Modern {
            let discover = raw.message("server/discover", json!({}));
            let reply = raw.send(discover, HeaderMap::new()).await?;
            if let Some(kind) = ErrorKind::of(&reply.exchange) {
                return Err(kind);
            }
        }
        Ok(())
    };
    asked.await
}

impl From<RequestError> for ErrorKind {
    fn from(failure: RequestError) -> Self {
        failure.kind
    }
}
