//! `cargo checker hint`: the next rung of a step's ladder.

use anyhow::Result;

use super::PASSED;
use crate::report::{Next, write_hints};
use crate::workshop::{Workshop, hints};

pub(super) fn run(workshop: &Workshop, step: Option<&str>, again: bool) -> Result<u8> {
    let mut out = anstream::stdout().lock();
    if again {
        write_hints(
            &mut out,
            workshop,
            &hints::again(workshop, step)?,
            Next::Command,
        )?;
    } else {
        let given = hints::next(workshop, step)?;
        write_hints(&mut out, workshop, &given, Next::Command)?;
        // Only now: a hint that could not be written was not seen.
        given.remember(workshop)?;
    }
    Ok(PASSED)
}
