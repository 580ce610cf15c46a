//! What happens while an exercise is checked, in order: from cargo's first word to the report.
//!
//! The run and the engine send events through one channel; [`report`](crate::report) and whoever
//! else listens read them. A report reaches them in no other way.

use crate::course::Exercise;
use crate::verdict::{ExerciseReport, StepReport};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Cargo is being called for this package.
    Building {
        /// `ex3_store`
        package: String,
    },
    /// Cargo has compiled a crate.
    CrateBuilt(String),
    /// Cargo waits for another cargo that uses the same target folder.
    WaitingForCargo,
    /// Cargo is done, well or not.
    Built,
    /// The checks of this exercise begin; or there are none, because it does not compile.
    Checking {
        /// Its id and title.
        exercise: Exercise,
    },
    /// The check that was asked for takes minutes, for this reason.
    TakesMinutes(&'static str),
    /// A step was judged on every era. Steps come in the order of the course.
    Step(Box<StepReport>),
    /// All of an exercise is done: the last event of each, also where it does not compile.
    Finished(Box<ExerciseReport>),
}
