//! Where the attendee is.

use schemars::JsonSchema;
use serde::Serialize;

use crate::course::{Exercise, Step};
use crate::engine::Written;
use crate::workshop::progress::{Progress, State};
use crate::workshop::{Workshop, hints};

/// The course with the attendee's progress.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    /// The title of the workshop.
    title: String,
    /// The id of the current exercise, such as ex3_store. Null when all have passed.
    current_exercise: Option<String>,
    /// The step to work on next. Null when all steps of the current exercise have passed.
    next_step: Option<NextStep>,
    /// All exercises, in order.
    exercises: Vec<ExerciseStatus>,
}

/// A step to work on.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NextStep {
    /// Its id, such as 3.4.
    id: String,
    /// Its goal as a sentence.
    title: String,
    /// The file that the attendee edits for it, and the TODO block in it.
    place: Option<BlockPlace>,
    /// Its heading in the book, such as ex3.html#step-3-4.
    book: Option<String>,
}

/// Where code is written: between the comments `ANCHOR: block` and `ANCHOR_END: block`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BlockPlace {
    /// Such as exercises/ex3_store/src/store.rs.
    pub file: String,
    /// Such as step_3_4. Missing if it is the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExerciseStatus {
    /// Such as ex3_store.
    id: String,
    title: String,
    /// False while it is only planned and cannot be checked yet.
    ready: bool,
    /// Whether the course is complete without it.
    bonus: bool,
    steps: Vec<StepStatus>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StepStatus {
    /// Such as 3.4.
    id: String,
    /// Its goal as a sentence.
    title: String,
    /// Whether the exercise is complete without it.
    bonus: bool,
    state: StateName,
    /// How many of its hints the attendee has seen.
    hints_seen: usize,
    /// How many hints it has.
    hints: usize,
}

/// passed: on both protocol eras. in_progress: started, but not correct yet. regressed: passed
/// before, fails now. caught_up: replaced with the solution. not_started: not started in any check.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StateName {
    NotStarted,
    InProgress,
    Passed,
    Regressed,
    CaughtUp,
}

impl Status {
    /// The status of this workshop.
    pub fn of(workshop: &Workshop, progress: &Progress) -> Self {
        let next = workshop.first_open(progress);
        Self {
            title: workshop.course.title.clone(),
            current_exercise: workshop.current(progress).map(|one| one.id.clone()),
            next_step: next.map(|(exercise, step)| NextStep::of(exercise, step)),
            exercises: workshop
                .course
                .exercises
                .iter()
                .map(|exercise| ExerciseStatus {
                    id: exercise.id.clone(),
                    title: exercise.title.clone(),
                    ready: exercise.ready,
                    bonus: exercise.bonus,
                    steps: exercise
                        .steps
                        .iter()
                        .map(|step| StepStatus::of(step, progress))
                        .collect(),
                })
                .collect(),
        }
    }
}

impl StepStatus {
    fn of(step: &Step, progress: &Progress) -> Self {
        Self {
            id: step.id.clone(),
            title: step.title.clone(),
            bonus: step.bonus,
            state: match progress.state(&step.id) {
                State::NotStarted => StateName::NotStarted,
                State::InProgress => StateName::InProgress,
                State::Passed => StateName::Passed,
                State::Regressed => StateName::Regressed,
                State::CaughtUp => StateName::CaughtUp,
            },
            hints_seen: hints::seen(progress, step),
            hints: step.hints.len(),
        }
    }
}

impl NextStep {
    fn of(exercise: &Exercise, step: &Step) -> Self {
        Self {
            id: step.id.clone(),
            title: step.title.clone(),
            place: BlockPlace::of(exercise, step),
            book: step.book.clone(),
        }
    }
}

impl BlockPlace {
    /// Everywhere that a step is written.
    pub fn all(workshop: &Workshop, exercise: &Exercise, step: &Step) -> Vec<Self> {
        let all = workshop.places_of(exercise, step).into_iter();
        let in_file = |written: Written| {
            let file = written.file.display().to_string();
            let of = |block| Self {
                file: file.clone(),
                block,
            };
            if written.blocks.is_empty() {
                vec![of(None)]
            } else {
                written.blocks.iter().cloned().map(Some).map(of).collect()
            }
        };
        all.flat_map(in_file).collect()
    }

    /// Where a step is written.
    pub fn of(exercise: &Exercise, step: &Step) -> Option<Self> {
        let place = step.place.as_ref()?;
        Some(Self {
            file: place.file_of(exercise).display().to_string(),
            block: place.anchor.clone(),
        })
    }
}
