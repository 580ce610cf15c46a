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

pub(super) fn refused(refusal: &Refusal) -> Response {
    let code = (!refusal.code.is_empty()).then_some(refusal.code);
    let kind = match refusal.status.as_u16() {
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    let error = json!({
        "message": refusal.message, "type": kind, "param": refusal.param, "code": code,
    });
    document(refusal.status, &json!({ "error": error }))
}

pub(super) fn models(script: &Script) -> Response {
    let model = json!({
        "id": script.model, "object": "model", "created": CREATED, "owned_by": "workshop",
    });
    document(
        StatusCode::OK,
        &json!({ "object": "list", "data": [model] }),
    )
}

pub(super) fn answer(heard: &Heard, says: &Says, script: &Script) -> Response {
    match says {
        Says::Error(status, message) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            refused(&Refusal::new(status, message, ""))
        }
        _ if heard.wants_stream() => streamed(heard, says, script),
        _ => whole(says, script),
    }
}

fn whole(says: &Says, script: &Script) -> Response {
    let (message, reason) = match says {
        Says::Calls(calls) => {
            let calls: Vec<Value> = calls.iter().map(call).collect();
            let message = json!({ "role": "assistant", "content": null, "refusal": null,
                "tool_calls": calls });
            (message, "tool_calls")
        }
        Says::Answer(text) => {
            let message = json!({ "role": "assistant", "content": text, "refusal": null });
            (message, "stop")
        }
        Says::Error(..) => unreachable!("errors have no choices"),
    };
    let choice = json!({
        "index": 0, "message": message, "logprobs": null, "finish_reason": reason,
    });
    let completion = json!({
        "id": "chatcmpl-workshop", "object": "chat.completion", "created": CREATED,
        "model": script.model, "choices": [choice], "usage": usage(),
        "service_tier": "default", "system_fingerprint": null,
    });
    document(StatusCode::OK, &completion)
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

fn streamed(heard: &Heard, says: &Says, script: &Script) -> Response {
    let chunk = |choices: Value| {
        json!({
            "id": "chatcmpl-workshop", "object": "chat.completion.chunk", "created": CREATED,
            "model": script.model, "choices": choices, "service_tier": "default",
            "system_fingerprint": null, "usage": null,
        })
    };
    let choice = |delta: Value, reason: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason }]))
    };
    let (deltas, reason) = match says {
        Says::Calls(calls) => (deltas_of_calls(calls), "tool_calls"),
        Says::Answer(text) => (deltas_of_text(text), "stop"),
        Says::Error(..) => unreachable!("errors are not streamed"),
    };
    let mut chunks: Vec<Value> = deltas
        .into_iter()
        .map(|delta| choice(delta, Value::Null))
        .collect();
    chunks.push(choice(json!({}), json!(reason)));
    if heard.body["stream_options"]["include_usage"] == true {
        let mut last = chunk(json!([]));
        last["usage"] = usage();
        chunks.push(last);
    }
    let texts = chunks.iter().map(Value::to_string);
    let texts = texts.chain(std::iter::once("[DONE]".to_owned()));
    let events = texts.map(|text| Ok::<_, Infallible>(Event::default().data(text)));
    Sse::new(stream::iter(events.collect::<Vec<_>>())).into_response()
}

fn deltas_of_text(text: &str) -> Vec<Value> {
    let begin = json!({ "role": "assistant", "content": "", "refusal": null });
    let pieces = pieces(text).into_iter();
    let pieces = pieces.map(|piece| json!({ "content": piece }));
    std::iter::once(begin).chain(pieces).collect()
}

/// The first chunk of a call has its id and name, the next ones a piece of the arguments each.
/// Only the index says to which call a piece belongs.
fn deltas_of_calls(calls: &[Proposal]) -> Vec<Value> {
    let mut deltas = vec![json!({ "role": "assistant", "content": null })];
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

fn document(status: StatusCode, document: &Value) -> Response {
    let body = Body::from(document.to_string());
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
