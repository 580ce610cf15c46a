//! The settings: options on the command line, or environment variables.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use reqwest::Url;

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
    /// The address to listen on
    #[arg(long, env = "STORE_HOST", default_value_t = Ipv4Addr::LOCALHOST.into())]
    pub host: IpAddr,
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    pub port: u16,
    /// How many seconds a user may think before buying
    #[arg(long, env = "STORE_CONFIRM_SECONDS", default_value = "300", value_parser = seconds)]
    pub confirm_seconds: Duration,
    /// How many seconds one item takes in the oven
    #[arg(long, env = "STORE_BAKE_SECONDS", default_value = "0.3", value_parser = seconds)]
    pub bake_seconds: Duration,
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
}

impl Options {
    /// The database, for those who only read.
    pub fn sales_url(&self) -> &str {
        self.sales_url.as_ref().unwrap_or(&self.database_url)
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
