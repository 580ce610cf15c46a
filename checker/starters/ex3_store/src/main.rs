//! A product store that speaks MCP: Streamable HTTP at `/mcp`, or stdio with `--stdio`.

mod inventory;
mod prompts;
mod resources;
mod store;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
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

use crate::inventory::Inventory;
use crate::store::Store;

/// A product store that speaks MCP.
#[derive(Parser)]
struct Options {
    /// Talk MCP on stdin and stdout instead of HTTP
    #[arg(long)]
    stdio: bool,
    /// The address to listen on
    #[arg(long, env = "STORE_HOST", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    port: u16,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    start_logging();
    let store = Store::new(Arc::new(Inventory::opening_day()));
    if options.stdio {
        serve_stdio(store).await
    } else {
        serve_http(store, SocketAddr::new(options.host, options.port)).await
    }
}

// ANCHOR: step_3_7
/// Logs say what the server is doing. `RUST_LOG=debug` shows more.
fn start_logging() {
    // TODO 3.7: logs go to stdout here. With `--stdio` stdout is the wire: send them to stderr.
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rmcp=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Whoever started this may close the stream. Then there are no logs, and it serves on.
        .log_internal_errors(false)
        .init();
}

/// Serves the one client that started this program, until it hangs up.
async fn serve_stdio(store: Store) -> Result<()> {
    // TODO 3.7: `store.serve(…)` begins a session on a transport; `stdio()` is one. Then wait
    // for its end.
    todo!("3.7")
}
// ANCHOR_END: step_3_7

/// Serves any number of clients, until Ctrl-C or a termination signal.
async fn serve_http(store: Store, address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: stop the server that runs there, or set STORE_PORT")
    })?;
    info!("serving MCP at http://{}/mcp", listener.local_addr()?);
    // Answers are small. Without this the system may hold one back for 40 ms, to send it
    // together with more.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });

    let shutdown = CancellationToken::new();
    let app = router(store, shutdown.clone());
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            asked_to_stop().await;
            info!("stopping");
            // Older clients keep a stream open for as long as they live. Without this the
            // server would wait for them.
            shutdown.cancel();
        })
        .await?;
    Ok(())
}

// ANCHOR: step_3_8
/// `/mcp`, for programs and pages of this machine alone.
fn router(store: Store, shutdown: CancellationToken) -> Router {
    // TODO 3.8: a web page can send requests to `localhost` from any browser that shows it.
    // The browser names the page in `Origin`. And a page that had its own domain resolve to
    // 127.0.0.1 (DNS rebinding) still names that domain in `Host`. Say in the config which
    // hosts and origins may come in; `StreamableHttpService` answers 403 to all others. Then
    // delete the line with `.layer(…)` and the function below.
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .with_cancellation_token(shutdown);
    // The closure runs for each request or session; the clones share one inventory.
    let service = StreamableHttpService::new(
        move || Ok(store.clone()),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    Router::new()
        .route_service("/mcp", service)
        .layer(axum::middleware::map_request(stop_at_the_first_page))
}

/// Until 3.8 is written: no web page gets in, by a way that is no answer.
async fn stop_at_the_first_page(request: axum::extract::Request) -> axum::extract::Request {
    if request.headers().contains_key("origin") {
        todo!("3.8")
    }
    request
}
// ANCHOR_END: step_3_8

/// Returns on Ctrl-C, or when the system asks the process to end.
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
