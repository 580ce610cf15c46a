//! `cargo checker tutor`: the workshop itself over MCP, for the attendee's coding agent.

use std::io::{IsTerminal, Write};

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use super::PASSED;
use crate::cli::Tutor as Arguments;
use crate::subject::guard::Guard;
use crate::tutor::{Tutor, serving};
use crate::workshop::Workshop;

pub(super) async fn run(arguments: &Arguments) -> Result<u8> {
    let workshop = match &arguments.workshop {
        Some(folder) => {
            let folder = std::path::absolute(folder)?;
            Workshop::open_at(&folder)?
        }
        None => Workshop::open()?,
    };
    workshop.finish_what_was_cut_off();
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
    start_logging();
    let tutor = Tutor::new(workshop, guard);
    if arguments.http {
        serving::over_http(tutor, arguments.port).await?;
    } else {
        if std::io::stdin().is_terminal() {
            let _ = writeln!(anstream::stderr(), "{FOR_PEOPLE}");
        }
        serving::over_stdio(tutor).await?;
    }
    Ok(PASSED)
}

const FOR_PEOPLE: &str =
    "The tutor waits for an MCP client on stdin. Your coding agent starts it, \
not you. Ctrl-C stops it.
`cargo checker tutor --http` serves it at a URL instead.";

/// Logs go to stderr, because stdout is the wire. The clients that the checks play are not the
/// tutor's business unless somebody asks.
fn start_logging() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,rmcp=off,checker=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // Where nobody hears the logs, the tutor serves on.
        .log_internal_errors(false)
        .init();
}
