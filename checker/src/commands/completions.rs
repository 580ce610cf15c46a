//! `cargo checker completions SHELL`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::PASSED;
use crate::cli::Cli;

pub(super) fn run(shell: Shell) -> u8 {
    let mut command = Cli::command().bin_name("checker");
    generate(shell, &mut command, "checker", &mut std::io::stdout());
    PASSED
}
