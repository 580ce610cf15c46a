//! Whose what is: sessions, questions and tasks, by their ids.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The owners of things of one kind.
#[derive(Default)]
pub struct Owners(Mutex<HashMap<String, String>>);

impl Owners {
    /// From now on this is theirs, unless it is somebody's already.
    pub fn note(&self, id: &str, owner: &str) {
        let mut all = self.lock();
        all.entry(id.to_owned()).or_insert_with(|| owner.to_owned());
    }

    /// Whether it is somebody else's. What is nobody's is not.
    pub fn is_of_another(&self, id: &str, who: &str) -> bool {
        self.lock().get(id).is_some_and(|owner| owner != who)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
