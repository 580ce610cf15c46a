//! What can go wrong, with the messages and exit codes that tell failures apart.

use std::process::ExitCode;
use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock};
use rmcp::service::{ClientInitializeError, ServiceError};

use crate::reason::reason;

/// What can go wrong after the command line was parsed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The call arrived, but the tool says that it failed.
    #[error("the tool reported an error: {0}")]
    Tool(String),
    /// The server refuses this request.
    #[error("the server refused the request: {0}")]
    Refused(String),
    /// No MCP server was reached.
    #[error("no MCP server was reached: {0}")]
    Unreachable(String),
    /// The server does not say who it is.
    #[error("the server did not say who it is")]
    Silent,
    /// The server did not answer in time.
    #[error("no answer within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// The server requires a login or a key.
    #[error("the server needs a login or a key: {0}")]
    NeedsLogin(String),
}

// ANCHOR: step_1_5_exit
impl Failure {
    /// The exit code by which a script can tell failures apart.
    pub fn exit_code(&self) -> ExitCode {
        // TODO 1.5: 1 if the tool reported an error, 3 if the server refused, 4 if no server was
        // reached, 5 if a login is needed. (clap uses 2 for a wrong command line.)
        todo!("1.5")
    }
}
// ANCHOR_END: step_1_5_exit

// ANCHOR: step_1_5
/// The result, if the tool succeeded.
pub fn succeeded(result: CallToolResult) -> Result<CallToolResult, Failure> {
    // TODO 1.5: some results are errors. Return those as a failure.
    Ok(result)
}

/// A request of an open session failed.
impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        // TODO 1.5: did the server refuse, or did no answer come?
        todo!("1.5")
    }
}

/// No session was opened.
impl From<ClientInitializeError> for Failure {
    fn from(error: ClientInitializeError) -> Self {
        // TODO 1.5: `reason` has the message for the user.
        todo!("1.5")
    }
}
// ANCHOR_END: step_1_5
