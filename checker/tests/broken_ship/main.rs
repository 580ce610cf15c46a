//! The store of exercise 6: right in every way, until it is told to be wrong in one.
//!
//! It is the store of `broken_interact`, which is right here, with a [`shop`] that lives in a database.
//! [`store`] adds what exercise 6 is about, and [`user`] is who a token says that somebody is: that
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
mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
#[path = "../protocol/mod.rs"]
mod protocol;
mod sales;
mod store;
mod user;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Result;
use axum::middleware::from_fn;
use clap::Parser;
use tokio::net::TcpListener;

use crate::flaw::{Flaw, Flaws};
use crate::protocol::faults::Faults;
use crate::protocol::{Server, http};
use crate::store::Store;

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
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return Ok(());
    }
    let flaws = options.flaw_names.and(&options.flaws);
    let store = Store::open(flaws, options.bake_seconds, options.query_seconds);
    let server = Server::new(store, Faults::default()).with_sessions();
    let app = http::router(server).layer(from_fn(user::guard));
    let listener = TcpListener::bind(SocketAddr::new(options.host, options.port)).await?;
    http::serve_router(app, listener).await
}
