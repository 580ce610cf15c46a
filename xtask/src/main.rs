//! The maintainers' commands. `cargo ci` is `cargo xtask ci`.

mod ci;

use anyhow::Result;
use clap::Parser;

/// The maintainers' commands.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Prove everything that Rust alone can prove: format, lints, tests
    Ci,
}

fn main() -> Result<()> {
    match Command::parse() {
        Command::Ci => ci::run(),
    }
}
