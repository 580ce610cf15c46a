//! Everything that can come instead of a result.

use std::fmt;
use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, StatusCode};
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
    /// Another address to ask at.
    Redirected {
        /// The status.
        status: StatusCode,
        /// That address; empty where it is not said.
        to: String,
    },
    /// Something that is not a JSON-RPC response to the request.
    NotMcp(String),
    /// A response that does not say that it is JSON-RPC 2.0.
    Unmarked(String),
    /// A response to another request than the one that was sent.
    WrongId {
        /// The id that was sent.
        sent: String,
        /// The id that came back.
        got: String,
    },
    /// A response whose content type is none that a client can read.
    ContentType {
        /// What it says, if anything.
        said: Option<String>,
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
            return unreadable(exchange)
                .or_else(|| unmarked(answer))
                .or_else(|| Self::of_answer(answer));
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
        let failed = exchange.status.filter(|status| !status.is_success());
        let body = match received.find(|received| !begun(received)) {
            None => String::new(),
            Some(Received::Text(_)) => texts(exchange),
            Some(Received::Json(message)) if failed.is_some() => words_of(&message.json),
            Some(Received::Json(message)) => {
                let value = message.json.as_ref();
                let sent = exchange.sent.request_id()?;
                return Some(match value.get("id") {
                    Some(got) if got != sent && !got.is_null() => Self::WrongId {
                        sent: sent.to_string(),
                        got: got.to_string(),
                    },
                    _ => Self::NotMcp(beginning(&value.to_string())),
                });
            }
        };
        match failed {
            Some(status) if status.is_redirection() => Some(Self::Redirected {
                status,
                to: header(exchange, &LOCATION).unwrap_or_default(),
            }),
            Some(status) => Some(Self::Status { status, body }),
            None if !body.is_empty() => Some(Self::NotMcp(format!("\"{body}\""))),
            None => None,
        }
    }

    /// What an answer refuses. `None` when it is a result.
    fn of_answer(answer: &Value) -> Option<Self> {
        let error = answer.get("error")?;
        let (code, message) = (error["code"].as_i64(), error["message"].as_str());
        Some(match (code, message) {
            _ if answer.get("result").is_some() => Self::Shape(format!(
                "a message with a result and also \"error\": {error}"
            )),
            (Some(code), Some(message)) => Self::Refused {
                code,
                message: message.to_owned(),
            },
            _ => Self::Shape(format!(
                "an error whose code is not a number, or whose message is not a string: {error}"
            )),
        })
    }
}

/// That an answer over HTTP says what it is, so that a client reads it (2026-07-28, Transports).
fn unreadable(exchange: &Exchange) -> Option<ErrorKind> {
    exchange.status?;
    let said = header(exchange, &CONTENT_TYPE);
    let kind = said.as_deref().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let known = ["application/json", "text/event-stream"];
    let readable = known.iter().any(|one| kind.eq_ignore_ascii_case(one));
    (!readable).then_some(ErrorKind::ContentType { said })
}

/// That a response says of itself what it is (JSON-RPC 2.0, 5). Clients take no other.
fn unmarked(answer: &Value) -> Option<ErrorKind> {
    let marked = answer["jsonrpc"] == "2.0";
    (!marked).then(|| ErrorKind::Unmarked(beginning(&answer.to_string())))
}

fn header(exchange: &Exchange, name: &HeaderName) -> Option<String> {
    let value = exchange.headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// What came back that is not JSON. Over stdio it may have come in several lines.
fn texts(exchange: &Exchange) -> String {
    let texts = exchange
        .received
        .iter()
        .filter_map(|received| match received {
            Received::Text(text) => Some(text.as_str()),
            Received::Json(_) => None,
        });
    let text = texts.collect::<Vec<_>>().join("\n");
    match exchange.status {
        Some(_) => text,
        None => beginning(&text),
    }
}

/// As much of a text as a finding shows.
pub(super) fn beginning(text: &str) -> String {
    const ENOUGH: usize = 300;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a body of JSON says, where its status has said already that something is wrong.
fn words_of(json: &Value) -> String {
    let message = json["error"]["message"].as_str();
    message.map_or_else(|| json.to_string(), str::to_owned)
}

impl ErrorKind {
    /// No answer, or not all of it, in this time. What goes on after megabytes is a flood: whether it
    /// reaches the limit in time depends on the machine.
    pub(super) fn too_late(after: Duration, bytes: usize) -> Self {
        const FLOOD: usize = 1_000_000;
        match bytes {
            ..FLOOD => Self::Silent { after, bytes },
            _ => Self::TooMuch {
                limit: bytes - bytes % FLOOD,
            },
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, message } => write!(f, "the JSON-RPC error {code}, {message:?}"),
            Self::Status { status, body } if body.is_empty() => write!(f, "HTTP {status}"),
            Self::Status { status, body } => write!(f, "HTTP {status}, {body:?}"),
            Self::Redirected { status, to } => write!(f, "HTTP {status}, to {to:?}"),
            Self::ContentType { said: Some(said) } => {
                write!(f, "a JSON-RPC message with the content type {said:?}")
            }
            Self::ContentType { said: None } => {
                f.write_str("a JSON-RPC message without a content type")
            }
            Self::NotMcp(got) => write!(f, "something that is not a JSON-RPC response: {got}"),
            Self::Unmarked(got) => {
                write!(f, "a message without \"jsonrpc\": \"2.0\": {got}")
            }
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
                    "no complete answer within {seconds} s, only the first {bytes} bytes"
                )
            }
            Self::TooMuch { limit } => {
                write!(f, "more than {} MB, and still no end", limit / 1_000_000)
            }
            Self::Unreachable(error) | Self::NotHttp(error) => f.write_str(error),
        }
    }
}
