//! A client that calls a tool, and follows the task if the call becomes one. Ctrl-C cancels it.
//!
//! ```text
//! cargo run --bin follow_task -- http://127.0.0.1:8420/mcp bake_all \
//!     '{"orders": [{"product_name": "Croissant", "quantity": 20}]}'
//! ```

mod follow;
#[cfg(test)]
mod tests;

use anyhow::Result;
use clap::Parser;
use rmcp::model::*;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt};
use rmcp::transport::StreamableHttpClientTransport;

/// Calls a tool, and follows the task if the call becomes one.
#[derive(Parser)]
struct Options {
    /// Where the server is
    url: String,
    /// The tool
    tool: String,
    /// Its arguments, as a JSON object
    #[arg(default_value = "{}", value_parser = json_object)]
    arguments: JsonObject,
}

fn json_object(text: &str) -> Result<JsonObject, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

// ANCHOR: client
/// What the client says about itself: it supports tasks.
fn client() -> ClientConfig {
    let me = Implementation::new("follow_task", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::builder().enable_tasks().build(), me)
}
// ANCHOR_END: client

/// Tasks are of the newer era, so it does not try the older one.
fn lifecycle() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let transport = StreamableHttpClientTransport::from_uri(options.url.as_str());
    let session = client()
        .serve_with_lifecycle(transport, lifecycle())
        .await?;
    let call = CallToolRequestParams::new(options.tool).with_arguments(options.arguments);
    let stop = async { _ = tokio::signal::ctrl_c().await };
    let result = follow::call(&session, call, stop, |said| eprintln!("{said}")).await?;
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}
