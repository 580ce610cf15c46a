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
        ExitCode::from(match self {
            Self::Tool(_) => 1,
            Self::Refused(_) => 3,
            Self::Unreachable(_) | Self::Silent | Self::TooSlow(_) => 4,
            Self::NeedsLogin(_) => 5,
        })
    }
}
// ANCHOR_END: step_1_5_exit

// ANCHOR: step_1_5
/// The result, if the tool succeeded. A tool error is a result too, so that a model can read
/// it and correct its call.
pub fn succeeded(result: CallToolResult) -> Result<CallToolResult, Failure> {
    if result.is_error != Some(true) {
        return Ok(result);
    }
    let texts = result.content.iter().filter_map(ContentBlock::as_text);
    let texts: Vec<&str> = texts.map(|text| text.text.as_str()).collect();
    Err(Failure::Tool(texts.join("\n")))
}

/// A request of an open session failed.
impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            // The server understood the request and refused it.
            ServiceError::McpError(error) => Self::Refused(error.message.into_owned()),
            // Everything else means that no answer came.
            other => Self::Unreachable(reason(&other)),
        }
    }
}

/// No session was opened.
impl From<ClientInitializeError> for Failure {
    fn from(error: ClientInitializeError) -> Self {
        Self::Unreachable(reason(&error))
    }
}
// ANCHOR_END: step_1_5
