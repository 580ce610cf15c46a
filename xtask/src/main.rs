//! The maintainers' commands. `cargo ci` is `cargo xtask ci`.

mod bench;
mod book;
mod bundle;
mod ci;
mod copy;
mod folders;
mod guarded;
mod interop;
mod mutants;
mod pages;
mod peers;
mod pictures;
mod slides;
mod starters;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use checker::subject::guard;
use clap::Parser;

/// The maintainers' commands.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Run every check that needs only Rust: format, wording, lints, tests
    Ci,
    /// Test the project with real MCP software: conformance suite, MCP Inspector, FastMCP
    Interop(interop::Arguments),
    /// Install a browser for the tests that need one, unless there is one
    Browser,
    /// Measure how fast the workshop is, next to comparable software
    Bench(bench::Arguments),
    /// Change the solutions in one place at a time, and see whether the checker notices (slow)
    Mutants(mutants::Arguments),
    /// Build the book into target/book, or serve it while you read or write
    Book(book::Arguments),
    /// Build the deck into target/slides, or serve it while you present or write
    Slides(slides::Arguments),
    /// Make one archive for a room with no network: repository, crates, book and deck
    Bundle,
    /// Take the book's screenshots of `play` and of the pages of exercise 4, in a real browser
    Pictures,
    /// Copy `exercises/` to `checker/starters/`, which the checker embeds
    Starters,
    /// Find phrases that are hard to read, and say what to write instead
    Words,
}

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == guard::ARGUMENT)
    {
        guard::keep_watch();
        return ExitCode::SUCCESS;
    }
    let done = match Command::parse() {
        Command::Ci => ci::run(),
        Command::Interop(arguments) => interop::run(&arguments),
        Command::Browser => peers::browser::run(),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Book(arguments) => book::run(&arguments),
        Command::Slides(arguments) => slides::run(&arguments),
        Command::Bundle => bundle::run(),
        Command::Pictures => pictures::run(),
        Command::Starters => starters::run(),
        Command::Words => words::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the checkout, as cargo says it when it runs this program: one that was moved or
/// built elsewhere does not know better.
fn root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("cargo did not start this program. Run it as `cargo xtask`")?;
    let root = Path::new(&package).parent();
    Ok(root.context("xtask has no parent")?.to_owned())
}
