//! Exercise 3: build a product store.

mod answer;
mod buy;
mod describe;
mod list;
pub(super) mod places;
mod prompts;
mod race;
mod refuse;
mod resources;
mod safety;
mod search;
mod shop;
mod stdio;

use super::{Check, Isolation, Run};

/// One check per step.
pub const CHECKS: &[Check] = &[
    Check {
        step: "3.1",
        run: Run::Server(Isolation::Shared, |context| {
            Box::pin(answer::check(context))
        }),
    },
    Check {
        step: "3.2",
        run: Run::Server(Isolation::Shared, |context| Box::pin(list::check(context))),
    },
    Check {
        step: "3.3",
        run: Run::Server(Isolation::Own, |context| Box::pin(buy::check(context))),
    },
    Check {
        step: "3.4",
        run: Run::Server(Isolation::Own, |context| Box::pin(refuse::check(context))),
    },
    Check {
        step: "3.5",
        run: Run::Server(Isolation::Own, |context| Box::pin(race::check(context))),
    },
    Check {
        step: "3.6",
        run: Run::Server(Isolation::Shared, |context| {
            Box::pin(describe::check(context))
        }),
    },
    Check {
        step: "3.7",
        run: Run::Server(Isolation::Shared, |context| Box::pin(stdio::check(context))),
    },
    Check {
        step: "3.8",
        run: Run::Server(Isolation::Own, |context| Box::pin(safety::check(context))),
    },
    Check {
        step: "3.9",
        run: Run::Server(Isolation::Shared, |context| {
            Box::pin(search::check(context))
        }),
    },
    Check {
        step: "3.10",
        run: Run::Server(Isolation::Own, |context| {
            Box::pin(resources::check(context))
        }),
    },
    Check {
        step: "3.11",
        run: Run::Server(Isolation::Shared, |context| {
            Box::pin(prompts::check(context))
        }),
    },
];
