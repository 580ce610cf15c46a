//! Exercise 6: a store that can be shipped. Its stock lives in a database.

mod container;
mod customer;
mod database;
mod delivery;
mod instances;
mod limits;
mod places;
mod query;
mod restart;
mod stopping;
mod watched;

use std::time::Duration;

use super::{Check, ExerciseChecks};
use crate::fixtures::Fixture;
use crate::subject::server::Serving;

/// Every store of this exercise looks at tokens, and needs a database.
const STORE: &[Fixture] = &[Fixture::Realm, Fixture::Database];

/// A store that asks a carrier.
const CALLING: &[Fixture] = &[Fixture::Realm, Fixture::Database, Fixture::Carrier];

/// A store that sends traces and metrics.
const WATCHED: &[Fixture] = &[Fixture::Realm, Fixture::Database, Fixture::Collector];

/// A check that starts the program several times, or that waits for it.
const WITH_RESTARTS: Duration = Duration::from_secs(60);

/// The first build of an image compiles every crate, in release mode.
const WITH_AN_IMAGE: Duration = Duration::from_secs(45 * 60);

/// How the store is told where to listen, and how long to wait for what.
const SERVING: Serving = Serving {
    port: "STORE_PORT",
    host: "STORE_HOST",
    settings: &[
        ("STORE_BAKE_SECONDS", "0.02"),
        ("STORE_CALLS_PER_MINUTE", "1000000"),
        ("CARRIER_PAUSE_SECONDS", "0.02"),
        ("CARRIER_AT_ONCE", "2"),
        ("STORE_QUERY_SECONDS", query::SECONDS),
    ],
};

/// The exercise, one check per step.
pub const EXERCISE: ExerciseChecks = ExerciseChecks {
    checks: &[
        Check::changes("6.1", |server| Box::pin(database::check(server)))
            .with(STORE)
            .within(WITH_RESTARTS),
        Check::changes("6.2", |server| Box::pin(query::check(server)))
            .with(STORE)
            .within(WITH_RESTARTS),
        Check::changes("6.3", |server| Box::pin(delivery::check(server))).with(CALLING),
        Check::changes("6.4", |server| Box::pin(limits::check(server))).with(STORE),
        Check::changes("6.5", |server| Box::pin(watched::check(server))).with(WATCHED),
        Check::changes("6.6", |server| Box::pin(stopping::check(server)))
            .with(STORE)
            .within(WITH_RESTARTS),
        Check::changes("6.7", |server| Box::pin(instances::check(server)))
            .with(STORE)
            .within(WITH_RESTARTS),
        Check::looks_around("6.8", |workspace| Box::pin(container::check(workspace)))
            .slow(container::WHAT)
            .within(WITH_AN_IMAGE),
    ],
    place_of: |_| None,
    serving: SERVING,
};
