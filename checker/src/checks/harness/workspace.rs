//! The workshop around the program: what editors and agents are told.

use std::ops::Deref;
use std::path::PathBuf;

use super::Harness;
use crate::subject::guard::Guard;

/// A workspace and its settings.
#[derive(Debug)]
pub struct WorkspaceUnderTest {
    harness: Harness,
    /// The workshop's root, in which servers are started.
    pub root: PathBuf,
    /// Where the settings lie: the root, or the folder of a solution.
    pub settings: PathBuf,
    /// What ends the processes that the check starts.
    pub guard: Guard,
}

impl WorkspaceUnderTest {
    /// The settings in `settings`, for servers that are started in `root`.
    pub fn new(harness: Harness, root: PathBuf, settings: PathBuf, guard: Guard) -> Self {
        Self {
            harness,
            root,
            settings,
            guard,
        }
    }
}

impl Deref for WorkspaceUnderTest {
    type Target = Harness;

    fn deref(&self) -> &Harness {
        &self.harness
    }
}
