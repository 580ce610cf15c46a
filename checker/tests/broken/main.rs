//! A product store that is right in every way, until it is told to be wrong in one.
//!
//! The tests of the checker start it with `--flaw accepts-zero` (or `STORE_FLAWS=accepts-zero`)
//! and look at what the checker says. It is written without rmcp, which would not let most of
//! this go wrong.
//!
//! [`protocol`] speaks MCP and knows no store. [`store`] dispatches its requests to [`tools`] and
//! [`extras`], and these ask the [`shop`]. What is wrong is listed in [`flaw`].

mod buy;
mod declarations;
mod extras;
mod faults;
mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
#[path = "../protocol/mod.rs"]
mod protocol;
mod sale;
mod shop;
mod store;
mod tools;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::exit;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::net::TcpListener;

use crate::flaw::{Flaw, Flaws};
use crate::protocol::{Server, http, stdio};
use crate::shop::Shop;
use crate::store::{Shops, Store};

/// A product store that can be broken
#[derive(Parser)]
struct Options {
    /// What shall be wrong; may be given several times
    #[arg(long = "flaw", value_name = "NAME", hide_possible_values = true)]
    flaws: Vec<Flaw>,
    /// The same, separated by commas
    #[arg(long, env = "STORE_FLAWS", value_name = "NAMES", default_value = "")]
    flaw_names: Flaws,
    /// Talk MCP on stdin and stdout instead of HTTP
    #[arg(long)]
    stdio: bool,
    /// Print every flaw and what it breaks
    #[arg(long)]
    list: bool,
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long, env = "STORE_HOST")]
    host: Option<IpAddr>,
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    port: u16,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return Ok(());
    }
    let flaws = options.flaw_names.and(&options.flaws);
    let faults = flaws.faults();
    protocol::faults::at_start(&faults);
    if options.stdio && flaws.has(Flaw::NoStdio) {
        eprintln!("error: unexpected argument '--stdio' found\n\nUsage: broken [--port PORT]");
        exit(2);
    }
    let default_host = if flaws.has(Flaw::AllInterfaces) {
        Ipv4Addr::UNSPECIFIED
    } else {
        Ipv4Addr::LOCALHOST
    };
    let store = Store {
        shop: Arc::new(Shop::opening_day(flaws.clone())),
        flaws: flaws.clone(),
        over_stdio: options.stdio,
        shops: Shops::default(),
    };
    let mut server = Server::new(store, faults.clone());
    if flaws.has(Flaw::InventoryPerSession) {
        server = server.with_sessions();
    }
    if options.stdio {
        return stdio::serve(server).await;
    }
    protocol::faults::at_bind(&faults);
    let port = if flaws.has(Flaw::OwnPort) {
        0
    } else {
        options.port
    };
    let address = SocketAddr::new(options.host.unwrap_or(default_host.into()), port);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}. Stop the server that runs there, or set STORE_PORT")
    })?;
    http::serve(server, listener).await
}
