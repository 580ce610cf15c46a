//! Exercise 2: build an agent. The subject is the agent, and each check is the model that it
//! asks and the MCP server whose tools it offers, both with values drawn at random.

mod approve;
mod carry_out;
mod draw;
mod offer;
pub mod places;
mod scene;
mod servers;
mod several;
mod steps;
mod trouble;

use super::store::SERVING;
use super::{Check, ExerciseChecks};
use crate::fixtures::Fixture;

/// All steps need a model.
const MODEL: &[Fixture] = &[Fixture::Model];

/// The exercise, one check per step.
pub const EXERCISE: ExerciseChecks = ExerciseChecks {
    checks: &[
        Check::runs("2.1", |program| Box::pin(offer::check(program))).with(MODEL),
        Check::runs("2.2", |program| Box::pin(carry_out::check(program))).with(MODEL),
        Check::runs("2.3", |program| Box::pin(steps::check(program))).with(MODEL),
        Check::runs("2.4", |program| Box::pin(several::check(program))).with(MODEL),
        Check::runs("2.5", |program| Box::pin(trouble::check(program))).with(MODEL),
        Check::runs("2.6", |program| Box::pin(approve::check(program))).with(MODEL),
    ],
    place_of: |_| None,
    serving: SERVING,
};
