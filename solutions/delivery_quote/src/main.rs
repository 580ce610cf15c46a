//! A small MCP server that asks another HTTP API, over stdio.
//!
//! ```text
//! CARRIER_URL=https://api.carrier.example/v1 CARRIER_KEY=… cargo run --bin delivery_quote
//! ```

use std::env;

use anyhow::{Context, Result};
use delivery_quote::server::Deliveries;
use delivery_quote::{Carrier, Settings};
use rmcp::ServiceExt;
use rmcp::transport::stdio;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let variable = |name| env::var(name).with_context(|| format!("{name} is not set"));
    let url = variable("CARRIER_URL")?
        .parse()
        .context("CARRIER_URL is not an address")?;
    let key = variable("CARRIER_KEY")?.into();
    let carrier = Carrier::new(Settings::new(url, key))?;
    let session = Deliveries::new(carrier).serve(stdio()).await?;
    session.waiting().await?;
    Ok(())
}
