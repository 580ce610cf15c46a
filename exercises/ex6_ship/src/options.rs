//! The settings: options on the command line, or environment variables.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use reqwest::Url;
use secrecy::SecretString;

use crate::delivery;

/// A product store that speaks MCP.
#[derive(Parser)]
pub struct Options {
    /// The database: a file, `sqlite://store.db`, or `postgres://user@host/name`
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://store.db"
    )]
    pub database_url: String,
    /// The same database as a user who may only read `sales`, for `query_sales`
    #[arg(long, env = "STORE_SALES_URL", hide_env_values = true)]
    pub sales_url: Option<String>,
    /// How many seconds a query of `query_sales` may take
    #[arg(long, env = "STORE_QUERY_SECONDS", default_value = "2", value_parser = seconds)]
    pub query_seconds: Duration,
    /// Speak MCP on stdin and stdout instead of HTTP
    #[arg(long)]
    pub stdio: bool,
    /// Ask the store that runs on this machine whether it is healthy, and exit
    #[arg(long)]
    pub health: bool,
    /// The address to listen on
    #[arg(long, env = "STORE_HOST", default_value_t = Ipv4Addr::LOCALHOST.into())]
    pub host: IpAddr,
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    pub port: u16,
    /// How many seconds a user may think before buying
    #[arg(long, env = "STORE_CONFIRM_SECONDS", default_value = "300", value_parser = seconds)]
    pub confirm_seconds: Duration,
    /// The key that seals questions, at least 32 characters. With it, this is one of several instances
    /// that share a database: all of them need the same key
    #[arg(long, env = "STORE_SEALING_KEY", hide_env_values = true)]
    pub sealing_key: Option<SecretString>,
    /// How many seconds one item takes in the oven
    #[arg(long, env = "STORE_BAKE_SECONDS", default_value = "0.3", value_parser = seconds)]
    pub bake_seconds: Duration,
    /// How many seconds running calls may take when the store is asked to stop
    #[arg(long, env = "STORE_STOP_SECONDS", default_value = "10", value_parser = seconds)]
    pub stop_seconds: Duration,
    /// The realm that signs the tokens
    #[arg(
        long,
        env = "REALM_URL",
        default_value = "http://localhost:8180/realms/workshop"
    )]
    pub realm_url: Url,
    /// What a token must be made for
    #[arg(long, env = "AUDIENCE", default_value = "product-store")]
    pub audience: String,
    /// How many seconds to wait before asking a realm again that did not answer
    #[arg(long, env = "STORE_REALM_PAUSE_SECONDS", default_value = "5", value_parser = seconds)]
    pub realm_pause_seconds: Duration,
    /// Where clients reach this store, if it differs from where it listens
    #[arg(long, env = "STORE_URL")]
    pub store_url: Option<Url>,
    /// The carrier's API, which `delivery_quote` asks
    #[arg(long, env = "CARRIER_URL")]
    pub carrier_url: Option<Url>,
    /// The key for the carrier's API
    #[arg(long, env = "CARRIER_KEY", hide_env_values = true, default_value = "")]
    pub carrier_key: SecretString,
    /// How many seconds the carrier may take for one answer
    #[arg(long, env = "CARRIER_SECONDS", default_value = "5", value_parser = seconds)]
    pub carrier_seconds: Duration,
    /// How many seconds to wait before asking the carrier again
    #[arg(long, env = "CARRIER_PAUSE_SECONDS", default_value = "0.2", value_parser = seconds)]
    pub carrier_pause_seconds: Duration,
    /// The most requests to the carrier at a time
    #[arg(long, env = "CARRIER_AT_ONCE", default_value_t = 4)]
    pub carrier_at_once: usize,
    /// The most tool calls of one user per minute
    #[arg(long, env = "STORE_CALLS_PER_MINUTE", default_value = "60")]
    pub calls_per_minute: NonZeroU32,
    /// How many seconds a tool call may take
    #[arg(long, env = "STORE_DEADLINE_SECONDS", default_value = "30", value_parser = seconds)]
    pub deadline_seconds: Duration,
    /// The most bytes of one request
    #[arg(long, env = "STORE_BODY_BYTES", default_value_t = 1_000_000)]
    pub body_bytes: usize,
}

impl Options {
    /// How to ask the carrier.
    pub fn carrier(&self) -> delivery::Settings {
        delivery::Settings {
            url: self.carrier_url.clone(),
            key: self.carrier_key.clone(),
            answer: self.carrier_seconds,
            pause: self.carrier_pause_seconds,
            at_once: self.carrier_at_once,
        }
    }

    /// The database, for those who only read.
    pub fn sales_url(&self) -> &str {
        self.sales_url.as_ref().unwrap_or(&self.database_url)
    }

    /// Whether this is the only instance, so that every request reaches it.
    pub fn is_alone(&self) -> bool {
        self.sealing_key.is_none()
    }

    /// Where clients reach this store. The metadata must have exactly the address that clients use.
    pub fn store_url(&self) -> Result<Url> {
        if let Some(url) = &self.store_url {
            return Ok(url.clone());
        }
        // A program can listen on 0.0.0.0, but clients cannot connect to that address.
        let host = if self.host.is_unspecified() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            self.host
        };
        let here = SocketAddr::new(host, self.port);
        Ok(format!("http://{here}/mcp").parse()?)
    }
}

/// A time in seconds, such as `0.5`.
fn seconds(text: &str) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}
