//! Everything that can come instead of a result.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::transcript::{Exchange, Received};

/// No honest answer in this workshop is larger.
pub const MAX_RESPONSE_BYTES: usize = 16_000_000;

/// A request that brought no result, and what was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestError {
    /// The request, as findings show it.
    pub sent: String,
    /// What came instead.
    pub kind: ErrorKind,
}

/// What came instead of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum ErrorKind {
    /// A JSON-RPC error: the server understood, and refused.
    Refused {
        /// -32602 and the like.
        code: i64,
        /// The server's words.
        message: String,
    },
    /// An HTTP status without a JSON-RPC message.
    Status {
        /// The status.
        status: StatusCode,
        /// The beginning of the body.
        body: String,
    },
    /// Something that is not a JSON-RPC response to the request.
    NotMcp(String),
    /// A response to another request than the one that was sent.
    WrongId {
        /// The id that was sent.
        sent: String,
        /// The id that came back.
        got: String,
    },
    /// A result that lacks what the specification demands.
    Shape(String),
    /// Nothing, or not all, within the time.
    Silent {
        /// How long was waited.
        after: Duration,
        /// How many bytes had come until then.
        bytes: usize,
    },
    /// More than anyone would send in earnest.
    TooMuch {
        /// Where reading stopped, in bytes.
        limit: usize,
    },
    /// The connection could not be opened, or ended before the response did.
    Unreachable(String),
    /// What answers does not speak HTTP, in the words of who tried to read it.
    NotHttp(String),
}

impl ErrorKind {
    /// The best explanation of why this exchange did not end in a result. `None` when it did.
    pub fn of(exchange: &Exchange) -> Option<Self> {
        if let Some(answer) = exchange.answer() {
            let error = answer.get("error")?;
            return Some(Self::Refused {
                code: error
                    .get("code")
                    .and_then(Value::as_i64)
                    .unwrap_or_default(),
                message: error
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            });
        }
        if exchange.bytes > MAX_RESPONSE_BYTES {
            return Some(Self::TooMuch {
                limit: MAX_RESPONSE_BYTES,
            });
        }
        // What the server asked or told meanwhile is no answer.
        let begun = |received: &&Received| match received {
            Received::Json(message) => message.method().is_some(),
            Received::Text(_) => false,
        };
        let mut received = exchange.received.iter().rev();
        let body = match received.find(|received| !begun(received)) {
            None => String::new(),
            Some(Received::Text(text)) => text.clone(),
            Some(Received::Json(message)) => {
                let value = message.json.as_ref();
                let sent = exchange.sent.request_id()?;
                return Some(match value.get("id") {
                    Some(got) if got != sent && !got.is_null() => Self::WrongId {
                        sent: sent.to_string(),
                        got: got.to_string(),
                    },
                    _ => Self::NotMcp(value.to_string()),
                });
            }
        };
        match &exchange.status {
            Some(status) if !status.is_success() => Some(Self::Status {
                status: *status,
                body,
            }),
            _ if !body.is_empty() => Some(Self::NotMcp(body)),
            _ => None,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, message } => write!(f, "the JSON-RPC error {code}, {message:?}"),
            Self::Status { status, body } if body.is_empty() => write!(f, "HTTP {status}"),
            Self::Status { status, body } => write!(f, "HTTP {status}, {body:?}"),
            Self::NotMcp(got) => write!(f, "something that is not a JSON-RPC response: {got:?}"),
            Self::WrongId { sent, got } => {
                write!(
                    f,
                    "a response with the id {got}; the request had the id {sent}"
                )
            }
            Self::Shape(wrong) => f.write_str(wrong),
            Self::Silent { after, bytes: 0 } => {
                write!(f, "no answer within {} s", after.as_secs())
            }
            Self::Silent { after, bytes } => {
                let seconds = after.as_secs();
                write!(
                    f,
                    "no complete answer within {seconds} s, only the first {bytes} bytes of something"
                )
            }
            Self::TooMuch { limit } => {
                write!(f, "more than {} MB, and no end", limit / 1_000_000)
            }
            Self::Unreachable(error) | Self::NotHttp(error) => f.write_str(error),
        }
    }
}
