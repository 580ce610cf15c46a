//! `cargo checker watch`: checks again after each save.

use anyhow::{Result, bail};

use super::Workshop;
use crate::cli::Watch;

pub(super) async fn run(_workshop: &Workshop, _arguments: &Watch) -> Result<u8> {
    bail!("not written yet")
}
