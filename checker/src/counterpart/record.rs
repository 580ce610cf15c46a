//! Every message that a client sent, as it crossed the wire, with what it was answered.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::Value;

use super::lock::METADATA;
use crate::mcp::Transcript;
use crate::mcp::transcript::{Exchange, Index, Received};

/// The largest message taken from a client, in bytes.
const MAX_REQUEST: usize = 4 * 1024 * 1024;

/// How much of something that is no JSON is kept to be shown, in characters.
const PREVIEW: usize = 2_000;

/// What was sent to a counterpart. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    transcript: Transcript,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// One HTTP request, as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST` with a message; `GET` for a stream, `DELETE` for the end of a session.
    pub method: Method,
    /// `/mcp`
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The message; null when there is none, or it is no JSON.
    pub message: Value,
}

/// The message of a request, for those that look at it after the record.
#[derive(Clone)]
pub(super) struct Message(pub Value);

impl Request {
    /// The JSON-RPC method: `tools/call`. Empty when there is none.
    pub fn rpc(&self) -> &str {
        self.message["method"].as_str().unwrap_or_default()
    }
}

impl Record {
    /// A record whose messages go into `transcript` too, for the trace.
    pub fn new(transcript: Transcript) -> Self {
        Self {
            transcript,
            requests: Arc::default(),
        }
    }

    /// All HTTP requests so far.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The messages of this JSON-RPC method so far, in order.
    pub fn messages(&self, method: &str) -> Vec<Value> {
        let requests = self.requests().into_iter();
        let wanted = requests.filter(|request| request.rpc() == method);
        wanted.map(|request| request.message).collect()
    }

    /// The last exchange of this JSON-RPC method, with what was answered.
    pub fn last(&self, method: &str) -> Option<Exchange> {
        self.transcript
            .newest(|exchange| exchange.sent["method"].as_str() == Some(method))
    }

    fn push(&self, request: Request) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(request);
    }
}

/// Notes a request and its answer on their way through.
pub(super) async fn note(
    State(record): State<Record>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "too much").into_response();
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    record.push(Request {
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        headers: parts.headers.clone(),
        message: message.clone(),
    });
    // A GET in a session opens a stream, and brings nothing that a reader would miss.
    let is_shown = parts.method == Method::POST || parts.uri.path() == METADATA;
    let via = format!(
        "{} {}{}",
        parts.method,
        parts.uri.path(),
        worth_seeing(&parts.headers)
    );
    let mut request = axum::extract::Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(Message(message.clone()));
    if !is_shown {
        return next.run(request).await;
    }
    let index = record.transcript.send(via, message);
    let response = next.run(request).await;
    let status = response.status();
    let headers = worth_seeing(response.headers());
    record
        .transcript
        .status(index, format!("{status}{headers}"));
    noted(response, &record.transcript, index)
}

/// The headers that a reader of the trace wants to see: who may come in, and in which session.
fn worth_seeing(headers: &HeaderMap) -> String {
    let named = |name: &HeaderName| {
        let name = name.as_str();
        name.starts_with("mcp-")
            || name.ends_with("-key")
            || ["authorization", "www-authenticate"].contains(&name)
    };
    let shown = headers.iter().filter(|(name, _)| named(name));
    shown
        .map(|(name, value)| format!("  {name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

/// The response, with what it says noted while it is read.
fn noted(response: Response, transcript: &Transcript, index: Index) -> Response {
    let (parts, body) = response.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let mut reader = Reader {
        transcript: transcript.clone(),
        index,
        is_stream,
        unread: Vec::new(),
    };
    let body = body.into_data_stream().inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            reader.read(chunk);
        }
    });
    Response::from_parts(parts, Body::from_stream(body))
}

/// Reads a body as it passes. What is left when it is dropped was the last of it.
struct Reader {
    transcript: Transcript,
    index: Index,
    is_stream: bool,
    unread: Vec<u8>,
}

impl Reader {
    fn read(&mut self, chunk: &Bytes) {
        self.transcript.more_bytes(self.index, chunk.len());
        self.unread.extend_from_slice(chunk);
        if !self.is_stream {
            return;
        }
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            // rmcp writes each message on one line.
            if let Some(data) = line.strip_prefix(b"data:") {
                self.receive(data);
            }
        }
    }

    fn receive(&self, data: &[u8]) {
        let text = String::from_utf8_lossy(data);
        let text = text.trim();
        // Older sessions begin with an empty event, to be resumed from.
        if text.is_empty() {
            return;
        }
        let received = serde_json::from_str(text).map_or_else(|_| preview(text), Received::Json);
        self.transcript.receive(self.index, received);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.is_stream {
            self.receive(&self.unread);
        }
        self.transcript.end(self.index);
    }
}

fn preview(text: &str) -> Received {
    Received::Text(text.chars().take(PREVIEW).collect())
}
