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

mod building;
mod checkout;
mod doctor;
mod formats;
mod rescue;
mod servers;
mod stopping;
mod subjects;
#[cfg(unix)]
mod terminal;
mod told;
mod tutor;
#[cfg(unix)]
mod tutoring;
#[cfg(unix)]
mod watching;
mod words;
