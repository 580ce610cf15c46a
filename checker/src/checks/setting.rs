//! What a check works with when it looks at the workshop around the program: the settings of
//! editors and agents.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::mcp::Transcript;
use crate::subject::guard::Guard;

/// What a check works with.
#[derive(Debug)]
pub struct Setting {
    /// The workshop's root.
    pub root: PathBuf,
    /// Where the settings lie: the root, or the folder of a solution.
    pub folder: PathBuf,
    /// What ends the processes that the check starts.
    pub guard: Guard,
    transcript: Transcript,
    remarks: Mutex<Vec<String>>,
}

impl Setting {
    /// The settings in `folder`, for servers that are started in `root`.
    pub fn new(root: PathBuf, folder: PathBuf, guard: Guard, transcript: Transcript) -> Self {
        Self {
            root,
            folder,
            guard,
            transcript,
            remarks: Mutex::default(),
        }
    }

    /// The record of what crossed the wire.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Says something worth knowing that is no failure.
    pub fn remark(&self, words: impl Into<String>) {
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        remarks.push(words.into());
    }

    /// What was said so far.
    pub fn remarks(&self) -> Vec<String> {
        let remarks = self.remarks.lock();
        remarks.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
