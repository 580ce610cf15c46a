//! The command line, as people use and misuse it.
//!
//! - `told` runs the checker, and asks of every run that it ends well,
//! - `subjects` are programs and servers to check,
//! - `words`: help, names, hints, and the bare command,
//! - `formats`: what programs read,
//! - `building`: code that does not compile, and cargo that cannot build,
//! - `checkout`: a workshop that is broken, and what it remembers,
//! - `doctor`: machines that have a trouble,
//! - `servers`: `--url` and `--command`,
//! - `watching`: checks after each save, on the terminals that `terminal` plays and in a pipe,
//! - `rescue`: the solution, and files that are replaced and brought back,
//! - `tutor`: the workshop over MCP, and `tutoring`: the same while it checks,
//! - `stopping`: signals, kills, closed pipes, and two checkers at once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod common;

#[path = "cli/building.rs"]
mod building;
#[path = "cli/checkout.rs"]
mod checkout;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/rescue.rs"]
mod rescue;
#[path = "cli/servers.rs"]
mod servers;
#[path = "cli/stopping.rs"]
mod stopping;
#[path = "cli/subjects.rs"]
mod subjects;
#[cfg(unix)]
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/told.rs"]
mod told;
#[path = "cli/tutor.rs"]
mod tutor;
#[cfg(unix)]
#[path = "cli/tutoring.rs"]
mod tutoring;
#[cfg(unix)]
#[path = "cli/watching.rs"]
mod watching;
#[path = "cli/words.rs"]
mod words;
