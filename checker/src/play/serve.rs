//! HTTP: the page, what it asks for, and the events that it hears; and the sandbox page, on a port
//! of its own.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use futures::stream;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::address::{Address, Wants};
use super::identity::CALLBACK;
use super::tab::{Listening as Looking, Tab};
use super::{Play, api};
use crate::host;

/// The page, and all that it consists of.
const ASSETS: [(&str, &str, &str); 14] = [
    ("", "text/html", include_str!("page/index.html")),
    ("play.css", "text/css", include_str!("page/play.css")),
    ("bridge.js", "text/javascript", host::BRIDGE),
    ("app.js", "text/javascript", include_str!("page/app.js")),
    ("ask.js", "text/javascript", include_str!("page/ask.js")),
    (
        "client.js",
        "text/javascript",
        include_str!("page/client.js"),
    ),
    (
        "content.js",
        "text/javascript",
        include_str!("page/content.js"),
    ),
    ("dom.js", "text/javascript", include_str!("page/dom.js")),
    ("form.js", "text/javascript", include_str!("page/form.js")),
    ("main.js", "text/javascript", include_str!("page/main.js")),
    (
        "offers.js",
        "text/javascript",
        include_str!("page/offers.js"),
    ),
    (
        "schema.js",
        "text/javascript",
        include_str!("page/schema.js"),
    ),
    ("tools.js", "text/javascript", include_str!("page/tools.js")),
    ("wire.js", "text/javascript", include_str!("page/wire.js")),
];

/// So long are changes gathered before the page hears of them.
const GATHER: Duration = Duration::from_millis(25);

/// As many messages are told at once, and a page that is new is told of more. What a server floods
/// beyond that nobody could read.
const MOST_AT_ONCE: usize = 100;
const MOST_AT_FIRST: usize = 600;

/// So long is a page left alone that was told of so many.
const BREATH: Duration = Duration::from_millis(300);

/// Both ports, open.
#[derive(Debug)]
pub struct Listening {
    page: TcpListener,
    sandbox: TcpListener,
}

impl Listening {
    /// Opens both on 127.0.0.1: the page's, and any that is free for the sandbox.
    ///
    /// # Errors
    ///
    /// When the page's port cannot be had.
    pub async fn open(port: u16) -> io::Result<Self> {
        Ok(Self {
            page: TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?,
            sandbox: TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?,
        })
    }

    /// The addresses of this run.
    ///
    /// # Errors
    ///
    /// When the system does not know its own ports.
    pub fn address(&self) -> io::Result<Address> {
        let (page, sandbox) = (self.page.local_addr()?, self.sandbox.local_addr()?);
        Ok(Address::new(page.port(), sandbox.port()))
    }

    /// Serves for as long as this is polled.
    ///
    /// # Errors
    ///
    /// When the system takes a port away.
    pub async fn serve(self, play: Arc<Play>) -> io::Result<()> {
        let nodelay = |listener: TcpListener| {
            listener.tap_io(|connection| {
                let _ = connection.set_nodelay(true);
            })
        };
        let page = axum::serve(nodelay(self.page), page(Arc::clone(&play)));
        let sandbox = axum::serve(nodelay(self.sandbox), sandbox(play));
        tokio::try_join!(page.into_future(), sandbox.into_future())?;
        Ok(())
    }
}

fn page(play: Arc<Play>) -> Router {
    let token = play.address.token.clone();
    let under = |path: &str| format!("/{token}/{path}");
    let mut router = Router::new();
    for (path, kind, text) in ASSETS {
        router = router.route(&under(path), get(async move || served(kind, text)));
    }
    router
        .route(&under("do"), post(act))
        .route(&under("events"), get(events))
        // Without the token: an App can read the address of the page around it.
        .route("/sandbox/{key}", get(opaque_sandbox))
        // Without it too: the realm is told this address, and keeps it.
        .route(CALLBACK, get(signed_in))
        .layer(middleware::from_fn_with_state(Arc::clone(&play), gate))
        .with_state(play)
}

/// The sandbox page where it has an origin of its own.
fn sandbox(play: Arc<Play>) -> Router {
    Router::new()
        .route("/sandbox/{key}", get(own_sandbox))
        .layer(middleware::from_fn_with_state(Arc::clone(&play), gate))
        .with_state(play)
}

/// Lets nobody in by a strange name, and says of everything how it is to be taken.
async fn gate(State(play): State<Arc<Play>>, request: Request, next: Next) -> Response {
    if !play.address.lets_in(request.headers(), Wants::Page) {
        return refused();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&policy(&play.address))
    {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        let opener = HeaderName::from_static("cross-origin-opener-policy");
        headers.insert(opener, HeaderValue::from_static("same-origin"));
    }
    response
}

fn refused() -> Response {
    (StatusCode::FORBIDDEN, "Not from here.").into_response()
}

/// The page's own policy: its own scripts and styles, and frames of the sandbox.
fn policy(address: &Address) -> String {
    let [one, other] = address.sandbox_origins();
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src data:",
        "connect-src 'self'",
        &format!("frame-src 'self' {one} {other}"),
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    .join("; ")
}

fn served(kind: &'static str, text: impl Into<Body>) -> Response {
    let kind = format!("{kind}; charset=utf-8");
    ([(CONTENT_TYPE, kind)], text.into()).into_response()
}

/// The sandbox page on its own origin, with the policy that the App is to have.
async fn own_sandbox(State(play): State<Arc<Play>>, Path(key): Path<String>) -> Response {
    let Some(policy) = play.policy(&key) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    with_policy(&policy)
}

/// The same where it has none, because only one port is forwarded: as a page of nowhere.
async fn opaque_sandbox(State(play): State<Arc<Play>>, Path(key): Path<String>) -> Response {
    let Some(policy) = play.policy(&key) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // `'self'` would be this host's own page.
    let policy = policy.replace(" 'self'", "");
    with_policy(&format!("sandbox allow-scripts allow-forms; {policy}"))
}

fn with_policy(policy: &str) -> Response {
    let mut response = served("text/html", host::SANDBOX);
    match HeaderValue::from_str(policy) {
        Ok(policy) => {
            response
                .headers_mut()
                .insert(CONTENT_SECURITY_POLICY, policy);
            response
        }
        // Without its policy it is not shown.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Does what the page says.
async fn act(State(play): State<Arc<Play>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_json = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !play.address.lets_change(&headers) || !is_json {
        return refused();
    }
    match serde_json::from_slice(&body) {
        Ok(action) => {
            let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
            let origin = origin.unwrap_or_default();
            let (status, told) = api::act(&play, action, origin).await;
            (status, served("application/json", told.to_string())).into_response()
        }
        Err(error) => {
            let told = json!({ "words": format!("The page sent something unexpected: {error}") });
            let answer = served("application/json", told.to_string());
            (StatusCode::BAD_REQUEST, answer).into_response()
        }
    }
}

/// The realm has sent the browser back. Who may come here is said by the `state` in the address.
async fn signed_in(State(play): State<Arc<Play>>, uri: Uri) -> Response {
    let words = play.end_login(uri.query().unwrap_or_default()).await;
    let page = include_str!("page/signed-in.html").replace("WORDS", words);
    served("text/html", page)
}

/// What happens in a tab, as it happens: first all that is there, then what is new.
async fn events(State(play): State<Arc<Play>>, headers: HeaderMap, uri: Uri) -> Response {
    if !play.address.lets_in(&headers, Wants::Action) {
        return refused();
    }
    // What ends an EventSource for good.
    let Some(tab) = play.tab(uri.query().unwrap_or_default()) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let listening = tab.listen();
    let told = Told {
        state: tab.changes(),
        backend: play.backend.status(),
        wire_grown: tab.wire.changes(),
        lines_grown: tab.lines.changes(),
        wire: 0,
        lines: 0,
        state_is_new: true,
        is_flooded: false,
        pending: Vec::new(),
        tab,
        _listening: listening,
    };
    let events = stream::unfold(told, |mut told| async {
        let event = told.next().await;
        event.map(|event| (Ok::<_, Infallible>(event), told))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// What a page was told so far.
struct Told {
    tab: Arc<Tab>,
    state: tokio::sync::watch::Receiver<u64>,
    backend: tokio::sync::watch::Receiver<super::backend::Status>,
    wire_grown: tokio::sync::watch::Receiver<usize>,
    lines_grown: tokio::sync::watch::Receiver<usize>,
    wire: usize,
    lines: usize,
    /// Whether the state is to be told, whatever the receivers say.
    state_is_new: bool,
    /// Whether there was more of late than can be read.
    is_flooded: bool,
    pending: Vec<Event>,
    _listening: Looking,
}

impl Told {
    /// The next event. `None` when the tab is closed.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop() {
                return Some(event);
            }
            if !self.state_is_new && !self.wait().await {
                return None;
            }
            self.gather();
        }
    }

    async fn wait(&mut self) -> bool {
        let (state, changed) = tokio::select! {
            changed = self.state.changed() => (true, changed),
            changed = self.backend.changed() => (true, changed),
            changed = self.wire_grown.changed() => (false, changed),
            changed = self.lines_grown.changed() => (false, changed),
            () = self.tab.closed() => return false,
        };
        if changed.is_err() {
            return false;
        }
        self.state_is_new = state;
        sleep(if self.is_flooded { BREATH } else { GATHER }).await;
        true
    }

    /// What is new, the last to be told first.
    fn gather(&mut self) {
        self.wire_grown.mark_unchanged();
        self.lines_grown.mark_unchanged();
        let state_is_new = std::mem::take(&mut self.state_is_new)
            | self.state.has_changed().unwrap_or(false)
            | self.backend.has_changed().unwrap_or(false);
        self.state.mark_unchanged();
        self.backend.mark_unchanged();
        let (lines, total) = self.tab.lines.after(self.lines);
        if total > self.lines {
            let skipped = total - self.lines - lines.len();
            self.lines = total;
            self.tell("stderr", &json!({ "lines": lines, "skipped": skipped }));
        }
        let most = match self.wire {
            0 => MOST_AT_FIRST,
            _ => MOST_AT_ONCE,
        };
        let (entries, total) = self.tab.wire.last(self.wire, most);
        self.is_flooded = entries.len() == MOST_AT_ONCE;
        if total > self.wire {
            let lost = total - self.wire - entries.len();
            self.wire = total;
            self.tell("wire", &json!({ "entries": entries, "lost": lost }));
        }
        if state_is_new {
            self.tell("state", &self.tab.view());
        }
    }

    fn tell(&mut self, what: &str, told: &serde_json::Value) {
        self.pending
            .push(Event::default().event(what).data(told.to_string()));
    }
}
