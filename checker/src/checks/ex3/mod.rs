//! Exercise 3: build a product store.

mod answer;
mod buy;
mod describe;
mod list;
mod places;
mod prompts;
mod race;
mod refuse;
mod resources;
mod safety;
mod search;
mod sell_out;
mod stdio;

use super::store::SERVING;
use super::{Check, ExerciseChecks};
use crate::verdict::Code;

/// The exercise, one check per step.
pub const EXERCISE: ExerciseChecks = ExerciseChecks {
    checks: &[
        Check::reads("3.1", |server| Box::pin(answer::check(server))),
        Check::reads("3.2", |server| Box::pin(list::check(server))),
        Check::changes("3.3", |server| Box::pin(buy::check(server))),
        Check::changes("3.4", |server| Box::pin(refuse::check(server))),
        Check::changes("3.5", |server| Box::pin(race::check(server))),
        Check::reads("3.6", |server| Box::pin(describe::check(server))),
        Check::reads("3.7", |server| Box::pin(stdio::check(server))),
        Check::changes("3.8", |server| Box::pin(safety::check(server))),
        Check::changes("3.9", |server| Box::pin(search::check(server))),
        Check::changes("3.10", |server| Box::pin(resources::check(server))),
        Check::changes("3.11", |server| Box::pin(prompts::check(server))),
    ],
    place_of: |finding| match finding.code {
        Code::Forbidden => Some(places::GATE.into()),
        Code::HttpError | Code::NeedsLogin | Code::WrongContentType => Some(places::router()),
        Code::TooLittleStock => Some(places::opening_day()),
        _ => None,
    },
    serving: SERVING,
};
