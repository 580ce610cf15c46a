//! MCP for the servers of the tests, by hand: both eras, over HTTP and stdio, in both directions.
//! rmcp would not let most of what can be wrong go wrong.
//!
//! A message comes in through [`http`] or [`stdio`] and is read by [`message`]. A request becomes
//! a [`Call`], which [`rpc`] answers or hands to the [`Service`]. A call can speak to its client
//! before it is answered; [`connection`] has what is open between the two. What can be wrong with
//! all this is in [`faults`]; [`mangle`] puts strange things into answers.
#![allow(dead_code, unused_imports, reason = "each server uses its part")]

mod call;
mod connection;
mod elicit;
pub mod faults;
mod guard;
pub mod http;
mod mangle;
mod message;
mod rpc;
mod sessions;
pub mod stdio;

use std::sync::Arc;

use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

pub use call::{Call, Stop};
pub use message::{
    Era, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, NO_NUMBER, RESOURCE_NOT_FOUND, RpcError,
};

use elicit::States;
use faults::Faults;
use sessions::Sessions;

/// What a server is, apart from the protocol.
pub trait Service: Send + Sync + 'static {
    /// What the server says of itself in either handshake.
    fn about(&self) -> About;

    /// Answers a request that is not the protocol's own, such as `tools/call`.
    fn answer(&self, call: &Call) -> impl Future<Output = Result<Value, Stop>> + Send;

    /// Whether an HTTP request may come in, whatever its method is.
    fn admit(&self, _method: &Method, _headers: &HeaderMap) -> Result<(), Challenge> {
        Ok(())
    }

    /// Whether the service looks at `requestState` itself. If not, [`Call::elicit`] does.
    fn reads_states(&self) -> bool {
        false
    }

    /// Tells a developer what goes on.
    fn log(&self, _line: &str) {}
}

/// What a server says of itself.
pub struct About {
    /// `serverInfo`: name, title, version.
    pub server_info: Value,
    pub capabilities: Value,
    pub instructions: String,
}

/// The refusal of a request without the right token.
pub struct Challenge {
    pub status: StatusCode,
    /// `WWW-Authenticate`
    pub authenticate: String,
}

/// A service, with what the protocol keeps for it.
pub struct Server<S> {
    service: S,
    faults: Faults,
    states: Arc<States>,
    /// Whether `initialize` over HTTP opens a session. Without one, a legacy client can neither
    /// be asked nor cancel a call.
    sessions: Option<Sessions>,
}

impl<S: Service> Server<S> {
    /// A server without sessions.
    pub fn new(service: S, faults: Faults) -> Self {
        Self {
            service,
            faults,
            states: Arc::default(),
            sessions: None,
        }
    }

    pub fn with_sessions(self) -> Self {
        Self {
            sessions: Some(Sessions::default()),
            ..self
        }
    }
}
