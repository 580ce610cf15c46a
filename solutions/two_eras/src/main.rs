//! A small MCP server that says which era a call belongs to, at `http://127.0.0.1:8424/mcp`.
//!
//! With `MODERN_ONLY=1` it only serves modern clients.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::env;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use rmcp::handler::server::wrapper::Json;
use rmcp::model::{Implementation, ProtocolVersion, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::net::TcpListener;

/// Which clients are served.
#[derive(Clone, Copy)]
enum Serves {
    BothEras,
    ModernOnly,
}

/// The server.
#[derive(Clone, Copy)]
struct Eras(Serves);

/// What `which_era` returns.
#[derive(Serialize, JsonSchema)]
struct Era {
    /// The version of the protocol that this call uses.
    version: Option<String>,
    /// Whether it predates 2026-07-28.
    legacy: bool,
}

// ANCHOR: tool
#[tool_router]
impl Eras {
    /// Says which version of MCP this call uses.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn which_era(&self, context: RequestContext<RoleServer>) -> Json<Era> {
        let version = context.protocol_version();
        Json(Era {
            version: version.map(|version| version.to_string()),
            legacy: is_legacy(&context),
        })
    }
}
// ANCHOR_END: tool

// ANCHOR: is_legacy
/// Whether the client's protocol predates 2026-07-28.
fn is_legacy(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_none_or(|version| version < ProtocolVersion::V_2026_07_28)
}
// ANCHOR_END: is_legacy

#[tool_handler]
impl ServerHandler for Eras {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("two-eras", "1.0.0"))
    }

    // ANCHOR: versions
    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(match self.0 {
            Serves::BothEras => ProtocolVersion::KNOWN_VERSIONS,
            Serves::ModernOnly => &[ProtocolVersion::V_2026_07_28],
        })
    }
    // ANCHOR_END: versions
}

#[tokio::main]
async fn main() -> Result<()> {
    let serves = match env::var_os("MODERN_ONLY") {
        Some(_) => Serves::ModernOnly,
        None => Serves::BothEras,
    };
    let port = match env::var("PORT") {
        Ok(port) => port.parse().context("PORT is not a port")?,
        Err(_) => 8424,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| {
            format!("cannot listen on port {port}. Stop the server that runs there, or set PORT")
        })?;
    eprintln!("serving MCP at http://{}/mcp", listener.local_addr()?);
    axum::serve(listener, router(serves)).await?;
    Ok(())
}

// ANCHOR: router
fn router(serves: Serves) -> Router {
    let legacy = matches!(serves, Serves::BothEras);
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(legacy)
        .with_stateless_protocol_metadata_required(!legacy)
        .enforce_origin_validation();
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(Eras(serves)), sessions, config);
    Router::new().route_service("/mcp", service)
}
// ANCHOR_END: router
