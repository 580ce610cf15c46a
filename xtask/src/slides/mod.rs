//! `cargo xtask slides`: the deck, rendered from Markdown for reveal.js, and proved sound.
//!
//! ```text
//! deck.rs        the Markdown of a module → slides with their minutes and notes
//! pieces.rs      what directives become on a slide: agenda, timers, outputs, diagrams, code
//! render.rs      a slide → HTML
//! build.rs       all modules → a folder with the deck and a handout, or all that is wrong
//! rules.rs       what must be true of the deck that needs no browser
//! reveal.rs      reveal.js from its npm package, fetched once
//! ```

mod build;
mod deck;
mod pieces;
mod render;
mod reveal;
mod rules;

use std::time::Instant;

use anyhow::Result;
use clap::{Args, Subcommand};

pub(crate) use self::build::build;
pub(crate) use self::reveal::fetch as fetch_reveal;
use crate::guarded;
use crate::pages::serve::{self, Site};

/// The deck while it is written.
const SITE: Site = Site {
    name: "deck",
    build,
    sources: &["slides", "book", "solutions", "checker/tests/snapshots"],
    beside: Some(("/book", "target/book")),
};

/// What to do with the deck.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
The deck is target/slides/index.html, and the same with all notes handout.html; both open from the
file and need no network. reveal.js is fetched with npm, once. Without npm the deck is built as plain
pages with their notes.

Keys: S speaker view, O overview, T starts the timer of a slide, D dark or light, ? all others.

Examples:
  cargo xtask slides                  build it
  cargo xtask slides serve --open     present it, or write on it: pages reload";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the deck on this machine, build it again after each change and reload the page
    Serve {
        /// The port to listen on
        #[arg(long, default_value_t = 3001)]
        port: u16,
        /// Open it in the browser
        #[arg(long)]
        open: bool,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::root()?;
    guarded::run(async |root, guard| {
        fetch_reveal(root, guard).await;
        Ok(())
    })?;
    if let Some(Command::Serve { port, open }) = arguments.command {
        return serve::run(&SITE.at(&root), port, open);
    }
    let begin = Instant::now();
    build(&root, &root.join("target/slides"))?;
    let seconds = begin.elapsed().as_secs_f64();
    println!("target/slides/index.html in {seconds:.1} s");
    Ok(())
}
