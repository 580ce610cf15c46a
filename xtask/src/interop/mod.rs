//! `cargo interop`: the project against MCP software that other people wrote.
//!
//! ```text
//! tally.rs        a check, its line, what passed
//! conformance/    the official conformance suite against the store and the client
//! apps.rs         the pages of exercise 4 in other people's hosts
//! browser.rs      the same pages as the checker looks at them, in a real browser
//! play.rs         the page of `cargo checker play` in a real browser
//! slides.rs       the deck in a real browser
//! scripted.rs     what both have in common: a script that says what it saw
//! keycloak.rs     the realm of exercise 5: the stand-in and a real Keycloak, asked the same
//! client.rs       FastMCP clients in the stores of the solutions
//! inspector.rs    MCP Inspector's command line against the solution
//! tutor.rs        the same two with the workshop's tutor
//! devcontainer.rs the Codespace, as the dev containers' own command line takes it
//! workflows.rs    what GitHub runs, as actionlint takes it
//! words.rs        the spelling of everything, as typos takes it
//! rig.rs          the checker against the agent that is built on a framework
//! servers.rs      the client of exercise 1 in other people's servers
//! stores.rs       the checker against stores in Python and TypeScript, right and wrong
//! asking_stores.rs the same with stores that ask and show, as in exercise 4
//! guides.rs       the stores in Python and TypeScript that the book's guides show
//! by_hand.rs      the checker against a store in plain Python, with a switch for each fault
//! programs.rs     the checker against a client and an agent in Python, right and wrong
//! seeds.rs        every flaw of the tests, with more seeds than the tests take
//! deployment.rs   the store behind nginx and Caddy, under systemd, and on Kubernetes
//! postgres.rs     the store of exercise 6 on a real PostgreSQL
//! container.rs    step 6.8 with images that are right or wrong, in a real engine
//! image.rs        the image of the solution, built from the start
//! bundle.rs       the bundle for a room without a network, with the network off
//! verdicts.rs     what the checker says, compared with what is so
//! ```
//!
//! A peer that cannot be installed, started or reached is a failure, never a skip.

mod apps;
mod asking_stores;
mod browser;
mod bundle;
mod by_hand;
mod client;
mod conformance;
mod container;
mod deployment;
mod devcontainer;
mod guides;
mod image;
mod inspector;
mod keycloak;
mod play;
mod postgres;
mod programs;
mod rig;
mod scripted;
mod seeds;
mod servers;
mod signing_in;
mod slides;
mod stores;
mod tally;
mod tutor;
mod verdicts;
mod words;
mod workflows;

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use checker::subject::Program;
use checker::subject::guard::Guard;
use clap::ValueEnum;
use tokio::process::Command;

use self::tally::{STRONG, Tally};
use crate::guarded;
use crate::peers::node::Node;
use crate::peers::python::Python;
use crate::peers::{Peers, built, call, solution};

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
    /// The solution of exercise 4: a store that asks.
    asking: Program,
    /// The solution of exercise 1.
    client: PathBuf,
    /// The checker.
    checker: PathBuf,
    tally: Tally,
}

/// What is held against the peers.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these groups of checks; by default, all of them
    #[arg(value_enum)]
    groups: Vec<Group>,
    /// Not this group
    #[arg(long, value_name = "GROUP", value_enum)]
    except: Vec<Group>,
    /// How many seeds the group `seeds` tries with each flaw
    #[arg(long, value_name = "N", default_value_t = seeds::FEW)]
    seeds: u32,
}

/// A group of checks: a file here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Group {
    Conformance,
    Client,
    Inspector,
    Tutor,
    Devcontainer,
    Workflows,
    Words,
    Servers,
    Stores,
    AskingStores,
    Guides,
    ByHand,
    Programs,
    Rig,
    Apps,
    Browser,
    Play,
    Slides,
    Keycloak,
    Deployment,
    Postgres,
    Container,
    Image,
    Bundle,
    Seeds,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let groups = match arguments.groups.as_slice() {
        [] => Group::value_variants(),
        some => some,
    };
    let mut groups = groups.to_vec();
    groups.retain(|group| !arguments.except.contains(group));
    guarded::run(async |root, guard| all(root, guard, arguments, &groups).await)
}

async fn all(root: &Path, guard: &Guard, arguments: &Arguments, groups: &[Group]) -> Result<()> {
    let begin = Instant::now();
    let setup = prepare(root, guard).await?;
    let mut times = Vec::new();
    for group in groups {
        let begin = Instant::now();
        match group {
            Group::Conformance => conformance::run(&setup).await,
            Group::Client => client::run(&setup).await,
            Group::Inspector => inspector::run(&setup).await,
            Group::Tutor => tutor::run(&setup).await,
            Group::Devcontainer => devcontainer::run(&setup).await,
            Group::Workflows => workflows::run(&setup).await,
            Group::Words => words::run(&setup).await,
            Group::Servers => servers::run(&setup).await,
            Group::Stores => stores::run(&setup).await,
            Group::AskingStores => asking_stores::run(&setup).await,
            Group::Guides => guides::run(&setup).await,
            Group::ByHand => by_hand::run(&setup).await,
            Group::Programs => programs::run(&setup).await,
            Group::Rig => rig::run(&setup).await,
            Group::Apps => apps::run(&setup).await,
            Group::Browser => browser::run(&setup).await,
            Group::Play => play::run(&setup).await,
            Group::Slides => slides::run(&setup).await,
            Group::Keycloak => keycloak::run(&setup).await,
            Group::Deployment => deployment::run(&setup).await,
            Group::Postgres => postgres::run(&setup).await,
            Group::Container => container::run(&setup).await,
            Group::Image => image::run(&setup).await,
            Group::Bundle => bundle::run(&setup).await,
            Group::Seeds => seeds::run(&setup, arguments.seeds).await,
        }
        times.push((group.name(), begin.elapsed()));
    }
    tell_times(times);
    setup.tally.tell_failures();

    let (passed, failed) = setup.tally.counts();
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    anstream::println!("\n{STRONG}cargo interop: {minutes:.1} minutes{STRONG:#}");
    println!("{passed} passed, {failed} failed");
    let checks = if failed == 1 { "check" } else { "checks" };
    ensure!(
        failed == 0,
        "{failed} {checks} failed; the reasons are above"
    );
    ensure!(passed > 0, "no check ran");
    Ok(())
}

impl Group {
    /// As it is called on the command line.
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Builds all that the tests start, as `cargo ci` does, and the tests. Dependencies are there: this
/// program needs them too.
async fn build_tests(setup: &Setup) -> Result<()> {
    /// On a machine that is busy, or has never done it.
    const PATIENCE: Duration = Duration::from_secs(1200);

    let mut build = cargo(setup);
    build.args([
        "build",
        "--locked",
        "--quiet",
        "--workspace",
        "--all-targets",
    ]);
    call(build, &setup.guard, PATIENCE).await?.ended_well()?;
    Ok(())
}

/// The cargo that runs this, in the checkout.
fn cargo(setup: &Setup) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(&setup.root);
    command
}

/// How long each group took, the slowest first.
fn tell_times(mut times: Vec<(String, Duration)>) {
    times.sort_by_key(|(_, took)| Reverse(*took));
    anstream::println!("\n{STRONG}how long the groups took{STRONG:#}");
    for (group, took) in times {
        println!("{:8.1} s  {group}", took.as_secs_f64());
    }
}

/// Installs the peers and builds what they meet, one beside the other.
async fn prepare(root: &Path, guard: &Guard) -> Result<Setup> {
    let peers = Peers::new(root, guard);
    println!("looking after the peers, and building the solutions and the checker");
    let (python, node, solution, asking, client, checker) = tokio::try_join!(
        peers.python(),
        peers.node(),
        solution(root, "ex3_store", guard),
        solution(root, "ex4_interact", guard),
        built(root, "ex1_connect_solution", guard),
        built(root, "checker", guard)
    )?;
    Ok(Setup {
        root: root.to_owned(),
        guard: guard.clone(),
        python,
        node,
        solution,
        asking,
        client,
        checker,
        tally: Tally::default(),
    })
}
