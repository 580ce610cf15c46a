//! What can be asked of a server.

use rmcp::model::{
    CallToolRequestParams, JsonObject, PaginatedRequestParams, ReadResourceRequestParams,
};

use crate::connect::Session;
use crate::failure::{Failure, of_call, succeeded};
use crate::show;

// ANCHOR: step_1_2
/// Who is there, and in which version of the protocol we talk.
pub fn info(session: &Session) -> Result<(), Failure> {
    todo!("1.2")
}
// ANCHOR_END: step_1_2

// ANCHOR: step_1_3
/// Which tools there are.
pub async fn list(session: &Session) -> Result<(), Failure> {
    todo!("1.3")
}
// ANCHOR_END: step_1_3

// ANCHOR: step_1_4_call
/// Calls a tool and shows its result.
pub async fn call(session: &Session, tool: &str, arguments: &JsonObject) -> Result<(), Failure> {
    todo!("1.4")
}
// ANCHOR_END: step_1_4_call

// ANCHOR: step_1_4_read
/// Reads a resource.
pub async fn read(session: &Session, uri: &str) -> Result<(), Failure> {
    todo!("1.4")
}
// ANCHOR_END: step_1_4_read
