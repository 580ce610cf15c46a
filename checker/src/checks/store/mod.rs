//! What the stores of exercises 3 to 6 have in common.
//!
//! - [`shop`] is the store as a customer sees it: products, receipts, and what can go wrong,
//! - [`sale`] is what must be so after a sale, and [`race`] after many at the same moment,
//! - [`question`] is what a store asks before a sale, from exercise 4 on,
//! - [`users`] are those who are signed in, from exercise 5 on,
//! - [`schema`] holds results against what their tools declare, and [`validator`] against any
//!   JSON Schema.

pub mod question;
pub mod race;
pub mod sale;
pub mod schema;
pub mod shop;
pub mod users;
pub mod validator;

use crate::subject::server::Serving;

/// How a store is told where to listen.
pub const SERVING: Serving = Serving {
    port: "STORE_PORT",
    host: "STORE_HOST",
    settings: &[("STORE_BAKE_SECONDS", "0.02")],
};

/// Where a store listens that is told nothing.
pub const DEFAULT_PORT: u16 = 8420;
