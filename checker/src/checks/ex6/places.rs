//! The TODO blocks of exercise 6 that findings point at.

use crate::blocks::TodoBlock;

/// The sale, as one transaction.
pub const SALE: TodoBlock = block("src/inventory.rs", "step_6_1");

/// The connection that can only read.
pub const READING: TodoBlock = block("src/sales.rs", "step_6_2_connection");

/// Which requests to the carrier are tried again, and when.
pub const RETRY: TodoBlock = block("src/retry.rs", "step_6_3");

/// The client that asks the carrier.
pub const CLIENT: TodoBlock = block("src/delivery.rs", "step_6_3_client");

/// How large a request may be.
pub const BODY: TodoBlock = block("src/main.rs", "step_6_4_body");

/// The span of a call.
pub const SPAN: TodoBlock = block("src/telemetry.rs", "step_6_5_span");

/// What became of a call.
pub const OUTCOME: TodoBlock = block("src/telemetry.rs", "step_6_5_outcome");

/// Whether the store can serve now.
pub const READY: TodoBlock = block("src/lifecycle.rs", "step_6_6_ready");

/// In which order it stops.
pub const STOP: TodoBlock = block("src/lifecycle.rs", "step_6_6_stop");

/// The key that instances share.
pub const KEY: TodoBlock = block("src/confirm.rs", "step_6_7_key");

/// The questions that were answered.
pub const SPENT: TodoBlock = block("src/confirm.rs", "step_6_7_spent");

/// Whether legacy clients get sessions.
pub const SESSIONS: TodoBlock = block("src/main.rs", "step_6_7_sessions");

/// How the image is built.
pub const IMAGE: TodoBlock = block("Dockerfile", "step_6_8");

const fn block(file: &'static str, name: &'static str) -> TodoBlock {
    TodoBlock { file, name }
}
