//! What you can ask a server.

use rmcp::model::{
    CallToolRequestParams, JsonObject, PaginatedRequestParams, ReadResourceRequestParams,
};

use crate::connect::Session;
use crate::failure::{Failure, succeeded};
use crate::show;

// ANCHOR: step_1_2
/// Who the server is, and which version of the protocol we speak.
pub fn info(session: &Session) -> Result<(), Failure> {
    // TODO 1.2: print the server's name and the negotiated protocol version. The session knows
    // both. `show::line` prints a line.
    todo!("1.2")
}
// ANCHOR_END: step_1_2

// ANCHOR: step_1_3
/// Lists the tools.
pub async fn list(session: &Session) -> Result<(), Failure> {
    // TODO 1.3: print every tool's name and description. A long list comes in pages, and each
    // page names the next one.
    todo!("1.3")
}
// ANCHOR_END: step_1_3

// ANCHOR: step_1_4_call
/// Calls a tool and shows its result.
pub async fn call(session: &Session, tool: &str, arguments: &JsonObject) -> Result<(), Failure> {
    // TODO 1.4: call the tool with its arguments. Pass the result through `succeeded`, and show all
    // of it: every block of content, and the structured content if there is any.
    todo!("1.4")
}
// ANCHOR_END: step_1_4_call

// ANCHOR: step_1_4_read
/// Reads a resource.
pub async fn read(session: &Session, uri: &str) -> Result<(), Failure> {
    // TODO 1.4: read the resource, and show all of its contents.
    todo!("1.4")
}
// ANCHOR_END: step_1_4_read
