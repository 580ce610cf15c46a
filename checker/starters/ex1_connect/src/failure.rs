//! What can go wrong, in the words and exit codes that tell it apart.

use std::process::ExitCode;
use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock};
use rmcp::service::{ClientInitializeError, ServiceError};

use crate::reason::reason;

/// What can go wrong, once the command line is right.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The call arrived, and the tool says that it did not work.
    #[error("the tool reported an error: {0}")]
    Tool(String),
    /// The server does not take this request.
    #[error("the server refused the request: {0}")]
    Refused(String),
    /// No MCP server was reached.
    #[error("no MCP server was reached: {0}")]
    Unreachable(String),
    /// It does not say who it is.
    #[error("the server did not say who it is")]
    Silent,
    /// It did not answer in time.
    #[error("no answer within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// It lets in only those it knows.
    #[error("the server wants to know who you are: {0}")]
    NeedsLogin(String),
}

// ANCHOR: step_1_5_exit
impl Failure {
    /// The exit code by which a script can tell failures apart.
    pub fn exit_code(&self) -> ExitCode {
        // TODO 1.5: 1 the tool reported an error, 3 the server refused, 4 no server was
        // reached, 5 a login is needed. (2 is for a wrong command line; clap does that.)
        todo!("1.5")
    }
}
// ANCHOR_END: step_1_5_exit

// ANCHOR: step_1_5
/// The result, if the tool did what it was asked to.
pub fn succeeded(result: CallToolResult) -> Result<CallToolResult, Failure> {
    // TODO 1.5: some results are errors.
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
        // TODO 1.5: `reason` finds the right words.
        todo!("1.5")
    }
}
// ANCHOR_END: step_1_5
