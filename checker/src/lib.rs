//! The workshop's checker: builds and starts what an attendee wrote, drives it over MCP as a
//! real client would, and says what works, what does not, why, and what to do next.
//!
//! Data flows one way: [`commands`], [`watch`] and the tutor → [`workshop`] → [`engine`] →
//! [`checks`] → [`mcp`] → [`subject`]. [`events`] flow out through one channel to [`report`]; the
//! verdicts go to the progress. Checks never print, reports never decide, `mcp` knows no exercise,
//! [`course`] knows no protocol.

pub mod blocks;
pub mod book;
pub mod checks;
pub mod cli;
pub mod commands;
pub mod course;
mod doctor;
pub mod engine;
mod escape;
pub mod eval;
pub mod events;
pub mod fixtures;
pub mod host;
mod identity;
mod listener;
pub mod mcp;
pub mod patience;
mod play;
pub mod report;
mod shell;
pub mod signals;
mod snapshot;
pub mod subject;
pub mod tree;
mod tutor;
pub mod verdict;
pub mod watch;
pub mod workshop;
