//! A product store that speaks MCP: Streamable HTTP at `/mcp`, or stdio with `--stdio`.

mod allowed;
mod apps;
mod auth;
mod confirm;
mod database;
mod delivery;
mod inventory;
mod lifecycle;
mod limits;
mod options;
mod oven;
mod payments;
mod prompts;
mod purchases;
mod realm;
mod resources;
mod retry;
mod sales;
mod sessions;
mod store;
mod tasks;
mod telemetry;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::middleware::from_fn;
use axum::serve::ListenerExt;
use clap::Parser;
use rmcp::ServiceExt;
use rmcp::transport::stdio;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tracing::info;

use crate::auth::Auth;
use crate::confirm::Confirmations;
use crate::delivery::Carrier;
use crate::inventory::Inventory;
use crate::lifecycle::Lifecycle;
use crate::limits::Limits;
use crate::options::Options;
use crate::oven::Oven;
use crate::realm::RealmKeys;
use crate::sales::Sales;
use crate::sessions::Sessions;
use crate::store::{Parts, Store};
use crate::telemetry::Telemetry;

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.health {
        return lifecycle::ask_for_health(options.port).await;
    }
    let telemetry = Telemetry::start()?;
    let database = database::open(&options.database_url).await?;
    let inventory = Arc::new(Inventory::open(database.clone()).await?);
    let lifecycle = Lifecycle::new(database.clone(), options.stop_seconds);
    let key = options.sealing_key.as_ref();
    let store = Store::new(Parts {
        inventory: Arc::clone(&inventory),
        sales: Sales::open(options.sales_url(), options.query_seconds)?,
        confirmations: Confirmations::new(database, key, options.confirm_seconds)?,
        oven: Oven::new(inventory, options.bake_seconds),
        carrier: Carrier::new(options.carrier())?,
        limits: Limits::new(
            options.calls_per_minute,
            options.deadline_seconds,
            options.confirm_seconds,
        ),
        lifecycle: lifecycle.clone(),
        is_alone: options.is_alone(),
    });
    let served = if options.stdio {
        serve_stdio(store).await
    } else {
        serve_http(store, lifecycle, &options).await
    };
    telemetry.stop().await;
    served
}

/// Serves the one client that started this program, until it disconnects.
async fn serve_stdio(store: Store) -> Result<()> {
    let session = store.serve(stdio()).await?;
    session.waiting().await?;
    Ok(())
}

/// Serves any number of clients, until Ctrl-C or a termination signal.
async fn serve_http(store: Store, lifecycle: Lifecycle, options: &Options) -> Result<()> {
    let app = router(store, &lifecycle, options)?;
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

    let closing = lifecycle.closing().cancelled_owned();
    let server = axum::serve(listener, app).with_graceful_shutdown(closing);
    lifecycle.serve(server).await?;
    Ok(())
}

/// `/mcp`, for programs and pages on this machine, and for users who are signed in.
///
/// Any web page that a browser shows can send requests to `localhost`. The browser names
/// the page in `Origin`. A page whose domain resolves to 127.0.0.1 (DNS rebinding) still
/// has that domain in `Host`. Both are refused with 403.
fn router(store: Store, lifecycle: &Lifecycle, options: &Options) -> Result<Router> {
    let url = options.store_url()?;
    let here = ["localhost", "127.0.0.1", "::1"];
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(here.into_iter().chain(url.host_str()))
        .with_allowed_origins(["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"])
        .with_cancellation_token(lifecycle.closing());
    // ANCHOR: step_6_4_body
    // TODO 6.4: tell rmcp how many bytes a request may have: `options.body_bytes`.
    // ANCHOR_END: step_6_4_body
    // ANCHOR: step_6_7_sessions
    // TODO 6.7: a session lives in one instance, and the next request may reach another one. Only give
    // legacy clients a session if this instance is alone.
    // ANCHOR_END: step_6_7_sessions
    let sessions = Arc::new(LocalSessionManager::default());
    // The closure runs for each request or session. The clones share one inventory.
    let service =
        StreamableHttpService::new(move || Ok(store.clone()), Arc::clone(&sessions), config);
    let store = Router::new().route_service("/mcp", service);
    let keys = RealmKeys::new(&options.realm_url, options.realm_pause_seconds)?;
    let auth = Auth::new(keys, options.audience.clone(), url, Sessions::of(sessions));
    let app = lifecycle.around(auth.protect(store));
    Ok(app.layer(from_fn(telemetry::watch)))
}
