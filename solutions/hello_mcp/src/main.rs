//! A whole MCP server with one tool: it converts units, at `http://127.0.0.1:8421/mcp`.

#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod tests;
mod units;

use std::env;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::units::Unit;

// ANCHOR: arguments
/// The arguments of `convert`, which the model fills in.
#[derive(Deserialize, JsonSchema)]
struct Conversion {
    /// How many of the first unit.
    value: f64,
    /// The unit to convert from.
    from: Unit,
    /// The unit to convert to. It must be of the same kind as the first.
    to: Unit,
}
// ANCHOR_END: arguments

// ANCHOR: result
/// What `convert` returns.
#[derive(Serialize, JsonSchema)]
struct Converted {
    /// How many of the second unit.
    value: f64,
    /// The second unit.
    unit: Unit,
}
// ANCHOR_END: result

// ANCHOR: tool
/// The server. It has no state, so the struct is empty.
struct Converter;

#[tool_router]
impl Converter {
    /// Converts a length or a mass from one unit to another.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn convert(
        &self,
        Parameters(Conversion { value, from, to }): Parameters<Conversion>,
    ) -> Result<Json<Converted>, String> {
        match units::convert(value, from, to) {
            Ok(value) => Ok(Json(Converted { value, unit: to })),
            Err(mismatch) => Err(mismatch.to_string()),
        }
    }
}
// ANCHOR_END: tool

// ANCHOR: handler
#[tool_handler]
impl ServerHandler for Converter {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("unit-converter", "1.0.0"))
            .with_instructions("Converts units. Call it rather than calculating yourself.")
    }
}
// ANCHOR_END: handler

// ANCHOR: serve
#[tokio::main]
async fn main() -> Result<()> {
    let port = match env::var("PORT") {
        Ok(port) => port.parse().context("PORT is not a port number")?,
        Err(_) => 8421,
    };
    // Loopback: only programs on this machine can connect …
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| {
            format!("cannot listen on port {port}. Stop the server that runs there, or set PORT")
        })?;
    eprintln!("serving MCP at http://{}/mcp", listener.local_addr()?);
    // … but no web pages in a browser.
    let config = StreamableHttpServerConfig::default().enforce_origin_validation();
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(|| Ok(Converter), sessions, config);
    axum::serve(listener, Router::new().route_service("/mcp", service)).await?;
    Ok(())
}
// ANCHOR_END: serve
