//! A figure, the one beside it, the ratio of their medians, and the aim.

use serde::Serialize;

/// What was measured, in turns.
#[derive(Debug, Default, Serialize)]
pub(super) struct Sample {
    pub median: f64,
    pub min: f64,
    pub max: f64,
    pub values: Vec<f64>,
}

impl From<Vec<f64>> for Sample {
    fn from(values: Vec<f64>) -> Self {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let (middle, odd) = (sorted.len() / 2, sorted.len() % 2 == 1);
        Self {
            median: if odd {
                at(middle)
            } else {
                (at(middle.wrapping_sub(1)) + at(middle)) / 2.0
            },
            min: at(0),
            max: at(sorted.len().wrapping_sub(1)),
            values,
        }
    }
}

/// Where the ratio should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

impl Aim {
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

impl std::fmt::Display for Aim {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(most) => write!(formatter, "≤ {most}"),
            Self::AtLeast(least) => write!(formatter, "≥ {least}"),
        }
    }
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What is measured: `save to verdict`.
    pub what: &'static str,
    /// What it is measured beside: `the rebuild alone`.
    pub beside: &'static str,
    /// `s`, `ms`, `/s`, `MB`.
    pub unit: &'static str,
    pub ours: Sample,
    pub theirs: Sample,
    /// Of the medians, ours to theirs.
    pub ratio: f64,
    /// For the ratio; `None` for a figure that is there to be known.
    pub aim: Option<Aim>,
    /// For our own median, where there is one.
    pub limit: Option<Aim>,
}

impl Row {
    pub fn new(
        (what, beside): (&'static str, &'static str),
        unit: &'static str,
        ours: &[f64],
        theirs: &[f64],
        aim: Option<Aim>,
    ) -> Self {
        let (ours, theirs) = (Sample::from(ours.to_vec()), Sample::from(theirs.to_vec()));
        Self {
            what,
            beside,
            unit,
            ratio: ours.median / theirs.median,
            ours,
            theirs,
            aim,
            limit: None,
        }
    }

    pub fn limited(self, limit: Aim) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Whether every aim is met; `None` where there is none.
    pub fn is_met(&self) -> Option<bool> {
        let of_ratio = self.aim.map(|aim| aim.is_met_by(self.ratio));
        let of_ours = self.limit.map(|limit| limit.is_met_by(self.ours.median));
        match (of_ratio, of_ours) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(true) && b.unwrap_or(true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_the_medians_and_is_held_against_its_aim() {
        let row = |ours: &[f64], aim| Row::new(("a", "b"), "s", ours, &[2.0, 1.0, 90.0], Some(aim));
        let met = row(&[1.0, 3.0, 2.0, 2.0], Aim::AtMost(1.0));
        assert_eq!(
            (met.ours.median, met.theirs.median, met.ratio),
            (2.0, 2.0, 1.0)
        );
        assert_eq!(met.is_met(), Some(true));
        assert_eq!(row(&[2.2], Aim::AtMost(1.0)).is_met(), Some(false));
        assert_eq!(row(&[2.2], Aim::AtLeast(1.0)).is_met(), Some(true));
        let limited = row(&[2.2], Aim::AtLeast(1.0)).limited(Aim::AtMost(2.0));
        assert_eq!(limited.is_met(), Some(false));
    }
}
