//! The MCP server, with one tool.

use std::sync::Arc;

use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Carrier, Quote};

/// The arguments of `delivery_quote`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Destination {
    /// The postal code to deliver to.
    postcode: String,
}

/// The server. Clones share one client, and its limits.
#[derive(Clone, Debug)]
pub struct Deliveries {
    carrier: Arc<Carrier>,
}

impl Deliveries {
    /// A server that asks this carrier.
    #[must_use]
    pub fn new(carrier: Carrier) -> Self {
        let carrier = Arc::new(carrier);
        Self { carrier }
    }
}

// ANCHOR: tool
#[tool_router]
impl Deliveries {
    /// Says what a delivery to a postal code costs, in cents, and how many days it takes.
    #[tool(annotations(read_only_hint = true, open_world_hint = true))]
    async fn delivery_quote(
        &self,
        Parameters(destination): Parameters<Destination>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<Quote>, String> {
        tokio::select! {
            quote = self.carrier.quote(&destination.postcode) => {
                quote.map(Json).map_err(|failure| failure.to_string())
            }
            // The client does not want the answer anymore. This drops the request.
            () = context.ct.cancelled() => Err("The call was cancelled.".to_owned()),
        }
    }
}
// ANCHOR_END: tool

#[tool_handler]
impl ServerHandler for Deliveries {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("delivery-quote", "1.0.0"))
    }
}
