//! `cargo xtask mutants`: the solutions with one change at a time, and whether the checker notices.
//!
//! cargo-mutants lists the changes (a body that returns nothing, `<` for `<=`); each is made in a
//! copy of the checkout, and `cargo checker check EX --solution` is the only test. What it passes is
//! a mistake that an attendee could make unseen, unless [`accepted`](Accepted) says why it is none.

mod accepted;
mod mutant;
mod trial;

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use checker::course::Course;
use checker::subject::guard::Guard;

use self::accepted::Accepted;
use self::mutant::Mutant;
use self::trial::{Found, Trial};
use crate::guarded;
use crate::peers::Peers;

/// Which changes to try.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these exercises, such as ex3_store; by default, all that are ready
    exercises: Vec<String>,
    /// Only files with this name, such as inventory.rs
    #[arg(long)]
    file: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    guarded::run(async |root, guard| try_all(root, guard, arguments).await)
}

async fn try_all(root: &Path, guard: &Guard, arguments: &Arguments) -> Result<()> {
    let begin = Instant::now();
    let course = Course::load(&root.join("course.toml"))?;
    let is_wanted =
        |id: &&String| arguments.exercises.is_empty() || arguments.exercises.contains(id);
    let ready = course.exercises.iter().filter(|exercise| exercise.ready);
    let ids: Vec<&String> = ready
        .map(|exercise| &exercise.id)
        .filter(is_wanted)
        .collect();
    ensure!(!ids.is_empty(), "no exercise that is ready has this name");
    let accepted = Accepted::read()?;
    let program = Peers::new(root, guard).mutants(root).await?;
    let trial = Trial::prepare(root, &ids, guard).await?;
    let (mut caught, mut unviable, mut wrong) = (0, 0, Vec::new());
    for id in ids {
        trial.passes(id).await?;
        let file = arguments.file.as_deref();
        for mutant in Mutant::list(&program, trial.root(), id, file, guard).await? {
            let reason = accepted.reason(&mutant);
            let found = trial.of(id, &mutant).await?;
            let words = match (&found, reason) {
                (Found::Unviable, _) => {
                    unviable += 1;
                    "does not compile".to_owned()
                }
                (Found::Caught(step), None) => {
                    caught += 1;
                    format!("caught by {step}")
                }
                (Found::Survived, Some(reason)) => format!("accepted: {reason}"),
                (Found::Survived, None) => {
                    wrong.push(mutant.to_string());
                    "SURVIVED".to_owned()
                }
                (Found::Caught(step), Some(_)) => {
                    wrong.push(format!("{mutant} (accepted, but caught by {step})"));
                    format!("caught by {step}, so it no longer needs to be accepted")
                }
            };
            println!("{mutant}: {words}");
        }
    }
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    println!(
        "\n{caught} caught, {unviable} do not compile, {} wrong, in {minutes:.1} minutes",
        wrong.len()
    );
    ensure!(caught > 0, "no change was caught. Is there any change?");
    ensure!(wrong.is_empty(), "look at these:\n{}", wrong.join("\n"));
    Ok(())
}
