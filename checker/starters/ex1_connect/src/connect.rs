//! Opening a session with a server.

use std::error::Error;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use reqwest::{Url, redirect};
use rmcp::RoleClient;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProtocolVersion};
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransportConfig, StreamableHttpError,
};
use rmcp::transport::{DynamicTransportError, StreamableHttpClientTransport};

/// An open session. Dropping it ends it.
pub type Session = RunningService<RoleClient, ClientConfig>;

/// The way to a server: Streamable HTTP.
type Transport = StreamableHttpClientTransport<reqwest::Client>;

/// How long a server may take until it accepts a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Opens a session with the server at `url`, with these headers on every request.
pub async fn open(
    url: &Url,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<Session, ClientInitializeError> {
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
    let config = with_headers(config, headers);
    let http =
        http_client(url).map_err(|error| ClientInitializeError::ConnectionClosed(chain(&error)))?;
    greet(StreamableHttpClientTransport::with_client(http, config)).await
}

// ANCHOR: step_1_2_greet
/// Tells the server who we are, and learns who it is.
async fn greet(transport: Transport) -> Result<Session, ClientInitializeError> {
    // TODO 1.2: say who you are (`ClientConfig`), and greet the server in whichever of the two
    // generations of the protocol it speaks (`ClientLifecycleMode`).
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

/// What HTTP requests are made with.
fn http_client(url: &Url) -> reqwest::Result<reqwest::Client> {
    // A redirect to somewhere else would take the user's key there.
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

/// Why no session came about, without the names of the layers in between.
pub fn reason(error: &ClientInitializeError) -> String {
    match error {
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => reason(fallback),
        ClientInitializeError::TransportError { error, .. } => of_transport(error),
        other => other.to_string(),
    }
}

/// Why a message could not be sent, or brought no answer.
pub fn of_transport(error: &DynamicTransportError) -> String {
    type HttpError = StreamableHttpError<reqwest::Error>;
    let words = match error.error.downcast_ref::<HttpError>() {
        Some(StreamableHttpError::Client(error)) => chain(error),
        Some(StreamableHttpError::UnexpectedContentType(kind)) => {
            let kind = kind.as_deref().unwrap_or("something without a type");
            format!("it answers with {kind}, and not as MCP servers do")
        }
        Some(error) => chain(error),
        None => chain(error.error.as_ref()),
    };
    if let Some((_, reason)) = words.split_once("invalid peer certificate: ") {
        return format!("its TLS certificate is not trusted here ({reason})");
    }
    // What is no MCP server may answer with a whole page.
    let line = words.lines().next().unwrap_or_default();
    let words = line.split(": <").next().unwrap_or_default();
    words.trim_end_matches([':', ' ']).to_owned()
}

/// An error with all its causes, which often say more: `error sending request: connection
/// refused`.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let mut words: Vec<String> = Vec::new();
    for cause in causes.map(ToString::to_string) {
        // Some errors repeat their cause.
        if !words.last().is_some_and(|said| said.contains(&cause)) {
            words.push(cause);
        }
    }
    words.join(": ")
}
