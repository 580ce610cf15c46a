//! How answers look on the wire: one document, or a stream of chunks.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response, Sse};
use futures::stream;
use serde_json::{Value, json};

use super::{Heard, Proposal, Says, Script};

/// When all answers were made: a fixed time, so that records are alike.
const CREATED: u64 = 1_790_000_000;

/// No piece of a stream is longer, in characters: text and arguments come in several.
const PIECE: usize = 7;

/// A request that is refused, as OpenAI's errors look.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// Empty stands for none.
    pub(super) code: &'static str,
    /// Where in the request: `messages.[3].role`.
    pub(super) param: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>, code: &'static str) -> Self {
        Self {
            status,
            message: message.into(),
            code,
            param: None,
        }
    }
}

/// An answer: one document, or several as a stream.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) documents: Vec<Value>,
    is_stream: bool,
}

impl Answer {
    pub(super) fn refused(refusal: &Refusal) -> Self {
        let code = (!refusal.code.is_empty()).then_some(refusal.code);
        let kind = match refusal.status.as_u16() {
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        let error = json!({
            "message": refusal.message, "type": kind, "param": refusal.param, "code": code,
        });
        Self::document(refusal.status, json!({ "error": error }))
    }

    pub(super) fn models(script: &Script) -> Self {
        let model = json!({
            "id": script.model, "object": "model", "created": CREATED, "owned_by": "workshop",
        });
        let list = json!({ "object": "list", "data": [model] });
        Self::document(StatusCode::OK, list)
    }

    pub(super) fn to(heard: &Heard, says: &Says, script: &Script) -> Self {
        match says {
            Says::Error(status, message) => {
                let status = StatusCode::from_u16(*status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Self::refused(&Refusal::new(status, message, ""))
            }
            Says::Calls(calls, words) if heard.wants_stream() => {
                let deltas = deltas_of_calls(calls, words.as_deref());
                Self::stream(deltas, "tool_calls", heard, script)
            }
            Says::Answer(text) if heard.wants_stream() => {
                Self::stream(deltas_of_text(text), "stop", heard, script)
            }
            Says::Calls(calls, words) => {
                let calls: Vec<Value> = calls.iter().map(call).collect();
                let message = json!({ "role": "assistant", "content": words, "refusal": null,
                    "tool_calls": calls });
                Self::whole(&message, "tool_calls", script)
            }
            Says::Answer(text) => {
                let message = json!({ "role": "assistant", "content": text, "refusal": null });
                Self::whole(&message, "stop", script)
            }
        }
    }

    fn whole(message: &Value, reason: &str, script: &Script) -> Self {
        let choice = json!({
            "index": 0, "message": message, "logprobs": null, "finish_reason": reason,
        });
        let completion = json!({
            "id": "chatcmpl-workshop", "object": "chat.completion", "created": CREATED,
            "model": script.model, "choices": [choice], "usage": usage(),
            "service_tier": "default", "system_fingerprint": null,
        });
        Self::document(StatusCode::OK, completion)
    }

    fn stream(deltas: Vec<Value>, reason: &str, heard: &Heard, script: &Script) -> Self {
        let chunk = |choices: &Value| {
            json!({
                "id": "chatcmpl-workshop", "object": "chat.completion.chunk", "created": CREATED,
                "model": script.model, "choices": choices, "service_tier": "default",
                "system_fingerprint": null, "usage": null,
            })
        };
        let choice = |delta: &Value, reason: &Value| {
            let choice = json!({ "index": 0, "delta": delta, "logprobs": null,
                "finish_reason": reason });
            chunk(&json!([choice]))
        };
        let deltas = deltas.iter().map(|delta| choice(delta, &Value::Null));
        let mut chunks: Vec<Value> = deltas.collect();
        chunks.push(choice(&json!({}), &json!(reason)));
        if heard.body["stream_options"]["include_usage"] == true {
            let mut last = chunk(&json!([]));
            last["usage"] = usage();
            chunks.push(last);
        }
        Self {
            status: StatusCode::OK,
            documents: chunks,
            is_stream: true,
        }
    }

    fn document(status: StatusCode, document: Value) -> Self {
        Self {
            status,
            documents: vec![document],
            is_stream: false,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        if self.is_stream {
            let texts = self.documents.iter().map(Value::to_string);
            let texts = texts.chain(std::iter::once("[DONE]".to_owned()));
            let events = texts.map(|text| Ok::<_, Infallible>(Event::default().data(text)));
            return Sse::new(stream::iter(events.collect::<Vec<_>>())).into_response();
        }
        let body = self.documents.first().map(Value::to_string);
        let body = Body::from(body.unwrap_or_default());
        (self.status, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}

fn call(
    Proposal {
        id,
        name,
        arguments,
    }: &Proposal,
) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
}

fn deltas_of_text(text: &str) -> Vec<Value> {
    let begin = json!({ "role": "assistant", "content": "", "refusal": null });
    let pieces = pieces(text).into_iter();
    let pieces = pieces.map(|piece| json!({ "content": piece }));
    std::iter::once(begin).chain(pieces).collect()
}

/// What is said beside the calls comes first. The first chunk of a call has its id and name, the next ones a piece of the arguments each.
/// Only the index says to which call a piece belongs.
fn deltas_of_calls(calls: &[Proposal], words: Option<&str>) -> Vec<Value> {
    let mut deltas = match words {
        Some(words) => deltas_of_text(words),
        None => vec![json!({ "role": "assistant", "content": null })],
    };
    for (index, call) in calls.iter().enumerate() {
        let mut delta = |call: Value| deltas.push(json!({ "tool_calls": [call] }));
        delta(json!({
            "index": index, "id": call.id, "type": "function",
            "function": { "name": call.name, "arguments": "" },
        }));
        for piece in pieces(&call.arguments) {
            delta(json!({ "index": index, "function": { "arguments": piece } }));
        }
    }
    deltas
}

fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters
        .chunks(PIECE)
        .map(|piece| piece.iter().collect())
        .collect()
}

fn usage() -> Value {
    json!({ "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 })
}
