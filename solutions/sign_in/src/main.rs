//! A client that signs in its user. It only knows a server's address, and finds the rest.
//!
//!     cargo run --bin sign_in -- http://127.0.0.1:8420/mcp
//!
//! It prints the address of the realm's login page. If `BROWSER` is set in the environment, that
//! program opens it.

mod callback;

use std::process::Command;

use anyhow::{Context, Result};
use clap::Parser;
use reqwest::Url;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationManager, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

use crate::callback::Callback;

/// Signs in to an MCP server, and lists its tools.
#[derive(Parser)]
struct Options {
    /// The server
    url: Url,
    /// The program that opens the login page
    #[arg(long, env = "BROWSER")]
    browser: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let challenge = challenge(&options.url).await?;
    let manager = sign_in(&options, challenge.as_deref()).await?;

    // ANCHOR: with_token
    // Every request carries the token. The client gets a new token before the old one expires.
    let http = AuthClient::new(reqwest::Client::new(), manager);
    let config = StreamableHttpClientTransportConfig::with_uri(options.url.as_str());
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let session = client()
        .serve_with_lifecycle(transport, lifecycle())
        .await?;
    // ANCHOR_END: with_token
    println!("Signed in. The tools:");
    for tool in session.list_tools(None).await?.tools {
        println!("  {}", tool.name.escape_debug());
    }
    Ok(())
}

// ANCHOR: challenge
/// Sends a request without a token. Returns the `WWW-Authenticate` of the server's 401.
async fn challenge(url: &Url) -> Result<Option<String>> {
    let transport = StreamableHttpClientTransport::from_uri(url.as_str());
    match client().serve_with_lifecycle(transport, lifecycle()).await {
        Ok(_) => Ok(None),
        Err(error) => match error.auth_challenge() {
            Some(challenge) => Ok(Some(challenge.to_owned())),
            None => Err(error).context("the server cannot be reached"),
        },
    }
}
// ANCHOR_END: challenge

// ANCHOR: sign_in
/// Has the user sign in to the realm that the server names. Returns the manager of the tokens.
async fn sign_in(options: &Options, challenge: Option<&str>) -> Result<AuthorizationManager> {
    let callback = Callback::listen().await?;
    let mut request = AuthorizationRequest::new(callback.address()).with_client_name("sign_in");
    if let Some(challenge) = challenge {
        request = request.with_challenge(challenge);
    }
    // Reads the server's and the realm's metadata, and registers.
    let mut login = OAuthState::new(options.url.as_str(), None).await?;
    login.start_authorization(request).await?;

    show(
        &login.get_authorization_url().await?,
        options.browser.as_deref(),
    )?;
    // The whole address: `state` says that this answers our request, `iss` says who answered.
    let answered = callback.answered().await?;
    login.handle_callback_url(&answered).await?;
    login
        .into_authorization_manager()
        .context("the realm has let nobody in")
}
// ANCHOR_END: sign_in

fn show(address: &str, browser: Option<&str>) -> Result<()> {
    println!("Open this, and sign in:\n\n  {address}\n");
    if let Some(browser) = browser {
        let opening = Command::new(browser).arg(address).spawn();
        opening.with_context(|| format!("`{browser}` cannot be started"))?;
    }
    Ok(())
}

fn client() -> ClientConfig {
    let me = Implementation::new("sign_in", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), me)
}

fn lifecycle() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: None,
    }
}
