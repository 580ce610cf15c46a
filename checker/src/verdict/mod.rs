//! What a check finds: outcomes and findings, from one era up to the whole exercise.

mod code;
mod finding;
mod location;
mod why;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::code::Code;
pub use self::finding::Finding;
pub use self::location::{Location, Position, Spot};
pub use self::why::Why;

use crate::course::Step;
use crate::mcp::Era;
use crate::mcp::transcript::Exchange;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All as it should be.
    Passed,
    /// Neither passed nor failed, for a reason outside the subject.
    CouldNotCheck,
    /// Nothing of it was written yet, or an earlier step must pass first.
    NotStarted,
    /// Something is not right.
    Failed,
}

/// Why a step counts as not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// The program reached a `todo!()`.
    Todo {
        /// Where, as the panic named it.
        place: Option<Position>,
    },
    /// This earlier step has not passed.
    Needs(String),
    /// The server does not declare what the step adds: "no prompt named `recommend`".
    NotDeclared(Why),
    /// The server does not declare the tool that the step adds.
    NoTool {
        /// `search_products`
        name: String,
        /// What it declares instead: "the server has `list_products`".
        others: String,
    },
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A page has no todo!().
            Self::Todo { place: Some(place) }
                if place.file.extension() == Some("html".as_ref()) =>
            {
                write!(f, "reached “not yet implemented” in {place}")
            }
            Self::Todo { place: Some(place) } => write!(f, "reached the todo!() at {place}"),
            Self::Todo { place: None } => f.write_str("reached its todo!()"),
            Self::Needs(step) => write!(f, "waits for {step}"),
            Self::NotDeclared(what) => what.fmt(f),
            Self::NoTool { name, others } => write!(f, "no tool named {name}: {others}"),
        }
    }
}

/// One step on one era.
#[derive(Clone, Debug)]
pub struct EraReport {
    /// The era; `None` where none applies to the step.
    pub era: Option<Era>,
    /// What became of it.
    pub outcome: Outcome,
    /// How long the check took, without any build.
    pub ms: u64,
    /// Why it failed. Empty otherwise.
    pub findings: Vec<Finding>,
    /// Why it is not started. `None` otherwise.
    pub not_started: Option<NotStarted>,
    /// Why it could not be checked. `None` otherwise.
    pub could_not: Option<String>,
    /// What is worth knowing, and no failure.
    pub remarks: Vec<String>,
    /// What crossed the wire.
    pub trace: Vec<Exchange>,
}

impl EraReport {
    /// A report of this outcome, and nothing said yet.
    pub fn new(era: Option<Era>, outcome: Outcome) -> Self {
        Self {
            era,
            outcome,
            ms: 0,
            findings: Vec::new(),
            not_started: None,
            could_not: None,
            remarks: Vec::new(),
            trace: Vec::new(),
        }
    }

    /// `modern`, `legacy`, or `any` where no era applies.
    pub fn era_name(&self) -> &'static str {
        self.era.map_or("any", Era::name)
    }

    /// The sentence behind an outcome that is neither passed nor failed.
    pub fn reason(&self) -> Option<String> {
        let not_started = self.not_started.as_ref().map(ToString::to_string);
        not_started.or_else(|| self.could_not.clone())
    }
}

/// One step on every era that was asked for.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// `3.4`
    pub id: String,
    /// The goal as a sentence.
    pub title: String,
    /// Whether the exercise is complete without it.
    pub bonus: bool,
    /// Where the attendee writes it; nothing when the source is not known.
    pub places: Vec<Position>,
    /// The command that checks it again.
    pub again: String,
    /// The worst of its eras.
    pub outcome: Outcome,
    /// One report for each era, newest first.
    pub eras: Vec<EraReport>,
}

impl StepReport {
    /// Sums up the eras of the step of this id.
    pub fn new(id: &str, eras: Vec<EraReport>) -> Self {
        let outcomes = eras.iter().map(|era| era.outcome);
        Self {
            id: id.to_owned(),
            title: String::new(),
            bonus: false,
            places: Vec::new(),
            again: String::new(),
            outcome: outcomes.max().unwrap_or(Outcome::CouldNotCheck),
            eras,
        }
    }

    /// The same, with what the course says of the step.
    pub fn of(step: &Step, eras: Vec<EraReport>) -> Self {
        Self {
            title: step.title.clone(),
            bonus: step.bonus,
            ..Self::new(&step.id, eras)
        }
    }

    /// Whether one era at least has passed.
    pub fn passed_somewhere(&self) -> bool {
        self.eras.iter().any(|era| era.outcome == Outcome::Passed)
    }

    /// Whether all that keeps it from being started is an earlier step.
    pub fn only_waits(&self) -> bool {
        let mut open = self.eras.iter().filter_map(|era| era.not_started.as_ref());
        open.all(|reason| matches!(reason, NotStarted::Needs(_)))
    }

    /// The finding to show, with the eras that have it.
    pub fn finding(&self) -> Option<(&Finding, Vec<Era>)> {
        let mut failed = self
            .eras
            .iter()
            .filter(|era| era.outcome == Outcome::Failed);
        let first = failed.next()?;
        let finding = first.findings.first()?;
        let same = failed.filter(|era| era.findings.iter().any(|other| other.code == finding.code));
        let eras = std::iter::once(first)
            .chain(same)
            .filter_map(|era| era.era)
            .collect();
        Some((finding, eras))
    }
}

/// Whose program was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// The attendee's exercise.
    Starter,
    /// The workshop's solution of it.
    Solution,
    /// A server that runs already.
    Url,
    /// A command of somebody's own.
    Command,
}

impl SubjectKind {
    /// Whether it is one of the workshop's own crates, in Rust and with rmcp, whose source is known.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Starter | Self::Solution)
    }
}

/// A whole exercise.
#[derive(Clone, Debug)]
pub struct ExerciseReport {
    /// `ex3_store`
    pub id: String,
    /// What the attendee builds.
    pub title: String,
    /// What was checked.
    pub subject: SubjectKind,
    /// How long cargo took; 0 when nothing was built.
    pub build_ms: u64,
    /// How long the checks took together.
    pub check_ms: u64,
    /// What was asked for, in the order of the course.
    pub steps: Vec<StepReport>,
    /// Why none of it ran, where the code does not compile.
    pub compile_error: Option<CompileError>,
}

/// What rustc says of code that does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// The first error, as rustc drew it.
    pub first: String,
    /// How many more there are.
    pub others: usize,
    /// The same in other words, where rustc's are hard to read.
    pub note: Option<&'static str>,
}

impl ExerciseReport {
    /// Failed if any step failed, else not started if a core step is, else passed if at least
    /// one step passed: a bonus that nobody began does not hold an exercise back.
    pub fn outcome(&self) -> Outcome {
        let has = |outcome| self.steps.iter().any(|step| step.outcome == outcome);
        let core_open = |step: &StepReport| !step.bonus && step.outcome == Outcome::NotStarted;
        if has(Outcome::Failed) {
            Outcome::Failed
        } else if self.steps.iter().any(core_open) {
            Outcome::NotStarted
        } else if has(Outcome::Passed) {
            Outcome::Passed
        } else if has(Outcome::NotStarted) {
            Outcome::NotStarted
        } else {
            Outcome::CouldNotCheck
        }
    }

    /// The core step to work on next, or else the first bonus that is open.
    pub fn first_open(&self) -> Option<&StepReport> {
        let open = |step: &&StepReport| step.outcome == Outcome::NotStarted;
        let mut core = self.steps.iter().filter(|step| !step.bonus);
        core.find(open).or_else(|| self.steps.iter().find(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exercise(steps: &[(Outcome, bool)]) -> ExerciseReport {
        let step = |(outcome, bonus): &(Outcome, bool)| StepReport {
            bonus: *bonus,
            ..StepReport::new("3.1", vec![EraReport::new(Some(Era::Modern), *outcome)])
        };
        ExerciseReport {
            id: "ex3_store".to_owned(),
            title: String::new(),
            subject: SubjectKind::Starter,
            build_ms: 0,
            check_ms: 0,
            steps: steps.iter().map(step).collect(),
            compile_error: None,
        }
    }

    #[test]
    fn a_step_is_the_worst_of_its_eras() {
        use Outcome::*;
        let worst = |modern, legacy| {
            let eras = vec![
                EraReport::new(Some(Era::Modern), modern),
                EraReport::new(Some(Era::Legacy), legacy),
            ];
            StepReport::new("3.1", eras).outcome
        };
        assert_eq!(worst(Passed, Failed), Failed);
        assert_eq!(worst(NotStarted, Failed), Failed);
        assert_eq!(worst(NotStarted, CouldNotCheck), NotStarted);
        assert_eq!(worst(Passed, CouldNotCheck), CouldNotCheck);
        assert_eq!(worst(Passed, Passed), Passed);
    }

    #[test]
    fn an_exercise_is_held_back_by_core_steps_and_by_a_bonus_that_is_wrong() {
        use Outcome::*;
        let outcome = |steps: &[(Outcome, bool)]| exercise(steps).outcome();
        assert_eq!(outcome(&[(Passed, false), (NotStarted, true)]), Passed);
        assert_eq!(outcome(&[(Passed, false), (CouldNotCheck, false)]), Passed);
        assert_eq!(outcome(&[(Passed, false), (NotStarted, false)]), NotStarted);
        assert_eq!(outcome(&[(Passed, false), (Failed, true)]), Failed);
        assert_eq!(outcome(&[(CouldNotCheck, false)]), CouldNotCheck);
        assert_eq!(outcome(&[(NotStarted, true)]), NotStarted);
    }
}
