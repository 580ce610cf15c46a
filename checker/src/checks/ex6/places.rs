//! The TODO blocks of exercise 6 that findings point at.

use crate::blocks::TodoBlock;

/// Which requests to the carrier are tried again, and when.
pub const RETRY: TodoBlock = TodoBlock {
    file: "src/retry.rs",
    name: "step_6_3",
};

/// The client that asks the carrier.
pub const CLIENT: TodoBlock = TodoBlock {
    file: "src/delivery.rs",
    name: "step_6_3_client",
};

/// The sale, as one transaction.
pub const SALE: TodoBlock = TodoBlock {
    file: "src/inventory.rs",
    name: "step_6_1",
};
