//! Exercise 3: build a product store.

mod answer;
mod buy;
mod describe;
mod list;
mod prompts;
mod race;
mod refuse;
mod resources;
mod safety;
mod search;
mod shop;
mod stdio;

use super::{Check, Isolation};

/// One check per step.
pub const CHECKS: &[Check] = &[
    Check {
        step: "3.1",
        isolation: Isolation::Shared,
        run: |context| Box::pin(answer::check(context)),
    },
    Check {
        step: "3.2",
        isolation: Isolation::Shared,
        run: |context| Box::pin(list::check(context)),
    },
    Check {
        step: "3.3",
        isolation: Isolation::Own,
        run: |context| Box::pin(buy::check(context)),
    },
    Check {
        step: "3.4",
        isolation: Isolation::Own,
        run: |context| Box::pin(refuse::check(context)),
    },
    Check {
        step: "3.5",
        isolation: Isolation::Own,
        run: |context| Box::pin(race::check(context)),
    },
    Check {
        step: "3.6",
        isolation: Isolation::Shared,
        run: |context| Box::pin(describe::check(context)),
    },
    Check {
        step: "3.7",
        isolation: Isolation::Shared,
        run: |context| Box::pin(stdio::check(context)),
    },
    Check {
        step: "3.8",
        isolation: Isolation::Own,
        run: |context| Box::pin(safety::check(context)),
    },
    Check {
        step: "3.9",
        isolation: Isolation::Shared,
        run: |context| Box::pin(search::check(context)),
    },
    Check {
        step: "3.10",
        isolation: Isolation::Own,
        run: |context| Box::pin(resources::check(context)),
    },
    Check {
        step: "3.11",
        isolation: Isolation::Shared,
        run: |context| Box::pin(prompts::check(context)),
    },
];
