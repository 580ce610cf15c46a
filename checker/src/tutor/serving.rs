//! The tutor on the wire: stdio for the client that started it, Streamable HTTP for several.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::serve::ListenerExt;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use rmcp::transport::io::stdio_pipes;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tracing::info;

use super::Tutor;

/// Serves the one client that started this program, until it hangs up.
///
/// # Errors
///
/// When what is on the other end does not speak MCP.
pub async fn over_stdio(tutor: Tutor) -> Result<()> {
    let session = match tutor.serve(stdio_pipes()).await {
        Ok(session) => session,
        // Nobody asked for anything.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(anyhow!("what is on stdin is not MCP: {error}")),
    };
    session.waiting().await.context("the session ended early")?;
    Ok(())
}

/// Serves any number of clients of this machine, until it is stopped.
///
/// # Errors
///
/// When the port cannot be had.
pub async fn over_http(tutor: Tutor, port: u16) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "another program uses it".to_owned(),
            _ => error.to_string(),
        };
        let other = port.checked_add(1).unwrap_or(8430);
        anyhow!("cannot listen on {address}: {why}. Try another port: `cargo checker tutor --http --port {other}`")
    })?;
    info!("serving MCP at http://{}/mcp", listener.local_addr()?);
    // Answers are small. Without this the system may hold one back for 40 ms.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, router(tutor)).await?;
    Ok(())
}

/// `/mcp`, for programs and pages of this machine alone: a page that somebody else wrote names
/// itself in `Origin`, and one that had its domain resolve to 127.0.0.1 does in `Host`.
fn router(tutor: Tutor) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(["localhost", "127.0.0.1", "::1"])
        .with_allowed_origins(["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]);
    let service = StreamableHttpService::new(
        move || Ok(tutor.clone()),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    Router::new().route_service("/mcp", service)
}
