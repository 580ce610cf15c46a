//! The next hint, on the ladder that `cargo checker hint` climbs too.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::status::BlockPlace;
use crate::workshop::{Workshop, hints};

/// One hint, or all of them once the last one was seen.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Hints {
    /// The step that they are for, such as 3.4.
    step: String,
    /// Its goal as a sentence.
    title: String,
    /// The next hint. All hints of the step if the attendee has already seen every one.
    hints: Vec<Rung>,
    /// How many the attendee has not seen yet.
    left: usize,
    /// Every place where the step is written.
    places: Vec<BlockPlace>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Rung {
    /// Starts at 1.
    number: usize,
    /// How much it gives away: "a nudge", "the API to use", "almost the code".
    kind: &'static str,
    text: String,
}

/// Gives the next hint, and remembers that it was seen.
pub(super) fn climb(workshop: &Workshop, step: Option<&str>) -> Result<Hints> {
    let given = hints::next(workshop, step)?;
    given.remember(workshop)?;
    let rungs = given.rungs.clone().filter_map(|rung| {
        Some(Rung {
            number: rung + 1,
            kind: KINDS.get(rung).copied().unwrap_or("more"),
            text: given.step.hints.get(rung)?.trim_matches('\n').to_owned(),
        })
    });
    Ok(Hints {
        step: given.step.id.clone(),
        title: given.step.title.clone(),
        hints: rungs.collect(),
        left: given.step.hints.len() - given.rungs.end,
        places: BlockPlace::all(workshop, given.exercise, given.step),
    })
}

const KINDS: [&str; 3] = ["a nudge", "the API to use", "almost the code"];
