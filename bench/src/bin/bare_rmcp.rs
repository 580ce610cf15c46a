//! `list_products` on bare rmcp: no inventory, no lock, no guard at the door, no logging. What
//! the solution is slower than this by is its own doing.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt;
use clap::Parser;
use rmcp::handler::server::wrapper::Json;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::net::TcpListener;

/// `list_products` on bare rmcp.
#[derive(Parser)]
struct Options {
    /// The port to listen on
    #[arg(long, env = "STORE_PORT")]
    port: u16,
}

#[derive(Serialize, JsonSchema)]
struct Product {
    name: String,
    price_cents: u32,
    stock: u32,
}

#[derive(Serialize, JsonSchema)]
struct ProductList {
    products: Vec<Product>,
}

struct Bare;

#[tool_router]
impl Bare {
    /// Lists the products.
    #[tool]
    fn list_products(&self) -> Json<ProductList> {
        let products = PRODUCTS.map(|(name, price_cents, stock)| Product {
            name: name.to_owned(),
            price_cents,
            stock,
        });
        Json(ProductList {
            products: products.into(),
        })
    }
}

/// As many as the solution has, with names as long.
const PRODUCTS: [(&str, u32, u32); 5] = [
    ("Sourdough loaf", 650, 8),
    ("Croissant", 320, 12),
    ("Cinnamon roll", 380, 6),
    ("Rye bread", 540, 3),
    ("Birthday cake", 4200, 1),
];

#[tool_handler]
impl ServerHandler for Bare {}

#[tokio::main]
async fn main() -> Result<()> {
    let port = Options::parse().port;
    let service = StreamableHttpService::new(
        || Ok(Bare),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route_service("/mcp", service)).await?;
    Ok(())
}
