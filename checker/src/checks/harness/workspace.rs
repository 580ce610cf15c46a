//! The workshop around the program: what editors and agents are told.

use std::ops::Deref;
use std::path::PathBuf;

use super::Harness;
use crate::subject::guard::Guard;

/// A workspace and its settings.
#[derive(Debug)]
pub struct WorkspaceUnderTest {
    /// What every check works with.
    pub harness: Harness,
    /// The workshop's root, in which servers are started.
    pub root: PathBuf,
    /// Where the settings lie: the root, or the folder of a solution.
    pub settings: PathBuf,
    /// Whether this step alone is asked for: what takes minutes only runs then.
    pub is_asked_for: bool,
    /// The folder of the crate that is checked, if it is one of the workshop's.
    pub folder: Option<PathBuf>,
    /// What ends the processes that the check starts.
    pub guard: Guard,
}

impl Deref for WorkspaceUnderTest {
    type Target = Harness;

    fn deref(&self) -> &Harness {
        &self.harness
    }
}
