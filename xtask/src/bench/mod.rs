//! `cargo xtask bench`: how fast the workshop is, each figure beside one that it can be held
//! against, measured in turns in one run. Ratios travel from machine to machine, seconds do not.
//!
//! ```text
//! bed.rs      a copy of the workshop to save, build and check in
//! loops.rs    what an attendee waits for: the first build, a save, a check
//! serving.rs  what a client waits for: the solution under load
//! quiet.rs    whether the machine had its cores to itself
//! rows.rs     a figure, the one beside it, the ratio, the aim
//! table.rs    the rows for people
//! chart.rs    the rows for the book
//! ```

mod bed;
mod chart;
mod loops;
mod quiet;
mod rows;
mod serving;
mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use checker::subject::guard::Guard;
use serde_json::json;

use self::bed::Bed;
use self::quiet::Quiet;
use self::rows::Row;
use crate::guarded;
use crate::peers::Peers;

/// Where the results go, for the book.
const RESULTS: &str = "book/src/bench.json";
const CHART: &str = "book/src/bench.svg";

/// What to measure, and how often.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How often to measure each figure; the median counts
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How often to measure the first build, which takes minutes
    #[arg(long, default_value_t = 2)]
    cold_rounds: u32,
    /// Only print the results: do not update the book
    #[arg(long)]
    dry: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    guarded::run(async |root, guard| all(root, guard, arguments).await)
}

async fn all(root: &Path, guard: &Guard, arguments: &Arguments) -> Result<()> {
    let quiet = Quiet::begin();
    let peers = Peers::new(root, guard);
    let (python, node) = (peers.python().await?, peers.node().await?);
    let bed = Bed::make(root, guard)?;

    let mut rows = Vec::new();
    rows.extend(loops::first_build(&bed, arguments.cold_rounds).await?);
    bed.warm().await?;
    rows.extend(loops::save(&bed, &python, arguments.rounds).await?);
    rows.push(loops::check(&bed, &node, arguments.rounds).await?);
    rows.extend(serving::under_load(&bed, &python, arguments.rounds).await?);

    println!();
    let stolen = quiet.stolen();
    table::print(&rows, stolen)?;
    if arguments.dry {
        return Ok(());
    }
    write(root, &rows, stolen)
}

fn write(root: &Path, rows: &[Row], stolen: Option<f64>) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let results = json!({ "version": 1, "cores": cores, "stolen": stolen, "rows": rows });
    let results = serde_json::to_string_pretty(&results)? + "\n";
    for (name, text) in [(RESULTS, results), (CHART, chart::draw(rows))] {
        let path = root.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("written: {name}");
    }
    Ok(())
}
