//! The command line, as people use and misuse it.
//!
//! - `told` runs the checker, and asks of every run that it ends well,
//! - `subjects` are programs and servers to check,
//! - `words`: help, names, hints, and the bare command,
//! - `formats`: what programs read,
//! - `building`: code that does not compile, and cargo that cannot build,
//! - `checkout`: a workshop that is broken, and what it remembers,
//! - `doctor`: machines that have a trouble,
//! - `eval`: a model that chooses tools,
//! - `servers`: `--url` and `--command`,
//! - `signing_in`: what keeps the users of a server out,
//! - `watching`: checks after each save, on the terminals that `terminal` plays and in a pipe,
//! - `realm`: the identity realm, and a Keycloak that is played by a script,
//! - `rescue`: the solution, and files that are replaced and brought back,
//! - `tutor`: the workshop over MCP, and `tutoring`: the same while it checks,
//! - `stopping`: signals, kills, closed pipes, and two checkers at once.

mod building;
mod checkout;
mod doctor;
mod eval;
mod formats;
mod realm;
mod rescue;
mod servers;
mod signing_in;
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
