//! What an attendee waits for: the first build, a save, a check.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use checker::checks::store::SERVING;
use checker::patience::Patience;
use checker::subject::Program;
use checker::subject::process::Process;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

use super::bed::Bed;
use super::rows::{Aim, Row};
use crate::peers::node::Node;
use crate::peers::python::Python;

/// Building one subject as the checker does, and nothing else.
const REBUILD: &str = "build --package checker --package ex3_store --bin ex3_store";

/// `cargo checker` in a fresh clone, beside a build of the solution alone.
pub(super) async fn first_build(bed: &Bed, rounds: u32) -> Result<Option<Row>> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        println!("the first build, {round} of {rounds} (minutes)");
        bed.forget_builds()?;
        let alone = "build --package ex3_store_solution";
        theirs.push(bed.time(bed.cargo(alone)).await?);
        bed.forget_builds()?;
        ours.push(bed.time(bed.cargo("checker check ex3")).await?);
    }
    let names = ("cargo checker, from nothing", "the solution's build alone");
    let row = || Row::new(names, "s", &ours, &theirs, Some(Aim::AtMost(1.8)));
    Ok((rounds > 0).then(row))
}

/// From a save to the verdict, beside the rebuild that is in it, and FastMCP's shortest loop.
pub(super) async fn save(bed: &Bed, python: &Python, rounds: u32) -> Result<Vec<Row>> {
    let mut watch = Watch::begin(bed).await?;
    let (mut rebuild, mut check, mut watched) = (Vec::new(), Vec::new(), Vec::new());
    let mut fastmcp = Vec::new();
    for round in 1..=rounds {
        println!("a save, {round} of {rounds}");
        let begin = Instant::now();
        bed.save()?;
        watch.verdict().await?;
        watched.push(begin.elapsed().as_secs_f64());
        fastmcp.push(
            bed.time(python.script(bed.root.join("bench/fastmcp_loop.py")))
                .await?,
        );
    }
    drop(watch);
    // Not beside the watch, which would build as well.
    for round in 1..=rounds {
        println!("a save without the watch, {round} of {rounds}");
        bed.save()?;
        rebuild.push(bed.time(bed.cargo(REBUILD)).await?);
        bed.save()?;
        check.push(bed.time(bed.cargo("checker check ex3")).await?);
    }
    let row = |what, beside, ours: &[f64], theirs: &[f64], aim| {
        Row::new((what, beside), "s", ours, theirs, Some(Aim::AtMost(aim)))
    };
    Ok(vec![
        row(
            "save to verdict, cargo checker check",
            "the rebuild alone",
            &check,
            &rebuild,
            1.10,
        ),
        row(
            "save to verdict, cargo checker watch",
            "the rebuild alone",
            &watched,
            &rebuild,
            1.10,
        ),
        row(
            "save to verdict, cargo checker check",
            "FastMCP's shortest loop",
            &check,
            &fastmcp,
            0.65,
        ),
    ])
}

/// All of exercise 3 in both eras, built, beside one call of MCP Inspector's command line.
pub(super) async fn check(bed: &Bed, node: &Node, rounds: u32) -> Result<Row> {
    let program = Program {
        executable: bed.built("debug/ex3_store_solution"),
        arguments: Vec::new(),
        folder: bed.root.join("solutions/ex3_store"),
        environment: Vec::new(),
        guard: bed.guard.clone(),
    };
    let server = program
        .serve(SERVING, Patience::default().listening)
        .await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        println!("a check, {round} of {rounds}");
        let report = bed
            .said(bed.checker("check ex3 --solution --format json"))
            .await?;
        let report: Value = serde_json::from_str(&report)?;
        let took = report["exercises"][0]["subject"]["check_ms"].as_f64();
        ours.push(took.context("the report has no check_ms")?);
        let mut inspector = node.inspector();
        inspector.args([
            server.url().as_str(),
            "--transport",
            "http",
            "--method",
            "tools/list",
        ]);
        theirs.push(bed.time(inspector).await? * 1000.0);
    }
    let names = ("all of exercise 3, both eras", "one call of MCP Inspector");
    Ok(Row::new(names, "ms", &ours, &theirs, Some(Aim::AtMost(0.25))).limited(Aim::AtMost(300.0)))
}

/// A `cargo checker watch` at work.
struct Watch {
    lines: Lines<BufReader<ChildStdout>>,
    _process: Process,
}

impl Watch {
    /// Starts it, and waits for its first verdict.
    async fn begin(bed: &Bed) -> Result<Self> {
        let mut process = Process::start(bed.checker("watch"), &bed.guard)?;
        let stdout = process.take_stdout().context("the watch has no stdout")?;
        let mut watch = Self {
            lines: BufReader::new(stdout).lines(),
            _process: process,
        };
        watch.verdict().await?;
        Ok(watch)
    }

    /// Waits for the next verdict, which must be that all is passed.
    async fn verdict(&mut self) -> Result<()> {
        while let Some(line) = self.lines.next_line().await? {
            if line.contains("8 of 8 steps passed") {
                return Ok(());
            }
            if line.contains("steps passed") || line.contains("does not compile") {
                bail!("the solution does not pass: {line}");
            }
        }
        bail!("the watch has ended")
    }
}
