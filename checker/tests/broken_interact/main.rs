//! The store of exercise 4: right in every way, until it is told to be wrong in one.
//!
//! As `broken` is for exercise 3, written without rmcp. [`store`] dispatches the requests:
//! [`ask`] asks before it sells from the [`shop`], [`apps`] has the pages, [`oven`] what takes a
//! while, [`payments`] a page in the user's browser. What is wrong is listed in [`flaw`].

mod apps;
mod ask;
mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
mod oven;
mod payments;
#[path = "../protocol/mod.rs"]
mod protocol;
mod shop;
mod store;
mod tools;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Result;
use clap::Parser;
use tokio::net::TcpListener;

use crate::flaw::{Flaw, Flaws};
use crate::protocol::faults::Faults;
use crate::protocol::{Server, http, stdio};
use crate::store::Store;

/// A product store that asks, and can be broken
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
    /// The address to listen on
    #[arg(long, env = "STORE_HOST", default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    port: u16,
    /// How many seconds a question can be answered
    #[arg(long, env = "STORE_CONFIRM_SECONDS", default_value_t = 300.0)]
    confirm_seconds: f64,
    /// How many seconds one item takes in the oven
    #[arg(long, env = "STORE_BAKE_SECONDS", default_value_t = 0.3)]
    bake_seconds: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return Ok(());
    }
    let flaws = options.flaw_names.and(&options.flaws);
    let store = Store::open(flaws, options.confirm_seconds, options.bake_seconds);
    let server = Server::new(store, Faults::default()).with_sessions();
    if options.stdio {
        return stdio::serve(server).await;
    }
    let listener = TcpListener::bind(SocketAddr::new(options.host, options.port)).await?;
    http::serve(server, listener).await
}
