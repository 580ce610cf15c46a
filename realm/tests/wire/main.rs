//! What MCP clients rely on, asked of a realm: of the stand-in or, where `KEYCLOAK_URL` names one, of
//! a real Keycloak that has imported the workshop's realm. The same requests, the same answers; what
//! differs is in `differences.rs`, with the reason.
//!
//! ```text
//! KEYCLOAK_URL=http://localhost:8180 cargo test --package realm --test wire
//! ```

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod authorization;
mod differences;
mod discovery;
mod documents;
mod events;
mod hosts;
mod refusals;
mod registration;
mod tokens;
mod under_test;
mod visitor;
