//! What can be wrong with any server: with its protocol, connection, answers and process.

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
use serde_json::json;
use tokio::time::sleep;

const EVENT_STREAM: &str = "text/event-stream";
const KILOBYTE: usize = 1024;
const HUGE: usize = 400 * KILOBYTE * KILOBYTE;
const FLOOD: usize = 10 * KILOBYTE * KILOBYTE;

/// Longer than any answer may take once a server runs: the tests wait a fifth as long as the
/// checker does.
const SLOW_START: Duration = Duration::from_millis(1_200);

/// A text in a result, instead of which 400 MB are sent over HTTP.
pub const HUGE_TEXT: &str = "as much as you can eat";

/// One thing that is wrong. The names say what; a server's list of flaws says it in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    // Protocol.
    NoDiscover,
    NoInitialize,
    UnknownProtocol,
    DiscoverWithoutModern,
    NoResultType,
    NoJsonrpc,
    WrongIds,

    // HTTP.
    NeverAnswers,
    SlowAnswers,
    Garbage,
    Html,
    EndlessStream,
    NoContentType,
    PlainText,
    RefusesNotifications,
    Redirects,
    NotAcceptable,
    OddEvents,
    WantsHeaders,
    EndlessFlood,
    NeedsToken,
    ServerError,
    AnyOrigin,
    AnyHost,
    NoOrigin,
    LocalhostOnly,
    OriginByPrefix,
    OriginContains,
    NullOrigin,
    HostByPrefix,
    LateOriginCheck,
    OriginWrongStatus,
    HostWrongStatus,
    HostMisdirected,

    // Stdio.
    StdoutBanner,
    StdioGarbles,
    StdioHangs,
    StdioInPieces,
    StdioLatin1,
    StdioErrorNull,
    StdioEndsAtOnce,
    OutlivesStdin,
    SlowStart,

    // The process.
    ExitsAtOnce,
    PanicsAtStart,
    PanicsInLibrary,
    ExitsOnSecondRequest,
    PortInUse,
    StdoutFlood,
    StderrFlood,
}

/// All that is wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().collect())
    }
}

/// What goes wrong before anything is served.
pub fn at_start(faults: &Faults) {
    if faults.has(Fault::ExitsAtOnce) {
        eprintln!("error: the shelves are empty");
        exit(3);
    }
    if faults.has(Fault::PanicsAtStart) {
        panic!("the shelves are empty");
    }
    if faults.has(Fault::PanicsInLibrary) {
        // serde_json does not say who called it.
        let mut settings = json!(8420);
        settings["port"] = json!(8421);
    }
    if faults.has(Fault::StderrFlood) {
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
pub fn at_bind(faults: &Faults) {
    if faults.has(Fault::StdoutFlood) {
        flood(std::io::stdout());
    }
    if faults.has(Fault::PortInUse) {
        eprintln!("Error: Address already in use (os error 98)");
        exit(1);
    }
}

/// What goes wrong after a message was written over stdio.
pub async fn after_message(faults: &Faults) {
    if faults.has(Fault::StdioEndsAtOnce) {
        // Until the client has sent its next request, for which there will be no answer.
        sleep(Duration::from_millis(50)).await;
        exit(0);
    }
}

/// What goes wrong before the first message over stdio.
pub async fn at_stdio(faults: &Faults) {
    if faults.has(Fault::StdoutBanner) {
        println!("Store is ready");
    }
    if faults.has(Fault::SlowStart) {
        sleep(SLOW_START).await;
    }
}

/// What goes wrong as soon as a request arrives, whatever it is.
pub async fn instead_of_answer(faults: &Faults) -> Option<Response> {
    if faults.has(Fault::NeverAnswers) {
        pending::<()>().await;
    }
    if faults.has(Fault::ServerError) {
        let answer = (StatusCode::INTERNAL_SERVER_ERROR, "the oven is on fire");
        return Some(answer.into_response());
    }
    if faults.has(Fault::NeedsToken) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        return Some((StatusCode::UNAUTHORIZED, challenge).into_response());
    }
    if faults.has(Fault::Garbage) {
        return Some(ok("application/json", "<<<not json>>>"));
    }
    if faults.has(Fault::Redirects) {
        let elsewhere = [(header::LOCATION, "/mcp/")];
        return Some((StatusCode::PERMANENT_REDIRECT, elsewhere).into_response());
    }
    if faults.has(Fault::NotAcceptable) {
        let error = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Not Acceptable: bread only"}}"#;
        let json = [(header::CONTENT_TYPE, "application/json")];
        return Some((StatusCode::NOT_ACCEPTABLE, json, error).into_response());
    }
    if faults.has(Fault::Html) {
        return Some(ok(
            "text/html",
            "<!doctype html><title>Bakery</title><h1>Welcome</h1>",
        ));
    }
    if faults.has(Fault::EndlessStream) {
        return Some(ok(EVENT_STREAM, streamed(keep_alives())));
    }
    if faults.has(Fault::EndlessFlood) {
        // Comments, which nobody keeps: this is fast enough on a busy machine, too.
        let line = Bytes::from(format!(": {}\n", "x".repeat(64 * KILOBYTE)));
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
pub fn at_request(faults: &Faults) {
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);

    if faults.has(Fault::ExitsOnSecondRequest) && REQUESTS.fetch_add(1, Ordering::SeqCst) == 1 {
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

/// A message with [`HUGE_TEXT`] in it, with what no client wants to hold in its memory instead.
pub fn hugely(message: &str) -> Option<Body> {
    let (before, after) = message.split_once(HUGE_TEXT)?;
    let crumbs = Bytes::from("x".repeat(KILOBYTE * KILOBYTE));
    let text = stream::iter(std::iter::repeat_n(crumbs.clone(), HUGE / crumbs.len()));
    let [before, after] = [before, after].map(|part| Bytes::from(part.to_owned()));
    Some(streamed(
        stream::iter([before])
            .chain(text)
            .chain(stream::iter([after])),
    ))
}

fn streamed(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(chunks.map(Ok::<_, Infallible>))
}

fn ok(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body.into()).into_response()
}
