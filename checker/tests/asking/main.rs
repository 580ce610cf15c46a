//! A server that speaks to its client while it answers: it asks the user, once or twice in a
//! call, reports progress, and heeds cancellation. On both eras, over HTTP and stdio.
//!
//! The tests hold the checker's client against it. It numbers its own requests from 1, as clients
//! do, and over HTTP it can ask for a bearer token on every request.

#[path = "../protocol/mod.rs"]
mod protocol;
mod tools;
mod visits;

use std::net::Ipv4Addr;

use anyhow::Result;
use axum::http::{HeaderMap, Method, StatusCode, header};
use clap::Parser;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use protocol::faults::Faults;
use protocol::{
    About, Call, Challenge, METHOD_NOT_FOUND, RpcError, Server, Service, Stop, http, stdio,
};
use tools::Tools;

/// A server that asks its client
#[derive(Parser)]
struct Options {
    /// Talk MCP on stdin and stdout instead of HTTP
    #[arg(long)]
    stdio: bool,
    /// The port to listen on; 0 is any that is free
    #[arg(long, env = "PORT", default_value_t = 0)]
    port: u16,
    /// The bearer token that every HTTP request must have
    #[arg(long, env = "TOKEN")]
    token: Option<String>,
}

struct Asking {
    tools: Tools,
    token: Option<String>,
}

impl Service for Asking {
    fn about(&self) -> About {
        About {
            server_info: json!({ "name": "asking", "version": "0.1.0" }),
            capabilities: json!({ "tools": {} }),
            instructions: "Every tool but echo needs a client that listens.".to_owned(),
        }
    }

    async fn answer(&self, call: &Call) -> Result<Value, Stop> {
        match call.request.method.as_str() {
            "tools/list" => Ok(tools::list()),
            "tools/call" => self.tools.call(call).await,
            method => Err(RpcError::new(METHOD_NOT_FOUND, method).into()),
        }
    }

    /// RFC 6750: without a token there is nothing to say of it.
    fn admit(&self, method: &Method, headers: &HeaderMap) -> Result<(), Challenge> {
        let Some(token) = &self.token else {
            return Ok(());
        };
        let challenge = match headers.get(header::AUTHORIZATION) {
            Some(sent) if *sent == format!("Bearer {token}") => {
                self.tools.visits.admitted(method);
                return Ok(());
            }
            Some(_) => "Bearer error=\"invalid_token\"",
            None => "Bearer",
        };
        self.tools.visits.refused(method);
        Err(Challenge {
            status: StatusCode::UNAUTHORIZED,
            authenticate: challenge.to_owned(),
        })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let asking = Asking {
        tools: Tools::default(),
        token: options.token,
    };
    let server = Server::new(asking, Faults::default()).with_sessions();
    if options.stdio {
        stdio::serve(server).await
    } else {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        http::serve(server, listener).await
    }
}
