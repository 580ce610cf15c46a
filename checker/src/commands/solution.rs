//! `cargo checker solution`: the solution's files.

use anyhow::{Result, bail};

use super::Workshop;

pub(super) fn run(_workshop: &Workshop, _exercise: Option<&str>) -> Result<u8> {
    bail!("not written yet")
}
