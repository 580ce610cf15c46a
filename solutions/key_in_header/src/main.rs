//! A small MCP server that only serves clients that send its key, at `http://127.0.0.1:8423/mcp`.
//!
//! ```text
//! API_KEY=$(openssl rand -hex 32) cargo run --bin key_in_header
//! ```

mod key;
#[cfg(test)]
mod tests;

use std::env;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use tokio::net::TcpListener;

use crate::key::Key;

/// The server. It only has one tool, because this example is about the key.
struct Greeter;

#[tool_router]
impl Greeter {
    /// Greets users who have the key.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn greet(&self) -> String {
        "Hello, whoever you are. You have the key.".to_owned()
    }
}

#[tool_handler]
impl ServerHandler for Greeter {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("key-in-header", "1.0.0"))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let key = Key::from_environment()?;
    // ANCHOR: listen
    let address: SocketAddr = match env::var("LISTEN") {
        Ok(address) => address
            .parse()
            .context("LISTEN is not an address such as 10.0.0.5:8423")?,
        Err(_) => (Ipv4Addr::LOCALHOST, 8423).into(),
    };
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}. Stop the server that runs there, or set LISTEN")
    })?;
    // ANCHOR_END: listen
    let address = listener.local_addr()?;
    eprintln!("serving MCP at http://{address}/mcp");
    axum::serve(listener, router(key, address.ip())).await?;
    Ok(())
}

// ANCHOR: router
/// `/mcp`, for clients that have the key.
fn router(key: Key, listens_on: IpAddr) -> Router {
    let hosts = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts.into_iter().chain([listens_on.to_string()]))
        .enforce_origin_validation();
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(|| Ok(Greeter), sessions, config);
    key.protect(Router::new().route_service("/mcp", service))
}
// ANCHOR_END: router
