//! The tutor: the workshop itself as an MCP server, for the attendee's coding agent.
//!
//! - [`serving`] is the wire: stdio, or Streamable HTTP on this machine,
//! - `handler` is what a client sees: who answers, resources, completions,
//! - `tools` are the four tools; `status`, `checking`, `explanation` and `ladder` do their work,
//!   `reports` remembers what was found, `answer` makes results and errors of it,
//! - `resources` are the book's pages and the attendee's `code`; `completions` knows their names,
//! - `prompts` are what an attendee picks from a menu.
//!
//! It runs the same code as the commands. It never shows a solution: no tool reads them, and on the
//! book's pages they stay closed.

mod answer;
mod checking;
mod code;
mod completions;
mod explanation;
mod handler;
mod ladder;
mod prompts;
mod reports;
mod resources;
pub mod serving;
mod status;
mod tools;

use std::sync::Arc;

use tokio::sync::Mutex;

use self::reports::Reports;
use crate::subject::guard::Guard;
use crate::workshop::Workshop;

/// The MCP server. Clones serve one workshop, and remember the same checks.
#[derive(Clone, Debug)]
pub struct Tutor {
    workshop: Arc<Workshop>,
    guard: Guard,
    reports: Arc<Reports>,
    /// Held while a check runs: one at a time.
    busy: Arc<Mutex<()>>,
}

impl Tutor {
    /// A tutor of this workshop. What it starts ends with the guard.
    pub fn new(workshop: Workshop, guard: Guard) -> Self {
        Self {
            workshop: Arc::new(workshop),
            guard,
            reports: Arc::default(),
            busy: Arc::default(),
        }
    }
}
