//! The store of exercise 5: right in every way, until it is told to be wrong in one.
//!
//! It is the store of `broken_interact`, which is right here, behind a door. [`door`] looks at the
//! [`token`] of each request with the realm's [`keys`], and [`refusal`] is what it says to who may not
//! come in; [`metadata`] is for everybody. [`store`] adds to the bakery what depends on the user, and
//! [`owners`] knows whose what is. What is wrong is listed in [`flaw`].

#[path = "../broken_interact"]
mod bakery {
    pub mod apps;
    pub mod ask;
    pub mod flaw;
    pub mod oven;
    pub mod payments;
    pub mod shop;
    pub mod store;
    pub mod tools;
}
mod door;
mod flaw;
#[path = "../flaw_set.rs"]
mod flaw_set;
mod keys;
mod metadata;
mod owners;
#[path = "../protocol/mod.rs"]
mod protocol;
mod refusal;
mod store;
mod token;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::middleware::from_fn_with_state;
use clap::Parser;
use tokio::net::TcpListener;

use crate::door::Door;
use crate::flaw::{Flaw, Flaws};
use crate::keys::Keys;
use crate::metadata::Place;
use crate::protocol::faults::Faults;
use crate::protocol::{Server, http};
use crate::store::Store;

/// A product store that only signed-in users may use, and that can be broken
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
    /// How many seconds one item takes in the oven
    #[arg(long, env = "STORE_BAKE_SECONDS", default_value_t = 0.3)]
    bake_seconds: f64,
    /// The realm that signs the tokens
    #[arg(
        long,
        env = "REALM_URL",
        default_value = "http://localhost:8180/realms/workshop"
    )]
    realm_url: String,
    /// What a token must be made for
    #[arg(long, env = "AUDIENCE", default_value = "product-store")]
    audience: String,
    /// How many seconds to wait before the realm is asked again that gave no answer
    #[arg(long, env = "STORE_REALM_PAUSE_SECONDS", default_value_t = 5.0)]
    realm_pause_seconds: f64,
    /// Where clients reach this store, if that is not where it listens
    #[arg(long, env = "STORE_URL")]
    store_url: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.list {
        print!("{}", flaw_set::list::<Flaw>());
        return Ok(());
    }
    let flaws = options.flaw_names.and(&options.flaws);
    let pause = Duration::from_secs_f64(options.realm_pause_seconds);
    let keys = Keys::of(flaws.clone(), &options.realm_url, pause);
    if flaws.has(Flaw::KeysAtStart) || flaws.has(Flaw::DiesWithoutRealm) {
        let answered = keys.fetch_now().await;
        if flaws.has(Flaw::DiesWithoutRealm) {
            answered?;
        }
    }
    // Whoever can connect is answered at once: what takes a while is done.
    let listener = TcpListener::bind(SocketAddr::new(options.host, options.port)).await?;
    let here = format!("http://{}/mcp", listener.local_addr()?);
    let place = Place::new(&flaws, options.store_url, &here, &options.realm_url);
    let door = Door::new(flaws.clone(), keys, options.audience, place.clone());
    let store = Store::open(flaws.clone(), options.bake_seconds);
    let server = Server::new(store, Faults::default()).with_sessions();

    let layer = from_fn_with_state(Arc::new(door), door::guard);
    let (store, metadata) = (http::router(server), metadata::router(flaws.clone(), place));
    let app = if flaws.has(Flaw::MetadataNeedsToken) {
        store.merge(metadata).layer(layer)
    } else {
        store.layer(layer).merge(metadata)
    };
    http::serve_router(app, listener).await
}
