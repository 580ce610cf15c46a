//! How a tool can go down with the task that runs it.

use crate::flaw::{Flaw, Flaws};

/// A panic in the task that serves the connection.
pub fn panic_here() {
    panic!("the shelves collapsed");
}

/// A panic in a task that nobody looks after.
#[expect(clippy::todo, reason = "the flaw is that it is not done")]
pub fn panic_elsewhere(flaws: &Flaws) {
    let not_done = flaws.has(Flaw::TodoList);
    tokio::spawn(async move {
        if not_done {
            todo!("3.2");
        }
        panic_here();
    });
}
