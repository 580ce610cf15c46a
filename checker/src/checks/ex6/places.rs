//! The TODO blocks of exercise 6 that findings point at.

use crate::blocks::TodoBlock;

const LIFECYCLE: &str = "src/lifecycle.rs";

/// The sale, as one transaction.
pub const SALE: TodoBlock = TodoBlock {
    file: "src/inventory.rs",
    name: "step_6_1",
};

/// Whether the store can serve now.
pub const READY: TodoBlock = TodoBlock {
    file: LIFECYCLE,
    name: "step_6_6_ready",
};

/// In which order it stops.
pub const STOP: TodoBlock = TodoBlock {
    file: LIFECYCLE,
    name: "step_6_6_stop",
};
