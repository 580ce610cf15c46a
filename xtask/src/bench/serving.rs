//! What a client waits for: the solution under load, beside the same tool on bare rmcp and in
//! FastMCP, that of exercise 5, which looks at a token each time, and that of exercise 6, which also has a
//! database and limits. All of it is built for release, and called by one program in the same way.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Error, Result};
use checker::checks::store::SERVING;
use checker::fixtures::Database;
use checker::fixtures::realm::IdentityRealm;
use checker::subject::server::Server;
use serde::Deserialize;
use tokio::process::Command;

use super::bed::Bed;
use super::rows::{Aim, Row};
use crate::peers::python::Python;

/// A Python server takes seconds to import.
const PATIENCE: Duration = Duration::from_secs(60);

const MANY: usize = 32;

/// What the load program says.
#[derive(Debug, Deserialize)]
struct Answered {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// One server and what it did.
#[derive(Debug, Default)]
struct Served {
    alone_p50: Vec<f64>,
    many_p50: Vec<f64>,
    many_p99: Vec<f64>,
    per_second: Vec<f64>,
    megabytes: Vec<f64>,
}

pub(super) async fn under_load(bed: &Bed, python: &Python, rounds: u32) -> Result<Vec<Row>> {
    println!("building the servers for release (minutes, the first time)");
    let release = "build --release --package bench --package ex3_store_solution --package ex5_auth_solution --package ex6_ship_solution";
    bed.time(bed.cargo(release)).await?;
    let solution = || Command::new(bed.built("release/ex3_store_solution"));
    let bare = || Command::new(bed.built("release/bare_rmcp"));
    let fastmcp = || python.script(bed.root.join("bench/fastmcp_store.py"));
    let realm = IdentityRealm::play().await?;
    let database = Database::open(None).await.map_err(Error::msg)?;
    let with_sign_in = || {
        let mut command = Command::new(bed.built("release/ex5_auth_solution"));
        command.envs(realm.environment());
        command
    };

    let shipped = || {
        let mut command = Command::new(bed.built("release/ex6_ship_solution"));
        let (variable, url) = database.environment();
        command
            .envs(realm.environment())
            .env(variable, url)
            // One user makes all the calls.
            .env("STORE_CALLS_PER_MINUTE", u32::MAX.to_string());
        command
    };

    let (mut ours, mut rmcp, mut theirs) = Default::default();
    let (mut signed_in, mut in_production) = Default::default();
    for round in 1..=rounds {
        println!("under load, {round} of {rounds}");
        serve(bed, &solution, None, &mut ours).await?;
        serve(bed, &bare, None, &mut rmcp).await?;
        serve(bed, &fastmcp, None, &mut theirs).await?;
        // It is good for some minutes, which a round does not take.
        let token = realm.token("alice").await.map_err(Error::msg)?;
        serve(bed, &with_sign_in, Some(&token), &mut signed_in).await?;
        serve(bed, &shipped, Some(&token), &mut in_production).await?;
    }
    let from_a_database = Row::new(
        (
            "tools/call with a database and limits",
            "exercise 5, in memory",
        ),
        "/s",
        &in_production.per_second,
        &signed_in.per_second,
        None,
    );
    let with_a_token = Row::new(
        ("tools/call with a token", "exercise 3, which wants none"),
        "/s",
        &signed_in.per_second,
        &ours.per_second,
        Some(Aim::AtLeast(0.8)),
    );
    let (on_rmcp, in_fastmcp) = ("the same on bare rmcp", "the same in FastMCP");
    let rows = [(on_rmcp, &rmcp, 0.95), (in_fastmcp, &theirs, 40.0)];
    let rows = rows
        .into_iter()
        .flat_map(|(beside, served, aim): (_, &Served, _)| {
            let aim = Some(Aim::AtLeast(aim));
            [
                Row::new(
                    ("tools/call, 32 connections", beside),
                    "/s",
                    &ours.per_second,
                    &served.per_second,
                    aim,
                ),
                Row::new(
                    ("median latency, 1 connection", beside),
                    "ms",
                    &ours.alone_p50,
                    &served.alone_p50,
                    None,
                ),
                Row::new(
                    ("median latency, 32 connections", beside),
                    "ms",
                    &ours.many_p50,
                    &served.many_p50,
                    None,
                ),
                Row::new(
                    ("99th percentile, 32 connections", beside),
                    "ms",
                    &ours.many_p99,
                    &served.many_p99,
                    None,
                ),
                Row::new(
                    ("resident memory after it", beside),
                    "MB",
                    &ours.megabytes,
                    &served.megabytes,
                    None,
                ),
            ]
        });
    Ok(rows.chain([with_a_token, from_a_database]).collect())
}

/// Starts a server, calls it on one connection and on many, and ends it.
async fn serve(
    bed: &Bed,
    command: &impl Fn() -> Command,
    token: Option<&str>,
    served: &mut Served,
) -> Result<()> {
    let server = Server::start(command, SERVING, &bed.guard, PATIENCE).await?;
    let alone = load(bed, &server, token, 1).await?;
    let many = load(bed, &server, token, MANY).await?;
    served.alone_p50.push(alone.p50_ms);
    served.many_p50.push(many.p50_ms);
    served.many_p99.push(many.p99_ms);
    served.per_second.push(many.per_second);
    let memory = server.process.id().and_then(resident_megabytes);
    served.megabytes.push(memory.unwrap_or(f64::NAN));
    Ok(())
}

async fn load(
    bed: &Bed,
    server: &Server,
    token: Option<&str>,
    connections: usize,
) -> Result<Answered> {
    let mut command = Command::new(bed.built("release/load"));
    command
        .arg(server.url().as_str())
        .args(["--connections", &connections.to_string()])
        .envs(token.map(|token| ("LOAD_TOKEN", token)));
    let said = bed.said(command).await?;
    serde_json::from_str(&said).with_context(|| format!("the load program said {said}"))
}

/// `VmRSS:     11264 kB`, where there is a `/proc`.
fn resident_megabytes(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
