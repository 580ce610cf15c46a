//! Whose task it is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rmcp::task_manager::TaskManager;

use crate::auth::User;

/// The tasks of all users. rmcp's `TaskManager` knows tasks and no users, so each has one of their own:
/// in it, the tasks of others do not exist.
#[derive(Default)]
pub struct Tasks(Mutex<HashMap<String, TaskManager>>);

impl Tasks {
    /// Those of this user.
    pub fn of(&self, user: &User) -> TaskManager {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // ANCHOR: step_5_7_tasks
        // TODO 5.7: everybody has the same tasks here. Give each user their own.
        all.entry(String::new()).or_default().clone()
        // ANCHOR_END: step_5_7_tasks
    }
}
