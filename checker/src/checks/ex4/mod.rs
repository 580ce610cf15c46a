//! Exercise 4: ask first, and show your products.

mod apps;
mod ask;
mod bake;
mod bake_all;
mod bars;
mod buy_button;
mod cannot_be_asked;
mod cards;
mod catalog;
mod chart;
mod declined;
mod draw;
mod names;
mod page;
mod payments;
mod places;
mod second_look;
mod state;

use std::time::Duration;

use super::store::SERVING;
use super::{Check, ExerciseChecks};
use crate::fixtures::Fixture;

const BROWSER: &[Fixture] = &[Fixture::Browser];

/// A browser takes a second to start, and more on a busy machine.
const WITH_BROWSER: Duration = Duration::from_secs(60);

/// Questions expire while the check waits.
const WITH_WAITING: Duration = Duration::from_secs(30);

/// The exercise, one check per step.
pub const EXERCISE: ExerciseChecks = ExerciseChecks {
    checks: &[
        Check::changes("4.1", |server| Box::pin(ask::check(server))),
        Check::changes("4.2", |server| Box::pin(declined::check(server))),
        Check::changes("4.3", |server| Box::pin(cannot_be_asked::check(server))),
        Check::changes("4.4", |server| Box::pin(state::check(server))).within(WITH_WAITING),
        Check::changes("4.5", |server| Box::pin(second_look::check(server))),
        Check::changes("4.6", |server| Box::pin(chart::check(server))),
        Check::changes("4.7", |server| Box::pin(catalog::check(server))),
        Check::changes("4.8", |server| Box::pin(draw::check(server)))
            .once()
            .with(BROWSER)
            .within(WITH_BROWSER),
        Check::changes("4.9", |server| Box::pin(buy_button::check(server)))
            .once()
            .with(BROWSER)
            .within(WITH_BROWSER),
        Check::changes("4.10", |server| Box::pin(bake::check(server))),
        Check::changes("4.11", |server| Box::pin(payments::check(server))),
        Check::changes("4.12", |server| Box::pin(bake_all::check(server))),
    ],
    place_of: |_| None,
    serving: SERVING,
};
