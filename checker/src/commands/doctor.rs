//! `cargo checker doctor`: what is wrong with this machine, and the command that mends it.

use anyhow::{Result, bail};

pub(super) async fn run() -> Result<u8> {
    bail!("not written yet")
}
