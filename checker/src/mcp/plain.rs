//! HTTP requests that carry no message: a document beside the server, a stream, the end of a session.

use http::{HeaderMap, Method};
use reqwest::Url;
use serde_json::Value;
use tokio::time::timeout;

use super::http::Http;
use super::profile::ClientProfile;
use super::transcript::Transcript;
use super::{ErrorKind, RequestError};

/// What came back.
#[derive(Clone, Debug)]
pub struct Page {
    /// What was asked, as findings show it: `GET /mcp`.
    pub sent: String,
    /// The HTTP status, as a number.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as JSON; null where it is none.
    pub json: Value,
    /// The body.
    pub text: String,
}

/// Asks for a document, as this client, and records it.
///
/// # Errors
///
/// A [`RequestError`] only when no HTTP response came: any status is an answer.
pub async fn get(
    url: &Url,
    profile: &ClientProfile,
    transcript: &Transcript,
) -> Result<Page, RequestError> {
    let http = Http::new(url.clone(), profile, transcript)?;
    let sent = format!("GET {}", url.path());
    let asked = async {
        let pending = http.request(Method::GET, HeaderMap::new()).await?;
        let status = pending.response.status().as_u16();
        let headers = pending.response.headers().clone();
        let body = http.body(pending).await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Page {
            sent: sent.clone(),
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        })
    };
    let patience = profile.patience.answer;
    let asked = timeout(patience, asked).await.unwrap_or_else(|_| {
        Err(ErrorKind::Silent {
            after: patience,
            bytes: 0,
        })
    });
    asked.map_err(|kind| RequestError { sent, kind })
}
