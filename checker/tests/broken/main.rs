//! A product store that is right in every way, until it is told to be wrong in one.
//!
//! The tests of the checker start it with `--flaw accepts-zero` (or `STORE_FLAWS=accepts-zero`)
//! and look at what the checker says. It is written without rmcp, which would not let most of
//! this go wrong.
//!
//! A request comes in through [`http`] or [`stdio`], is dispatched by [`rpc`] to [`tools`] or
//! [`extras`], and these ask the [`shop`]. What is wrong is listed in [`flaw`].

mod buy;
mod declarations;
mod extras;
mod faults;
mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
mod guard;
mod http;
mod message;
mod rpc;
mod sale;
mod shop;
mod stdio;
mod tools;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::exit;
use std::sync::Arc;

use anyhow::Result;
use clap::Parser;

use crate::flaw::{Flaw, Flaws};
use crate::shop::Shop;

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

/// What every request needs.
struct Store {
    flaws: Flaws,
    shop: Shop,
    over_stdio: bool,
}

impl Store {
    /// Tells a developer what goes on, who has to ask for it with `RUST_LOG`.
    fn log(&self, line: &str) {
        if std::env::var_os("RUST_LOG").is_none() {
            return;
        }
        if self.over_stdio && self.flaws.has(Flaw::StdoutLogs) {
            println!(" INFO store: {line}");
        } else {
            eprintln!(" INFO store: {line}");
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return Ok(());
    }
    let flaws = options.flaw_names.and(&options.flaws);
    faults::at_start(&flaws);
    if options.stdio && flaws.has(Flaw::NoStdio) {
        eprintln!("error: unexpected argument '--stdio' found\n\nUsage: broken [--port PORT]");
        exit(2);
    }
    let default_host = match flaws.has(Flaw::AllInterfaces) {
        true => Ipv4Addr::UNSPECIFIED,
        false => Ipv4Addr::LOCALHOST,
    };
    let address = SocketAddr::new(options.host.unwrap_or(default_host.into()), options.port);
    let store = Arc::new(Store {
        shop: Shop::opening_day(flaws.clone()),
        flaws,
        over_stdio: options.stdio,
    });
    if options.stdio {
        stdio::serve(store).await
    } else {
        http::serve(store, address).await
    }
}
