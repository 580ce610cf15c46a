//! What the stores of exercises 3 to 5 have in common.
//!
//! - [`shop`] is the store as a customer sees it: products, receipts, and what can go wrong,
//! - [`schema`] holds results against what their tools declare, and [`validator`] against any
//!   JSON Schema.

pub mod schema;
pub mod shop;
pub mod validator;

use crate::subject::server::Serving;

/// How a store is told where to listen.
pub const SERVING: Serving = Serving {
    port: "STORE_PORT",
    host: "STORE_HOST",
};

/// Where a store listens that is told nothing.
pub const DEFAULT_PORT: u16 = 8420;
