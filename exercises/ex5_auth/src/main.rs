//! A product store that speaks MCP: Streamable HTTP at `/mcp`, or stdio with `--stdio`.

mod apps;
mod auth;
mod confirm;
mod inventory;
mod oven;
mod payments;
mod prompts;
mod purchases;
mod realm;
mod resources;
mod sessions;
mod store;
mod tasks;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::serve::ListenerExt;
use clap::Parser;
use reqwest::Url;
use rmcp::ServiceExt;
use rmcp::transport::stdio;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing_subscriber::EnvFilter;

use crate::auth::Auth;
use crate::confirm::Confirmations;
use crate::inventory::Inventory;
use crate::oven::Oven;
use crate::realm::RealmKeys;
use crate::sessions::Sessions;
use crate::store::Store;

/// A product store that speaks MCP.
#[derive(Parser)]
struct Options {
    /// Speak MCP on stdin and stdout instead of HTTP
    #[arg(long)]
    stdio: bool,
    /// The address to listen on
    #[arg(long, env = "STORE_HOST", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    port: u16,
    /// How many seconds a user may think before buying
    #[arg(long, env = "STORE_CONFIRM_SECONDS", default_value = "300", value_parser = seconds)]
    confirm_seconds: Duration,
    /// How many seconds one item takes in the oven
    #[arg(long, env = "STORE_BAKE_SECONDS", default_value = "0.3", value_parser = seconds)]
    bake_seconds: Duration,
    /// The realm that signs the tokens
    #[arg(
        long,
        env = "REALM_URL",
        default_value = "http://localhost:8180/realms/workshop"
    )]
    realm_url: Url,
    /// What a token must be made for
    #[arg(long, env = "AUDIENCE", default_value = "product-store")]
    audience: String,
    /// How many seconds to wait before asking a realm again that did not answer
    #[arg(long, env = "STORE_REALM_PAUSE_SECONDS", default_value = "5", value_parser = seconds)]
    realm_pause_seconds: Duration,
    /// Where clients reach this store, if it differs from where it listens
    #[arg(long, env = "STORE_URL")]
    store_url: Option<Url>,
}

impl Options {
    /// Where clients reach this store. The metadata must have exactly the address that clients use.
    fn store_url(&self) -> Result<Url> {
        if let Some(url) = &self.store_url {
            return Ok(url.clone());
        }
        // A program can listen on 0.0.0.0, but clients cannot connect to that address.
        let host = if self.host.is_unspecified() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            self.host
        };
        let here = SocketAddr::new(host, self.port);
        Ok(format!("http://{here}/mcp").parse()?)
    }
}

/// A time in seconds, such as `0.5`.
fn seconds(text: &str) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    start_logging();
    let inventory = Arc::new(Inventory::opening_day());
    let store = Store::new(
        Arc::clone(&inventory),
        Confirmations::new(options.confirm_seconds),
        Oven::new(inventory, options.bake_seconds),
    );
    if options.stdio {
        serve_stdio(store).await
    } else {
        serve_http(store, &options).await
    }
}

/// Logs go to stderr, because with `--stdio` stdout is the wire. `RUST_LOG=debug` shows more.
fn start_logging() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rmcp=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // The parent process may close stderr. Then there are no logs, but the server continues.
        .log_internal_errors(false)
        .init();
}

/// Serves the one client that started this program, until it disconnects.
async fn serve_stdio(store: Store) -> Result<()> {
    let session = store.serve(stdio()).await?;
    session.waiting().await?;
    Ok(())
}

/// Serves any number of clients, until Ctrl-C or a termination signal.
async fn serve_http(store: Store, options: &Options) -> Result<()> {
    let shutdown = CancellationToken::new();
    let app = router(store, options, shutdown.clone())?;
    let address = SocketAddr::new(options.host, options.port);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}. Stop the server that runs there, or set STORE_PORT")
    })?;
    info!("serving MCP at http://{}/mcp", listener.local_addr()?);
    // Answers are small. Without this, the system may delay one by 40 ms, to send it
    // together with more data.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });

    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            asked_to_stop().await;
            info!("stopping");
            // Older clients keep a stream open for as long as they run. Without this, the
            // server would wait for them.
            shutdown.cancel();
        })
        .await?;
    Ok(())
}

/// `/mcp`, for programs and pages on this machine, and for users who are signed in.
///
/// Any web page that a browser shows can send requests to `localhost`. The browser names
/// the page in `Origin`. A page whose domain resolves to 127.0.0.1 (DNS rebinding) still
/// has that domain in `Host`. Both are refused with 403.
fn router(store: Store, options: &Options, shutdown: CancellationToken) -> Result<Router> {
    let url = options.store_url()?;
    let here = ["localhost", "127.0.0.1", "::1"];
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(here.into_iter().chain(url.host_str()))
        .with_allowed_origins(["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"])
        .with_cancellation_token(shutdown);
    let sessions = Arc::new(LocalSessionManager::default());
    // The closure runs for each request or session. The clones share one inventory.
    let service =
        StreamableHttpService::new(move || Ok(store.clone()), Arc::clone(&sessions), config);
    let store = Router::new().route_service("/mcp", service);
    let keys = RealmKeys::new(&options.realm_url, options.realm_pause_seconds)?;
    let auth = Auth::new(keys, options.audience.clone(), url, Sessions::of(sessions));
    Ok(auth.protect(store))
}

/// Returns on Ctrl-C, or when the system asks the process to stop.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => (),
                _ = terminate.recv() => (),
            },
            Err(_) => _ = interrupt.await,
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
