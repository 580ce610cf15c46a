//! `cargo interop`: the project against MCP software that other people wrote.
//!
//! ```text
//! tally.rs        a check, its line, what passed
//! conformance/    the official conformance suite against the store and the client
//! browser.rs      the pages of exercise 4 in a real browser
//! play.rs         the page of `cargo checker play` in a real browser
//! client.rs       a FastMCP client in the solution's store
//! inspector.rs    MCP Inspector's command line against the solution
//! tutor.rs        the same two with the workshop's tutor
//! devcontainer.rs the Codespace, as the dev containers' own command line takes it
//! rig.rs          the checker against the agent that is built on a framework
//! servers.rs      the client of exercise 1 in other people's servers
//! stores.rs       the checker against stores in Python and TypeScript, right and wrong
//! by_hand.rs      the checker against a store in plain Python, with a switch for each fault
//! programs.rs     the checker against a client and an agent in Python, right and wrong
//! seeds.rs        every flaw of the tests, with more seeds than the tests take
//! verdicts.rs     what the checker says, compared with what is so
//! ```
//!
//! A peer that cannot be installed, started or reached is a failure, never a skip.

mod browser;
mod by_hand;
mod client;
mod conformance;
mod devcontainer;
mod inspector;
mod play;
mod programs;
mod rig;
mod seeds;
mod servers;
mod stores;
mod tally;
mod tutor;
mod verdicts;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use checker::subject::Program;
use checker::subject::guard::Guard;
use clap::ValueEnum;

use self::tally::{STRONG, Tally};
use crate::guarded;
use crate::peers::node::Node;
use crate::peers::python::Python;
use crate::peers::{Peers, built, solution};

const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// What every check works with.
struct Setup {
    /// The checkout.
    root: PathBuf,
    guard: Guard,
    python: Python,
    node: Node,
    /// The solution of exercise 3.
    solution: Program,
    /// The solution of exercise 1.
    client: PathBuf,
    /// The checker.
    checker: PathBuf,
    tally: Tally,
}

/// What is held against the peers.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these groups of checks; all of them if none is named
    #[arg(value_enum)]
    groups: Vec<Group>,
    /// With how many seeds the group `seeds` tries each flaw
    #[arg(long, value_name = "N", default_value_t = seeds::FEW)]
    seeds: u32,
}

/// A group of checks: a file here.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Group {
    Conformance,
    Client,
    Inspector,
    Tutor,
    Devcontainer,
    Servers,
    Stores,
    ByHand,
    Programs,
    Rig,
    Browser,
    Play,
    Seeds,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let groups = match arguments.groups.as_slice() {
        [] => Group::value_variants(),
        some => some,
    };
    guarded::run(async |root, guard| all(root, guard, arguments, groups).await)
}

async fn all(root: &Path, guard: &Guard, arguments: &Arguments, groups: &[Group]) -> Result<()> {
    let begin = Instant::now();
    let setup = prepare(root, guard).await?;
    for group in groups {
        match group {
            Group::Conformance => conformance::run(&setup).await,
            Group::Client => client::run(&setup).await,
            Group::Inspector => inspector::run(&setup).await,
            Group::Tutor => tutor::run(&setup).await,
            Group::Devcontainer => devcontainer::run(&setup).await,
            Group::Servers => servers::run(&setup).await,
            Group::Stores => stores::run(&setup).await,
            Group::ByHand => by_hand::run(&setup).await,
            Group::Programs => programs::run(&setup).await,
            Group::Rig => rig::run(&setup).await,
            Group::Browser => browser::run(&setup).await,
            Group::Play => play::run(&setup).await,
            Group::Seeds => seeds::run(&setup, arguments.seeds).await,
        }
    }

    let (passed, failed) = setup.tally.counts();
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
async fn prepare(root: &Path, guard: &Guard) -> Result<Setup> {
    let peers = Peers::new(root, guard);
    println!("looking after the peers, and building the solutions and the checker");
    let (python, node, solution, client, checker) = tokio::try_join!(
        peers.python(),
        peers.node(),
        solution(root, guard),
        built(root, "ex1_connect_solution", guard),
        built(root, "checker", guard)
    )?;
    Ok(Setup {
        root: root.to_owned(),
        guard: guard.clone(),
        python,
        node,
        solution,
        client,
        checker,
        tally: Tally::default(),
    })
}
