//! What each exercise must do: one room per exercise. The only place that knows the
//! exercises' contracts.
//!
//! A check is an async function from a [`Context`] to [`Checked`]. It reads as the sentence
//! of the course that it proves, and stops at the first thing that is not so. It never
//! prints.

pub mod client;
mod context;
pub mod contract;
pub mod ex1;
pub mod ex2;
pub mod ex3;
pub mod setting;
pub mod symptoms;

use futures::future::BoxFuture;

pub use self::client::Client;
pub use self::context::{Context, Reach, Symptom};
pub use self::setting::Setting;
use crate::blocks::TodoBlock;
use crate::mcp::Failure;
use crate::verdict::{Finding, Location, NotStarted};

/// The code that verifies one step.
#[derive(Debug)]
pub struct Check {
    /// `3.4`
    pub step: &'static str,
    /// What is checked, and the check itself.
    pub run: Run,
}

/// A check, by what the subject is to it.
#[derive(Debug)]
pub enum Run {
    /// The subject is a server: the check is its client.
    Server(Isolation, for<'a> fn(&'a Context) -> BoxFuture<'a, Checked>),
    /// The subject is a client: the check is the server that it meets.
    Client(for<'a> fn(&'a Client) -> BoxFuture<'a, Checked>),
    /// The subject is what the attendee's editor and agents are told about servers. No era
    /// applies to it.
    Setting(for<'a> fn(&'a Setting) -> BoxFuture<'a, Checked>),
}

/// What a check does to the server's state.
#[derive(Clone, Copy, Debug)]
pub enum Isolation {
    /// It only reads: one process serves all such checks of an era.
    Shared,
    /// It changes state, and gets a process of its own.
    Own,
}

/// All is as it should be, or the first reason why not.
pub type Checked<T = ()> = Result<T, Stop>;

/// Why a check ended early.
#[derive(Clone, Debug)]
pub enum Stop {
    /// Something is not right.
    Failed(Box<Finding>),
    /// What the step adds is not there yet.
    NotStarted(NotStarted),
    /// It cannot be told, and how it could.
    CouldNotCheck(String),
}

impl Stop {
    /// Not started, because the server does not declare it.
    pub fn not_declared(what: impl Into<String>) -> Self {
        Self::NotStarted(NotStarted::NotDeclared(what.into()))
    }

    /// Has a finding point at this TODO block, unless it points somewhere already.
    pub fn at(mut self, block: TodoBlock) -> Self {
        if let Self::Failed(finding) = &mut self
            && finding.location == Location::Step
        {
            finding.location = Location::Block(block);
        }
        self
    }
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Failed(Box::new(finding))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        symptoms::of_failure(failure)
    }
}

/// The rooms, one per exercise.
const ROOMS: [&[Check]; 3] = [ex1::CHECKS, ex2::CHECKS, ex3::CHECKS];

/// Whether no era applies to a step.
pub fn is_for_any_era(step: &str) -> bool {
    of_step(step).is_some_and(|check| matches!(check.run, Run::Setting(_)))
}

/// The check of a step, if it has been written.
pub fn of_step(step: &str) -> Option<&'static Check> {
    ROOMS.into_iter().flatten().find(|check| check.step == step)
}
