//! Opening a session with a server.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use reqwest::{Url, redirect};
use rmcp::RoleClient;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProtocolVersion};
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

use crate::failure::Failure;
use crate::login;
use crate::reason::reason;

/// An open session. It ends when it is dropped.
pub type Session = RunningService<RoleClient, ClientConfig>;

/// The transport to a server: Streamable HTTP.
type Transport = StreamableHttpClientTransport<reqwest::Client>;

/// Opens a session with the server at `url`, with these headers on every request.
pub async fn open(url: &Url, headers: &[(HeaderName, HeaderValue)]) -> Result<Session, Failure> {
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
    let config = with_headers(config, headers);
    let http = http_client(url).map_err(|error| Failure::Unreachable(reason(&error)))?;
    match greet(StreamableHttpClientTransport::with_client(http, config)).await {
        Ok(session) => Ok(session),
        Err(error) => Err(login::needed_or(url, error).await),
    }
}

// ANCHOR: step_1_2_greet
/// Tells the server who we are, and finds out who it is.
async fn greet(transport: Transport) -> Result<Session, ClientInitializeError> {
    // TODO 1.2: say who you are (`ClientConfig`), and greet the server in the generation of the
    // protocol that it speaks (`ClientLifecycleMode`).
    todo!("1.2")
}
// ANCHOR_END: step_1_2_greet

// ANCHOR: step_1_6_headers
/// Adds the user's headers to every request.
fn with_headers(
    config: StreamableHttpClientTransportConfig,
    headers: &[(HeaderName, HeaderValue)],
) -> StreamableHttpClientTransportConfig {
    if headers.is_empty() {
        return config;
    }
    // TODO 1.6 (bonus): add them to the transport's configuration.
    todo!("1.6")
}
// ANCHOR_END: step_1_6_headers

/// How long a server may take until it accepts a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The client for HTTP requests.
fn http_client(url: &Url) -> reqwest::Result<reqwest::Client> {
    // Following a redirect to another server would send the user's key there.
    let home = url.origin();
    let stay = redirect::Policy::custom(move |attempt| {
        if attempt.url().origin() == home && attempt.previous().len() < 5 {
            attempt.follow()
        } else {
            attempt.stop()
        }
    });
    reqwest::Client::builder()
        .user_agent(concat!("ex1_connect/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .redirect(stay)
        .build()
}
