//! `cargo interop`: the project against MCP software that other people wrote.
//!
//! ```text
//! tally.rs        a check, its line, what passed
//! conformance.rs  the official conformance suite against the solution
//! client.rs       a FastMCP client in the solution's store
//! inspector.rs    MCP Inspector's command line against the solution
//! tutor.rs        the same two with the workshop's tutor
//! rig.rs          the checker against the agent that is built on a framework
//! stores.rs       the checker against stores in Python and TypeScript, right and wrong
//! ```
//!
//! A peer that cannot be installed, started or reached is a failure, never a skip.

mod client;
mod conformance;
mod inspector;
mod rig;
mod stores;
mod tally;
mod tutor;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use checker::subject::Program;
use checker::subject::guard::Guard;

use self::tally::{STRONG, Tally};
use crate::guarded;
use crate::peers::node::Node;
use crate::peers::python::Python;
use crate::peers::{Peers, built, solution};

const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// What every check works with.
struct Stage {
    /// The checkout.
    root: PathBuf,
    guard: Guard,
    python: Python,
    node: Node,
    /// The solution of exercise 3.
    solution: Program,
    /// The checker.
    checker: PathBuf,
    tally: Tally,
}

pub(crate) fn run() -> Result<()> {
    guarded::run(all)
}

async fn all(root: &Path, guard: &Guard) -> Result<()> {
    let begin = Instant::now();
    let stage = prepare(root, guard).await?;
    conformance::run(&stage).await;
    client::run(&stage).await;
    inspector::run(&stage).await;
    tutor::run(&stage).await;
    stores::run(&stage).await;
    rig::run(&stage).await;

    let (passed, failed) = stage.tally.counts();
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    anstream::println!("\n{STRONG}cargo interop: {minutes:.1} minutes{STRONG:#}");
    println!("{passed} passed, {failed} failed");
    ensure!(
        failed == 0,
        "{failed} checks failed; their reasons stand above"
    );
    ensure!(passed > 0, "no check ran");
    Ok(())
}

/// Installs the peers and builds what they meet, one beside the other.
async fn prepare(root: &Path, guard: &Guard) -> Result<Stage> {
    let peers = Peers::new(root, guard);
    println!("looking after the peers, and building the solution and the checker");
    let (python, node, solution, checker) = tokio::try_join!(
        peers.python(),
        peers.node(),
        solution(root, guard),
        built(root, "checker", guard)
    )?;
    Ok(Stage {
        root: root.to_owned(),
        guard: guard.clone(),
        python,
        node,
        solution,
        checker,
        tally: Tally::default(),
    })
}
