//! Units of length and mass, and what one is in another. Nothing here depends on MCP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

// ANCHOR: unit
/// A unit of length or of mass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
// List the values in the schema itself, not behind a reference.
#[schemars(inline)]
pub enum Unit {
    Metre,
    Foot,
    Mile,
    Gram,
    Ounce,
    Pound,
}
// ANCHOR_END: unit

// ANCHOR: mismatch
/// A length is not a mass. The text is for the model: it says what would work.
#[derive(Debug, PartialEq, Error)]
#[error(
    "A length cannot become a mass. Choose two units of the same kind: \
     metre, foot and mile, or gram, ounce and pound."
)]
pub struct Mismatch;
// ANCHOR_END: mismatch

/// How much a value of one unit is in another.
///
/// # Errors
///
/// A [`Mismatch`] when one is a length and the other a mass.
pub fn convert(value: f64, from: Unit, to: Unit) -> Result<f64, Mismatch> {
    let (from_kind, one_from) = from.measure();
    let (to_kind, one_to) = to.measure();
    if from_kind != to_kind {
        return Err(Mismatch);
    }
    Ok(value * one_from / one_to)
}

/// What a unit measures.
#[derive(PartialEq)]
enum Kind {
    Length,
    Mass,
}

impl Unit {
    /// What it measures, and how many metres or grams it is.
    fn measure(self) -> (Kind, f64) {
        match self {
            Self::Metre => (Kind::Length, 1.0),
            Self::Foot => (Kind::Length, 0.3048),
            Self::Mile => (Kind::Length, 1609.344),
            Self::Gram => (Kind::Mass, 1.0),
            Self::Ounce => (Kind::Mass, 28.349_523_125),
            Self::Pound => (Kind::Mass, 453.592_37),
        }
    }
}
