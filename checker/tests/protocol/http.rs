//! Streamable HTTP at `/mcp`. An answer is plain JSON, unless the call has something to say to
//! its client before it is answered: then it is a stream of events.

use std::panic::resume_unwind;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::stream::{self, Stream, StreamExt};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::DropGuard;

use super::connection::Connection;
use super::faults::{self, Fault};
use super::guard::{self, Foreign};
use super::message::{Era, METHOD_NOT_FOUND, Message, Request, RpcError, parse_error};
use super::sessions::SESSION_ID;
use super::{Challenge, Server, Service};

const LARGEST_REQUEST: usize = 4 * 1024 * 1024;
const EVENT_STREAM: &str = "text/event-stream";

/// Serves any number of clients, for ever. `listener` is where they come in.
pub async fn serve<S: Service>(server: Server<S>, listener: TcpListener) -> Result<()> {
    serve_router(router(server), listener).await
}

/// The same for a server that has other routes as well, or something in front of it.
pub async fn serve_router(app: Router, listener: TcpListener) -> Result<()> {
    eprintln!("serving MCP at http://{}/mcp", listener.local_addr()?);
    axum::serve(listener, app)
        .await
        .context("cannot serve HTTP")
}

/// The server at `/mcp`.
pub fn router<S: Service>(server: Server<S>) -> Router {
    Router::new()
        .route("/mcp", any(handle))
        .with_state(Arc::new(server))
}

async fn handle<S: Service>(
    State(server): State<Arc<Server<S>>>,
    request: HttpRequest,
) -> Response {
    let faults = &server.faults;
    if let Some(fault) = faults::instead_of_answer(faults).await {
        return fault;
    }
    if let Some(foreign) = Foreign::of(faults, request.headers()) {
        if foreign == Foreign::Origin && faults.has(Fault::LateOriginCheck) {
            answer(&server, request).await;
        }
        server.service.log(&format!("foreign {foreign:?}"));
        let words = format!("Forbidden: foreign {foreign:?}");
        return (foreign.status(faults), words).into_response();
    }
    match server.service.admit(request.method(), request.headers()) {
        Ok(()) => answer(&server, request).await,
        Err(challenge) => challenge.into_response(),
    }
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        let header = [(header::WWW_AUTHENTICATE, self.authenticate)];
        (self.status, header).into_response()
    }
}

async fn answer<S: Service>(server: &Arc<Server<S>>, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    match (&parts.method, &server.sessions) {
        (&Method::POST, _) => posted(server, &parts, body).await,
        (&Method::GET, Some(sessions)) => match sessions.of(&parts.headers) {
            Ok(session) => idle(session),
            Err(status) => status.into_response(),
        },
        (&Method::DELETE, Some(sessions)) => match sessions.end(&parts.headers) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(status) => status.into_response(),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response(),
    }
}

async fn posted<S: Service>(server: &Arc<Server<S>>, parts: &Parts, body: Body) -> Response {
    let headers = &parts.headers;
    if let Err(refused) = guard::check_transport(headers) {
        return refused.into_response();
    }
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let bad_request = |body: Value| json(StatusCode::BAD_REQUEST, body.to_string());
    let message: Value = match serde_json::from_slice(&body) {
        Ok(message) => message,
        Err(error) => return bad_request(parse_error(error)),
    };
    let request = match Message::read(&message, guard::version(headers)) {
        Some(Message::Request(request)) => request,
        Some(Message::Response { id, outcome }) => {
            let session = server.sessions.as_ref().map(|all| all.of(headers));
            return match session {
                Some(Ok(session)) => {
                    session.answered(&id, outcome);
                    StatusCode::ACCEPTED.into_response()
                }
                Some(Err(status)) => status.into_response(),
                None => bad_request(parse_error("no method")),
            };
        }
        None => return bad_request(parse_error("no method")),
    };
    server.service.log(&request.method);
    if let Err(error) = guard::check_request(&server.faults, headers, &request) {
        return bad_request(request.reply(&server.faults, Err(error)));
    }
    let connection = match connection(server, headers, &request) {
        Ok(connection) => connection,
        Err(status) => return status.into_response(),
    };
    if request.id.is_none() && server.faults.has(Fault::RefusesNotifications) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    if request.id.is_none() {
        connection.notified(&request);
        return StatusCode::ACCEPTED.into_response();
    }
    faults::at_request(&server.faults);
    let opens = request.era == Era::Legacy && request.method == "initialize";
    let extensions = parts.extensions.clone();
    let mut response = answer_request(server, request, connection.clone(), extensions).await;
    if let (true, Some(sessions)) = (opens, &server.sessions)
        && let Ok(id) = sessions.open(connection).parse()
    {
        response.headers_mut().insert(SESSION_ID, id);
    }
    response
}

/// The legacy session of a request, if the server has sessions and this does not open one.
fn connection<S: Service>(
    server: &Server<S>,
    headers: &HeaderMap,
    request: &Request,
) -> Result<Arc<Connection>, StatusCode> {
    match &server.sessions {
        Some(sessions) if request.era == Era::Legacy && request.method != "initialize" => {
            sessions.of(headers)
        }
        _ => Ok(Arc::default()),
    }
}

/// A call that runs in a task of its own.
struct Running {
    task: JoinHandle<Answer>,
    /// What it says before its answer.
    said: UnboundedReceiver<Value>,
    /// A modern client cancels a call by hanging up.
    _hung_up: Option<DropGuard>,
}

struct Answer {
    message: Value,
    status: StatusCode,
    /// Nobody wants the answer.
    cancelled: bool,
}

async fn answer_request<S: Service>(
    server: &Arc<Server<S>>,
    request: Request,
    connection: Arc<Connection>,
    extensions: Extensions,
) -> Response {
    let (outbox, said) = unbounded_channel();
    let mut call = server.begin(request, connection, outbox);
    call.extensions = extensions;
    let hung_up = (call.era() == Era::Modern).then(|| call.cancels_when_dropped());
    let task = {
        let server = server.clone();
        tokio::spawn(async move {
            let outcome = server.answer(&mut call).await;
            Answer {
                status: status(&call.request, &outcome),
                cancelled: call.is_cancelled(),
                message: call.request.reply(&server.faults, outcome),
            }
        })
    };
    let mut running = Running {
        task,
        said,
        _hung_up: hung_up,
    };
    tokio::select! {
        biased;
        Some(first) = running.said.recv() => events(stream::iter([first]).chain(running.rest())),
        answer = &mut running.task => match or_panic(answer) {
            // There is no other way to answer with nothing.
            Answer { cancelled: true, .. } => events(stream::empty()),
            answer => plain(server, answer),
        }
    }
}

fn status(request: &Request, outcome: &Result<Value, RpcError>) -> StatusCode {
    match outcome {
        Err(error) if error.code == METHOD_NOT_FOUND && request.era == Era::Modern => {
            StatusCode::NOT_FOUND
        }
        _ => StatusCode::OK,
    }
}

impl Running {
    /// What else the call says, and its answer unless nobody wants it.
    fn rest(self) -> impl Stream<Item = Value> {
        stream::unfold(Some(self), async |running| {
            let mut running = running?;
            if let Some(message) = running.said.recv().await {
                return Some((message, Some(running)));
            }
            let answer = or_panic((&mut running.task).await);
            (!answer.cancelled).then_some((answer.message, None))
        })
    }
}

/// A panic of a call takes its connection with it.
fn or_panic(answer: Result<Answer, JoinError>) -> Answer {
    answer.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

fn plain<S: Service>(server: &Server<S>, answer: Answer) -> Response {
    let message = answer.message.to_string();
    if let Some(body) = faults::hugely(&message) {
        json(answer.status, body)
    } else if server.faults.has(Fault::SlowAnswers) {
        json(answer.status, faults::slowly(message))
    } else if server.faults.has(Fault::NoContentType) {
        (answer.status, Body::from(message)).into_response()
    } else if server.faults.has(Fault::PlainText) {
        (answer.status, message).into_response()
    } else if server.faults.has(Fault::OddEvents) {
        let event = format!("event: ping\ndata: 1\n\nretry: soon\nnothing\ndata: {message}\n\n");
        streamed(stream::iter([event]))
    } else {
        json(answer.status, message)
    }
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (status, headers, body.into()).into_response()
}

fn events(messages: impl Stream<Item = Value> + Send + 'static) -> Response {
    streamed(messages.map(|message| format!("event: message\ndata: {message}\n\n")))
}

/// The stream of a session on which nothing is said, until the session ends.
fn idle(session: Arc<Connection>) -> Response {
    let begins = stream::iter([": nothing to say yet\n\n".to_owned()]);
    streamed(begins.chain(stream::pending()).take_until(async move {
        session.closed.cancelled().await;
    }))
}

fn streamed(events: impl Stream<Item = String> + Send + 'static) -> Response {
    let events = events.map(|event| Ok::<_, std::convert::Infallible>(Bytes::from(event)));
    let headers = [(header::CONTENT_TYPE, EVENT_STREAM)];
    (headers, Body::from_stream(events)).into_response()
}
