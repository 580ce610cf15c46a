//! Exercise 5: only signed-in users may use the store, and the store knows who they are.

mod bad_tokens;
mod buyers;
mod challenge;
mod changed;
mod door;
mod good_tokens;
mod intruder;
mod login;
mod metadata;
mod outage;
mod places;
mod purchase;
mod reason;
mod rotation;
mod scope;

use std::time::Duration;

use super::{Check, ExerciseChecks};
use crate::fixtures::Fixture;
use crate::subject::server::Serving;

const REALM: &[Fixture] = &[Fixture::Realm];

/// A store that has asked the realm in vain asks again after a while, and the check waits for that.
const WITH_WAITING: Duration = Duration::from_secs(60);

/// How long the store waits before it asks the realm again, if it takes the checker's word for it.
const PAUSE: Duration = Duration::from_millis(100);

/// How the store is told where to listen, and how long to wait for what.
const SERVING: Serving = Serving {
    port: "STORE_PORT",
    host: "STORE_HOST",
    settings: &[
        ("STORE_BAKE_SECONDS", "0.02"),
        ("STORE_REALM_PAUSE_SECONDS", "0.1"),
    ],
};

/// The exercise, one check per step.
pub const EXERCISE: ExerciseChecks = ExerciseChecks {
    checks: &[
        Check::reads("5.1", |server| Box::pin(metadata::check(server))).with(REALM),
        Check::reads("5.2", |server| Box::pin(challenge::check(server))).with(REALM),
        Check::reads("5.3", |server| Box::pin(good_tokens::check(server))).with(REALM),
        Check::changes("5.4", |server| Box::pin(bad_tokens::check(server))).with(REALM),
        Check::reads("5.5", |server| Box::pin(scope::check(server))).with(REALM),
        Check::changes("5.6", |server| Box::pin(rotation::check(server)))
            .with(REALM)
            .within(WITH_WAITING),
        Check::changes("5.7", |server| Box::pin(buyers::check(server))).with(REALM),
        Check::changes("5.8", |server| Box::pin(login::check(server))).with(REALM),
    ],
    place_of: |_| None,
    serving: SERVING,
};
