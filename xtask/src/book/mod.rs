//! `cargo xtask book`: the book, built with mdBook as a library and proved sound.
//!
//! ```text
//! build.rs       pages of Markdown → a folder of HTML, or everything that is wrong with them
//! directives.rs  `{{#course …}}`, `{{#output …}}`: what stands elsewhere, put into a page by
//!                `checker::book`, which the tutor uses too
//! outdent.rs     how far code is indented
//! callouts.rs    the titles of call-outs
//! translation/   the book in other languages
//! warnings.rs    what mdBook has to say, collected
//! rules.rs       what must be true of its pages together
//! minutes.rs     the tests of the guide for instructors: its minutes add up
//! ```

pub(crate) mod build;
mod callouts;
mod directives;
#[cfg(test)]
mod minutes;
mod outdent;
mod rules;
mod translation;
mod warnings;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::pages::serve::{self, Site};

/// The book while it is written.
pub(crate) const SITE: Site = Site {
    name: "book",
    build: build::build_english,
    sources: &[
        "book",
        "solutions",
        "checker/tests/snapshots",
        "deploy",
        "evals",
        "interop",
    ],
    beside: None,
};

/// What to do with the book.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the book in English on this machine, build it again after each change and reload the page
    Serve {
        /// The port to listen on
        #[arg(long, default_value_t = 3000)]
        port: u16,
        /// Open it in the browser
        #[arg(long)]
        open: bool,
    },
    /// Bring changed English texts into the translations, `book/po/*.po`
    Merge,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::root()?;
    match arguments.command {
        Some(Command::Serve { port, open }) => serve::run(&SITE.at(&root), port, open),
        Some(Command::Merge) => translation::merge::run(&root),
        None => {
            let begin = Instant::now();
            let to = root.join("target/book");
            build::build(&root, &to)?;
            let seconds = begin.elapsed().as_secs_f64();
            println!(
                "{} in {seconds:.1} s",
                Path::new("target/book/index.html").display()
            );
            Ok(())
        }
    }
}
