//! Which user a task belongs to.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rmcp::task_manager::TaskManager;

use crate::auth::User;

/// The tasks of all users. rmcp's `TaskManager` knows nothing about users, so each user has their
/// own, in which the tasks of others do not exist.
#[derive(Default)]
pub struct Tasks(Mutex<HashMap<String, TaskManager>>);

impl Tasks {
    /// The tasks of this user.
    pub fn of(&self, user: &User) -> TaskManager {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(user.id.clone()).or_default().clone()
    }
}
