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
/// How large a request may be.
pub const BODY: TodoBlock = TodoBlock {
    file: "src/main.rs",
    name: "step_6_4_body",
};

const LIFECYCLE: &str = "src/lifecycle.rs";
const TELEMETRY: &str = "src/telemetry.rs";

/// The key that instances share.
pub const KEY: TodoBlock = TodoBlock {
    file: "src/confirm.rs",
    name: "step_6_7_key",
};
/// The questions that were answered.
pub const SPENT: TodoBlock = TodoBlock {
    file: "src/confirm.rs",
    name: "step_6_7_spent",
};
/// Whether legacy clients get sessions.
pub const SESSIONS: TodoBlock = TodoBlock {
    file: "src/main.rs",
    name: "step_6_7_sessions",
};
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

/// The span of a call.
pub const SPAN: TodoBlock = TodoBlock {
    file: TELEMETRY,
    name: "step_6_5_span",
};

/// What became of a call.
pub const OUTCOME: TodoBlock = TodoBlock {
    file: TELEMETRY,
    name: "step_6_5_outcome",
};
