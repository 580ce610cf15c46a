//! What the last check of each step has found, kept while the tutor runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::verdict::{ExerciseReport, StepReport};

/// The last report of each step. Nothing of it is written to disk.
#[derive(Debug, Default)]
pub(super) struct Reports(Mutex<Kept>);

#[derive(Clone, Debug, Default)]
struct Kept {
    by_step: BTreeMap<String, StepReport>,
    /// The ids of the steps that were checked last, in the order of the course.
    last: Vec<String>,
}

impl Reports {
    /// Takes in a check.
    pub fn keep(&self, report: &ExerciseReport) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last = report.steps.iter().map(|step| step.id.clone()).collect();
        for step in &report.steps {
            let mut step = step.clone();
            // What crossed the wire may be much, and nothing here shows it.
            step.eras.iter_mut().for_each(|era| era.trace.clear());
            kept.by_step.insert(step.id.clone(), step);
        }
    }

    /// The last report of this step.
    pub fn of(&self, step: &str) -> Option<StepReport> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_step.get(step).cloned()
    }

    /// What the last check found, in the order of the course; then what earlier ones did.
    pub fn newest_first(&self) -> Vec<StepReport> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = kept.last.iter().filter_map(|id| kept.by_step.get(id));
        let earlier = kept.by_step.values();
        let earlier = earlier.filter(|step| !kept.last.contains(&step.id));
        last.chain(earlier).cloned().collect()
    }
}
