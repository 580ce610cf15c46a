//! The store of exercise 6: right in every way, until it is told to be wrong in one.
//!
//! It is the store of `broken_interact`, which is right here, with a [`shop`] that lives in a database.
//! [`store`] adds what exercise 6 is about, [`stop`] how it ends, [`telemetry`] what
//! it says about itself, and [`user`] is who a token says that somebody is: that
//! tokens are good is for exercise 5. What is wrong is listed in [`flaw`].

#[path = "../broken_interact"]
mod bakery {
    pub mod apps;
    pub mod ask;
    pub mod flaw;
    pub mod oven;
    pub mod payments;
    #[path = "../broken_ship/shop.rs"]
    pub mod shop;
    pub mod store;
    pub mod tools;
}
mod delivery;
mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
mod limits;
#[path = "../protocol/mod.rs"]
mod protocol;
mod sales;
mod shared;
mod stop;
mod store;
mod telemetry;
mod user;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use clap::Parser;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::flaw::{Flaw, Flaws};
use crate::limits::Limits;
use crate::protocol::faults::Faults;
use crate::protocol::{Server, http};
use crate::store::Store;

/// So much is read of a request.
const LARGEST_REQUEST: usize = 4 * 1024 * 1024;

/// A product store that is ready for production, and can be broken
#[derive(Parser)]
struct Options {
    /// What shall be wrong; may be given several times
    #[arg(long = "flaw", value_name = "NAME", hide_possible_values = true)]
    flaws: Vec<Flaw>,
    /// The same, separated by commas
    #[arg(long, env = "STORE_FLAWS", value_name = "NAMES", default_value = "")]
    flaw_names: Flaws,
    /// Print every flaw and what it breaks
    #[arg(long)]
    list: bool,
    /// Ask the store that runs on this machine whether it is healthy, and exit
    #[arg(long)]
    health: bool,
    /// The address to listen on
    #[arg(long, env = "STORE_HOST", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    port: u16,
    /// How many seconds a query may take
    #[arg(long, env = "STORE_QUERY_SECONDS", default_value_t = 2.0)]
    query_seconds: f64,
    /// How many seconds one item takes in the oven
    #[arg(long, env = "STORE_BAKE_SECONDS", default_value_t = 0.3)]
    bake_seconds: f64,
    /// How many seconds running calls may take when it is asked to stop
    #[arg(long, env = "STORE_STOP_SECONDS", default_value_t = 10.0)]
    stop_seconds: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return Ok(());
    }
    if options.health {
        return is_healthy(options.port);
    }
    let flaws = options.flaw_names.and(&options.flaws);
    let limits = Limits::from_environment(flaws.clone());
    let store = Store::open(
        flaws.clone(),
        options.bake_seconds,
        options.query_seconds,
        limits.clone(),
    );
    let is_alone = store.is_alone();
    let mut server = Server::new(store, Faults::default());
    if is_alone || flaws.has(Flaw::SessionsOfOneInstance) {
        server = server.with_sessions();
    }
    let mut app = http::router(server)
        .layer(from_fn_with_state(limits, limits::guard))
        .layer(from_fn(user::guard));
    if !is_alone && flaws.has(Flaw::RefusesLegacyClients) {
        app = app.layer(from_fn(modern_only));
    }
    let listener = TcpListener::bind(SocketAddr::new(options.host, options.port)).await?;
    let patience = Duration::from_secs_f64(options.stop_seconds);
    let app = app.layer(from_fn_with_state(flaws.clone(), telemetry::watch));
    stop::serve(flaws, app, listener, patience).await
}

/// Asks `/health`, as the health check of a container.
fn is_healthy(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    ensure!(said.split_whitespace().nth(1) == Some("200"), "{said}");
    Ok(())
}

/// Tells clients of 2025-11-25 that they are not served.
async fn modern_only(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    if message["method"] == "initialize" {
        let why = "this store only speaks MCP 2026-07-28";
        let error = json!({ "code": -32600, "message": why });
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "error": error });
        return Json(answer).into_response();
    }
    next.run(Request::from_parts(head, body.into())).await
}
