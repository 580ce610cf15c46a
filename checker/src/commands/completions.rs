//! `cargo checker completions SHELL`.

use std::io::Write;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::PASSED;
use crate::cli::Cli;

pub(super) fn run(shell: Shell) -> Result<u8> {
    let mut command = Cli::command().bin_name("checker");
    // Not to stdout itself: the generator panics where that is closed.
    let mut script = Vec::new();
    generate(shell, &mut command, "checker", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(PASSED)
}
