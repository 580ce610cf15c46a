//! Exercise 4: ask before you act, and show it.

mod apps;
mod ask;
mod bake;
mod bake_all;
mod cannot_be_asked;
mod catalog;
mod chart;
mod declined;
mod payments;
mod places;
mod second_look;
mod state;

use super::store::SERVING;
use super::{Check, ExerciseChecks};

/// The exercise, one check per step.
pub const EXERCISE: ExerciseChecks = ExerciseChecks {
    checks: &[
        Check::changes("4.1", |server| Box::pin(ask::check(server))),
        Check::changes("4.2", |server| Box::pin(declined::check(server))),
        Check::changes("4.3", |server| Box::pin(cannot_be_asked::check(server))),
        Check::changes("4.4", |server| Box::pin(state::check(server))),
        Check::changes("4.5", |server| Box::pin(second_look::check(server))),
        Check::changes("4.6", |server| Box::pin(chart::check(server))),
        Check::changes("4.7", |server| Box::pin(catalog::check(server))),
        Check::changes("4.10", |server| Box::pin(bake::check(server))),
        Check::changes("4.11", |server| Box::pin(payments::check(server))),
        Check::changes("4.12", |server| Box::pin(bake_all::check(server))),
    ],
    place_of: |_| None,
    serving: SERVING,
};
