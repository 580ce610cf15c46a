//! The command line, as people use and misuse it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
