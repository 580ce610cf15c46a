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
/// The result, if the tool did what it was asked to. A tool error comes as a result too, so
/// that a model can read it and do better.
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
            // The server understood the message, and says no.
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
