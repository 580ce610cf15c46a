//! `cargo checker reset`: back to the starter.

use std::io::Write;

use anyhow::Result;

use super::{PASSED, replaced};
use crate::workshop::rescue::Source;
use crate::workshop::{Workshop, select};

pub(super) fn run(workshop: &Workshop, exercise: &str) -> Result<u8> {
    let exercise = select::exercise(workshop, "reset", exercise)?;
    let replaced = workshop.rescue().replace(exercise, Source::Starter)?;
    workshop.remember(exercise);
    let mut out = anstream::stdout().lock();
    let id = &exercise.id;
    let Some(replaced) = replaced else {
        writeln!(
            out,
            "exercises/{id} is already the starter. Nothing was replaced, and no copy was made."
        )?;
        return Ok(PASSED);
    };
    let files = replaced::counted(&replaced);
    writeln!(out, "exercises/{id} is the starter again, {files}:\n")?;
    replaced::tell(&mut out, workshop, exercise, &replaced)?;
    Ok(PASSED)
}
