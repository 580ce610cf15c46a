//! The tests of package checker, in one program: it is linked once, and they run side by side.
//!
//! - `flaws`, `interact`, `auth`, `ship`, `clients`, `agents`: each flaw of a broken program fails its step, and no other,
//! - `asking`: a server that asks its client,
//! - `container`: step 6.8, with images of a real Docker or Podman,
//! - `settings`, `contract`: step 1.1, and what the reference solution declares,
//! - `hello`, `talk`, `door`, `book`, `hints`: what the book and the hints show is so,
//! - `proofs`: starters, solutions and `course.toml` belong together,
//! - `line_ends`: a checkout of Git for Windows is as good as any,
//! - `logs`: a store that nobody hears serves on,
//! - `mangled`: whatever a program sends, there is a verdict,
//! - `play`: the MCP host in the browser, without the browser,
//! - `cli`: the command line, as people use and misuse it,
//! - `devcontainer`: its commands run as they are written,
//! - `common` is what they share.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod agents;
mod asking;
mod auth;
mod book;
mod cli;
mod clients;
mod common;
mod container;
mod contract;
#[cfg(target_os = "linux")]
mod devcontainer;
mod door;
mod flaws;
mod hello;
mod hints;
mod interact;
mod line_ends;
mod logs;
mod mangled;
mod play;
mod proofs;
mod settings;
mod ship;
mod talk;
