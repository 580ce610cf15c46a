//! What each exercise must do: one module per exercise. The only place that knows the exercises'
//! contracts.
//!
//! A check is an async function from what is under test, a face of the [`harness`], to
//! [`Checked`]. It reads as the sentence of the course that it proves, and stops at the first thing
//! that is not so. It never prints.
//!
//! - [`harness`] is what a check works with,
//! - [`store`] is what exercises 3 to 6 share: the shop, its products and receipts,
//! - `handshake` is what every client does first,
//! - `draw` is what is drawn at random, `printed` what a program printed,
//! - [`contract`] is a server's surface as text, held against a snapshot,
//! - [`symptoms`] has a sentence for each known symptom.

pub mod contract;
mod draw;
mod ex1;
mod ex2;
mod ex3;
mod ex4;
mod ex5;
mod ex6;
mod handshake;
pub(crate) mod harness;
mod printed;
pub mod store;
pub(crate) mod symptoms;

use std::time::Duration;

use futures::future::BoxFuture;

pub(crate) use self::harness::{Harness, ProgramUnderTest, ServerUnderTest, WorkspaceUnderTest};
use crate::course::Exercise;
use crate::fixtures::Fixture;
use crate::mcp::RequestError;
use crate::subject::server::Serving;
use crate::verdict::{Finding, Location, NotStarted, Why};

/// What the checks of one exercise have in common.
#[derive(Debug)]
pub struct ExerciseChecks {
    /// One check per step.
    pub checks: &'static [Check],
    /// Where a finding of the general kind belongs, if there is a place for it.
    pub place_of: fn(&Finding) -> Option<Location>,
    /// How its program is told where to serve.
    pub serving: Serving,
}

/// The code that verifies one step, and what it needs.
#[derive(Debug)]
pub struct Check {
    /// `3.4`
    pub step: &'static str,
    /// How often it runs.
    pub eras: Eras,
    /// What it does to the server's state.
    pub isolation: Isolation,
    /// How long it may take, if that is longer than any other step.
    pub deadline: Option<Duration>,
    /// What must be there before the subject starts.
    pub fixtures: &'static [Fixture],
    /// What makes it take minutes, if something does. Then it only does so when its step is asked for alone.
    pub takes_minutes: Option<&'static str>,
    /// What is checked, and the check itself.
    pub run: Run,
}

/// How often a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eras {
    /// On each era that was asked for.
    Each,
    /// Once: no era applies to it.
    Once,
}

/// What a check does to the server's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// It only reads: one process serves all such checks of an era.
    Shared,
    /// It changes state, and gets a process of its own.
    Own,
}

/// A check, by what the subject is to it.
#[derive(Debug)]
pub enum Run {
    /// The subject is a server: the check is its client.
    Server(CheckOf<ServerUnderTest>),
    /// The subject is a program that is a client: the check is what it meets.
    Program(CheckOf<ProgramUnderTest>),
    /// The subject is what the attendee's editor and agents are told about servers.
    Workspace(CheckOf<WorkspaceUnderTest>),
}

/// A check of a `T`.
pub type CheckOf<T> = for<'t> fn(&'t T) -> BoxFuture<'t, Checked>;

impl Check {
    /// A check that only reads what a server has.
    pub const fn reads(step: &'static str, run: CheckOf<ServerUnderTest>) -> Self {
        Self::new(step, Eras::Each, Isolation::Shared, Run::Server(run))
    }

    /// A check that changes what a server has.
    pub const fn changes(step: &'static str, run: CheckOf<ServerUnderTest>) -> Self {
        Self::new(step, Eras::Each, Isolation::Own, Run::Server(run))
    }

    /// A check of a program, which is run once for each thing that it is to do.
    pub const fn runs(step: &'static str, run: CheckOf<ProgramUnderTest>) -> Self {
        Self::new(step, Eras::Each, Isolation::Own, Run::Program(run))
    }

    /// A check of the workspace around the program.
    pub const fn looks_around(step: &'static str, run: CheckOf<WorkspaceUnderTest>) -> Self {
        Self::new(step, Eras::Once, Isolation::Own, Run::Workspace(run))
    }

    /// The same, with this around the subject.
    pub const fn with(mut self, fixtures: &'static [Fixture]) -> Self {
        self.fixtures = fixtures;
        self
    }

    /// The same, once, because no era applies to what it looks at.
    pub const fn once(mut self) -> Self {
        self.eras = Eras::Once;
        self
    }

    /// The same, which may take this long.
    pub const fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same, which takes minutes, for this reason.
    pub const fn slow(mut self, why: &'static str) -> Self {
        self.takes_minutes = Some(why);
        self
    }

    const fn new(step: &'static str, eras: Eras, isolation: Isolation, run: Run) -> Self {
        Self {
            step,
            eras,
            isolation,
            deadline: None,
            fixtures: &[],
            takes_minutes: None,
            run,
        }
    }
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
    pub fn not_declared(what: impl Into<Why>) -> Self {
        Self::NotStarted(NotStarted::NotDeclared(what.into()))
    }

    /// Has a finding point there, unless it points somewhere already that can be found.
    pub fn at(mut self, place: impl Into<Location>) -> Self {
        if let Self::Failed(finding) = &mut self {
            let before = std::mem::take(&mut finding.location);
            finding.location = before.or(place);
        }
        self
    }

    /// What came back, if it is a finding.
    pub fn got(self) -> Option<String> {
        match self {
            Self::Failed(finding) => Some(finding.got),
            Self::NotStarted(_) | Self::CouldNotCheck(_) => None,
        }
    }

    /// Has a finding expect something else.
    pub fn expecting(mut self, expected: impl Into<String>) -> Self {
        if let Self::Failed(finding) = &mut self {
            finding.expected = expected.into();
        }
        self
    }
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Failed(Box::new(finding))
    }
}

impl From<RequestError> for Stop {
    fn from(failure: RequestError) -> Self {
        symptoms::of_failure(failure)
    }
}

/// All exercises, in the order of the course.
const EXERCISES: [&ExerciseChecks; 6] = [
    &ex1::EXERCISE,
    &ex2::EXERCISE,
    &ex3::EXERCISE,
    &ex4::EXERCISE,
    &ex5::EXERCISE,
    &ex6::EXERCISE,
];

/// The check of a step, if it has been written, with its exercise.
pub fn of_step(step: &str) -> Option<(&'static ExerciseChecks, &'static Check)> {
    EXERCISES.into_iter().find_map(|exercise| {
        let check = exercise.checks.iter().find(|check| check.step == step)?;
        Some((exercise, check))
    })
}

/// How an exercise's program is told where to serve; `None` where it is no server.
pub fn serving_of(exercise: &Exercise) -> Option<Serving> {
    let mut steps = exercise.steps.iter();
    let (checks, _) = steps.find_map(|step| {
        of_step(&step.id).filter(|(_, check)| matches!(check.run, Run::Server(_)))
    })?;
    Some(checks.serving)
}

/// Whether an exercise's program takes tokens, which the checker has.
pub fn takes_tokens(exercise: &Exercise) -> bool {
    let mut steps = exercise.steps.iter();
    steps.any(|step| {
        of_step(&step.id).is_some_and(|(_, check)| check.fixtures.contains(&Fixture::Realm))
    })
}

/// What makes the check of a step take minutes, if something does.
pub fn takes_minutes(step: &str) -> Option<&'static str> {
    of_step(step).and_then(|(_, check)| check.takes_minutes)
}

/// How often a step is checked.
pub fn eras_of(step: &str) -> Eras {
    of_step(step).map_or(Eras::Each, |(_, check)| check.eras)
}
