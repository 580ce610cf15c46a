//! Exercise 2: build an agent. The subject is the agent, and each check is the model that it
//! asks and the MCP server whose tools it offers, both with values drawn at random.

mod approve;
mod carry_out;
mod draw;
mod offer;
pub mod places;
mod several;
mod stage;
mod steps;
mod trouble;

use super::{Check, Run};

/// One check per step.
pub const CHECKS: &[Check] = &[
    Check {
        step: "2.1",
        run: Run::Client(|client| Box::pin(offer::check(client))),
    },
    Check {
        step: "2.2",
        run: Run::Client(|client| Box::pin(carry_out::check(client))),
    },
    Check {
        step: "2.3",
        run: Run::Client(|client| Box::pin(steps::check(client))),
    },
    Check {
        step: "2.4",
        run: Run::Client(|client| Box::pin(several::check(client))),
    },
    Check {
        step: "2.5",
        run: Run::Client(|client| Box::pin(trouble::check(client))),
    },
    Check {
        step: "2.6",
        run: Run::Client(|client| Box::pin(approve::check(client))),
    },
];
