//! `cargo xtask book`: the book, built with mdBook as a library and proved sound.
//!
//! ```text
//! source.rs      a page as it was written
//! build.rs       pages of Markdown → a folder of HTML, or everything that is wrong with them
//! directives.rs  `{{#course …}}`, `{{#output …}}`: what stands elsewhere, put into a page by
//!                `checker::book`, which the tutor uses too
//! includes.rs    `{{#include …}}`: is it there, and how far is it indented
//! stumbles.rs    the title of a usual stumble
//! warnings.rs    what mdBook has to say, collected
//! page.rs        a built page as the rules see it: ids, links, code
//! rules.rs       what must be true of all pages together
//! links.rs       where links may lead
//! commands.rs    the commands that pages name
//! serve.rs       build, serve, build again after a change
//! ```

mod build;
mod commands;
mod directives;
mod includes;
mod links;
mod page;
mod rules;
mod serve;
mod source;
mod stumbles;
mod warnings;

use std::fmt;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, Subcommand};

/// What to do with the book.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the book on this machine, build it again after each change and reload the page
    Serve {
        /// The port to listen on
        #[arg(long, default_value_t = 3000)]
        port: u16,
        /// Open it in the browser
        #[arg(long)]
        open: bool,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::root()?;
    match arguments.command {
        Some(Command::Serve { port, open }) => serve::run(&root, port, open),
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

/// Something that is wrong with the book, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mistake {
    /// `book/src/ex3.md`, or the part of the course or the built page that is meant.
    file: String,
    /// The first line is 1.
    line: Option<usize>,
    message: String,
}

impl Mistake {
    fn new(file: impl Into<String>, line: Option<usize>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The line of a place in a text.
fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}
