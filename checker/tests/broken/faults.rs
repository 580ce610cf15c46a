//! Faults that have nothing to do with a store: of the process, the connection, the answer.

use std::convert::Infallible;
use std::future::pending;
use std::io::Write;
use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::flaw::{Flaw, Flaws};
use crate::message::Request;

const EVENT_STREAM: &str = "text/event-stream";
const KILOBYTE: usize = 1024;
const HUGE: usize = 400 * KILOBYTE * KILOBYTE;
const FLOOD: usize = 50 * KILOBYTE * KILOBYTE;

/// What goes wrong before anything is served.
pub fn at_start(flaws: &Flaws) {
    if flaws.has(Flaw::ExitsAtOnce) {
        eprintln!("error: the shelves are empty");
        exit(3);
    }
    if flaws.has(Flaw::StderrFlood) {
        std::thread::spawn(|| flood(std::io::stderr()));
    }
}

fn flood(mut pipe: impl Write) {
    let line = format!("{}\n", "crumbs ".repeat(14));
    for _ in 0..FLOOD / line.len() {
        if pipe.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

/// What goes wrong instead of listening, or before it.
pub fn at_bind(flaws: &Flaws) {
    if flaws.has(Flaw::StdoutFlood) {
        flood(std::io::stdout());
    }
    if flaws.has(Flaw::PortInUse) {
        eprintln!("Error: Address already in use (os error 98)");
        exit(1);
    }
}

/// What goes wrong as soon as a request arrives, whatever it is.
pub async fn instead_of_answer(flaws: &Flaws) -> Option<Response> {
    if flaws.has(Flaw::NeverAnswers) {
        pending::<()>().await;
    }
    if flaws.has(Flaw::ServerError) {
        let answer = (StatusCode::INTERNAL_SERVER_ERROR, "the oven is on fire");
        return Some(answer.into_response());
    }
    if flaws.has(Flaw::NeedsToken) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return Some((StatusCode::UNAUTHORIZED, challenge).into_response());
    }
    if flaws.has(Flaw::Garbage) {
        return Some(ok("application/json", "<<<not json>>>"));
    }
    if flaws.has(Flaw::Html) {
        return Some(ok(
            "text/html",
            "<!doctype html><title>Bakery</title><h1>Welcome</h1>",
        ));
    }
    if flaws.has(Flaw::EndlessStream) {
        return Some(ok(EVENT_STREAM, streamed(keep_alives())));
    }
    if flaws.has(Flaw::EndlessFlood) {
        let line = Bytes::from(format!("data: {}\n", "x".repeat(64 * KILOBYTE)));
        return Some(ok(EVENT_STREAM, streamed(stream::repeat(line))));
    }
    None
}

fn keep_alives() -> impl Stream<Item = Bytes> {
    stream::repeat(Bytes::from_static(b": keep-alive\n\n")).then(|comment| async {
        sleep(Duration::from_millis(10)).await;
        comment
    })
}

/// What goes wrong when the second request arrives. A notification is none.
pub fn at_request(flaws: &Flaws) {
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);

    if flaws.has(Flaw::ExitsOnSecondRequest) && REQUESTS.fetch_add(1, Ordering::SeqCst) == 1 {
        exit(7);
    }
}

/// An answer that comes byte by byte, five a second.
pub fn slowly(body: String) -> Body {
    let bytes = stream::iter(body.into_bytes());
    streamed(bytes.then(|byte| async move {
        sleep(Duration::from_millis(200)).await;
        Bytes::from(vec![byte])
    }))
}

/// A tool's result, with a text that no client wants to hold in its memory.
pub fn hugely(request: &Request, flaws: &Flaws, mut result: Value) -> Body {
    const MARK: &str = "as much as you can eat";

    result["content"][0]["text"] = json!(MARK);
    let message = request.reply(flaws, Ok(result)).to_string();
    let (before, after) = message.split_once(MARK).unwrap_or_default();
    let crumbs = Bytes::from("x".repeat(KILOBYTE * KILOBYTE));
    let text = stream::iter(std::iter::repeat_n(crumbs.clone(), HUGE / crumbs.len()));
    let [before, after] = [before, after].map(|part| Bytes::from(part.to_owned()));
    streamed(
        stream::iter([before])
            .chain(text)
            .chain(stream::iter([after])),
    )
}

fn streamed(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(chunks.map(Ok::<_, Infallible>))
}

fn ok(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body.into()).into_response()
}

/// A panic in the task that serves the connection.
pub fn panic_here() {
    panic!("the shelves collapsed");
}

/// A panic in a task that nobody looks after.
#[expect(clippy::todo, reason = "the flaw is that it is not done")]
pub fn panic_elsewhere(flaws: &Flaws) {
    let not_done = flaws.has(Flaw::TodoList);
    tokio::spawn(async move {
        if not_done {
            todo!("3.2");
        }
        panic_here();
    });
}
