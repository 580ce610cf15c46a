//! The TODO blocks of exercise 6 that findings point at.

use crate::blocks::TodoBlock;

/// The sale, as one transaction.
pub const SALE: TodoBlock = TodoBlock {
    file: "src/inventory.rs",
    name: "step_6_1",
};

/// The connection that can only read.
pub const READING: TodoBlock = TodoBlock {
    file: "src/sales.rs",
    name: "step_6_2_connection",
};
