//! A product store that speaks MCP: Streamable HTTP at `/mcp`, or stdio with `--stdio`.

mod allowed;
mod apps;
mod auth;
mod confirm;
mod database;
mod inventory;
mod options;
mod oven;
mod payments;
mod prompts;
mod purchases;
mod realm;
mod resources;
mod sales;
mod sessions;
mod store;
mod tasks;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::serve::ListenerExt;
use clap::Parser;
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
use crate::options::Options;
use crate::oven::Oven;
use crate::realm::RealmKeys;
use crate::sales::Sales;
use crate::sessions::Sessions;
use crate::store::Store;

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    start_logging();
    let database = database::open(&options.database_url).await?;
    let inventory = Arc::new(Inventory::open(database).await?);
    let store = Store::new(
        Arc::clone(&inventory),
        Sales::open(options.sales_url(), options.query_seconds)?,
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
