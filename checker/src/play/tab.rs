//! One browser tab: a client of its own, whose session opens again whenever the server or a switch
//! changes.

mod connecting;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::Url;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::calls::CallState;
use super::identity::Identity;
use super::lines::Lines;
use super::questions::Question;
use super::switches::Switches;
use super::wire::Wire;
use super::{Play, random};
use crate::escape::visible_up_to;
use crate::mcp::hand::Sent;
use crate::mcp::transcript::Crossed;
use crate::mcp::{RequestError, Session, Transcript};
use crate::subject::process::Process;

/// How long anything may take that no person waits for by choice.
const ANSWER: Duration = Duration::from_secs(20);

/// For so long a tab may rest. Browsers open six connections to a host and no more, so that a tab
/// which nobody sees gives its own back.
const REST: Duration = Duration::from_secs(3600);

/// After so many questions of one call a person is asked whether to go on.
pub const PATIENT_FOR: usize = 10;

/// A browser tab.
#[derive(Debug)]
pub struct Tab {
    /// By which its requests name it.
    pub id: String,
    /// What crossed the wire.
    pub wire: Arc<Wire>,
    /// What its server printed.
    pub lines: Arc<Lines>,
    backend: Backend,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    live: Mutex<Option<Arc<Live>>>,
    /// Who the person is to the server.
    identity: Mutex<Option<Arc<Identity>>>,
    /// Held while a request is sent, so that it is recorded with its own purpose.
    sending: tokio::sync::Mutex<()>,
    again: Notify,
    stop: CancellationToken,
    listeners: AtomicUsize,
    /// When it was looked at last, and whether it said that it rests.
    seen: Mutex<(Instant, bool)>,
}

/// What the page shows of a tab.
#[derive(Debug, Default)]
pub struct State {
    /// What its client declares.
    pub switches: Switches,
    connection: Connection,
    /// Its calls, the newest last.
    pub calls: VecDeque<CallState>,
    /// What waits for an answer.
    pub questions: Vec<Question>,
    /// Numbers calls and questions.
    pub numbers: u64,
    /// What is said once, with a number.
    notices: VecDeque<(u64, String)>,
    noticed: u64,
    /// The exchanges with which the server's questions came, in order.
    asked_with: VecDeque<usize>,
}

/// How a tab is connected.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    phase: Phase,
    /// Counts the sessions: what was read from another one may not be so any more.
    session: u64,
    /// Why there is none.
    words: String,
    /// What the server said of itself.
    server: Value,
    /// Whether it is because the server wants to know who asks.
    needs_login: bool,
    /// With which `WWW-Authenticate` it said so.
    #[serde(skip)]
    challenge: Option<String>,
    /// Who has signed in.
    user: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Phase {
    /// There is no server yet.
    #[default]
    Waiting,
    Connecting,
    Connected,
    Failed,
}

/// A session that is open.
pub struct Live {
    /// The session.
    pub session: Session,
    transcript: Transcript,
    /// Cancelled when it is not any more.
    pub closed: CancellationToken,
    process: Option<Process>,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl Tab {
    pub(super) fn open(play: &Play, switches: Switches) -> Arc<Self> {
        let is_command = play.backend.status().borrow().kind == "command";
        let lines = match is_command {
            true => Arc::default(),
            false => Arc::clone(play.backend.lines()),
        };
        let tab = Arc::new(Self {
            id: random(),
            wire: Arc::default(),
            lines,
            backend: play.backend.clone(),
            state: Mutex::new(State {
                switches,
                ..State::default()
            }),
            changes: watch::Sender::default(),
            live: Mutex::default(),
            identity: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
            again: Notify::new(),
            stop: CancellationToken::new(),
            listeners: AtomicUsize::new(0),
            seen: Mutex::new((Instant::now(), false)),
        });
        tokio::spawn(Arc::clone(&tab).drive());
        tab
    }

    /// Ends its session, and all that it does.
    pub fn close(&self) {
        self.stop.cancel();
    }

    /// Waits until it is closed.
    pub async fn closed(&self) {
        self.stop.cancelled().await;
    }

    /// For how long nobody has listened.
    pub fn unseen_for(&self) -> Duration {
        match self.listeners.load(Ordering::Relaxed) {
            0 => {
                let (seen, rests) = *self.seen.lock();
                let allowed = if rests { REST } else { Duration::ZERO };
                seen.elapsed().saturating_sub(allowed)
            }
            _ => Duration::ZERO,
        }
    }

    /// It will not listen for a while.
    pub fn rest(&self) {
        *self.seen.lock() = (Instant::now(), true);
    }

    /// Counts as looked at, until this is dropped.
    pub fn listen(self: &Arc<Self>) -> Listening {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        self.seen.lock().1 = false;
        Listening(Arc::clone(self))
    }

    /// Is told of changes of the state.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Changes the state, and tells whoever listens.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock());
        self.changes.send_modify(|changes| *changes += 1);
        changed
    }

    /// Reads the state.
    pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock())
    }

    /// What its client declares.
    pub fn switches(&self) -> Switches {
        self.read(|state| state.switches)
    }

    /// Says something once.
    pub fn notice(&self, words: impl Into<String>) {
        let words = words.into();
        self.change(|state| {
            state.noticed += 1;
            state.notices.push_back((state.noticed, words));
            if state.notices.len() > 5 {
                state.notices.pop_front();
            }
        });
    }

    /// Somebody has signed in: the client connects anew, as them.
    pub fn sign_in(&self, identity: Identity) {
        self.change(|state| state.connection.user = Some(identity.name.clone()));
        *self.identity.lock() = Some(Arc::new(identity));
        self.again.notify_one();
    }

    /// Nobody is signed in any more.
    pub fn sign_out(&self) {
        self.change(|state| state.connection.user = None);
        *self.identity.lock() = None;
        self.again.notify_one();
    }

    fn identity(&self) -> Option<Arc<Identity>> {
        self.identity.lock().clone()
    }

    /// The server that wants to know who asks, and its challenge. `None` for one that does not.
    pub fn asks_for_login(&self) -> Option<(Url, Option<String>)> {
        let url = self.backend.http()?;
        self.read(|state| {
            let connection = &state.connection;
            let asks = connection.needs_login || connection.user.is_some();
            asks.then(|| (url, connection.challenge.clone()))
        })
    }

    /// A record of what crosses the wire beside the session, which the page shows.
    pub fn recorded(&self, purpose: &str) -> Transcript {
        let wire = Arc::clone(&self.wire);
        let tap = Box::new(move |crossed: &Crossed<'_>| wire.push(crossed));
        let transcript = Transcript::tapped(50, tap);
        transcript.purpose(purpose);
        transcript
    }

    /// Makes the client another one, which connects anew.
    pub fn switch(&self, switches: Switches) {
        self.change(|state| state.switches = switches);
        self.again.notify_one();
    }

    /// Connects anew; a server of this tab alone starts again.
    pub fn reconnect(&self) {
        self.again.notify_one();
    }

    /// The session, if it is open.
    pub fn live(&self) -> Option<Arc<Live>> {
        self.live.lock().clone()
    }

    /// All that the page shows, but the wire and what the server printed.
    pub fn view(&self) -> Value {
        let backend = self.backend.status().borrow().clone();
        self.read(|state| {
            json!({
                "backend": backend,
                "connection": state.connection,
                "switches": state.switches,
                "calls": state.calls,
                "questions": state.questions,
                "notices": state.notices,
            })
        })
    }

    /// Sends a request, recorded with what it is for.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when it cannot be sent.
    pub async fn send(
        &self,
        live: &Live,
        purpose: &str,
        method: &str,
        params: Value,
    ) -> Result<Sent, RequestError> {
        let _turn = self.sending.lock().await;
        live.transcript.purpose(visible_up_to(200, purpose));
        live.session.ask(method, params).await
    }

    /// Sends a request and waits for the result, though not for ever.
    ///
    /// # Errors
    ///
    /// Why there is none, in words.
    pub async fn request(
        &self,
        live: &Live,
        purpose: &str,
        method: &str,
        params: Value,
    ) -> Result<Value, RequestError> {
        let asking = async {
            let mut sent = self.send(live, purpose, method, params).await?;
            match timeout(ANSWER, live.session.told(&mut sent)).await {
                Ok(told) => told,
                Err(_) => {
                    live.session.take_back(sent, "no answer in time").await;
                    Err(silent(ANSWER))
                }
            }
        };
        tokio::select! {
            told = asking => told,
            () = live.closed.cancelled() => Err(closed()),
        }
    }
}

/// A tab that is looked at.
#[derive(Debug)]
pub struct Listening(Arc<Tab>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.seen.lock().0 = Instant::now();
        self.0.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What came instead of a result, for a person.
pub fn words_of(error: &RequestError) -> String {
    // So rmcp says it.
    const CLOSED: &str = "Transport closed";
    match error.kind.to_string() {
        words if words == CLOSED => words_of(&closed()),
        words => visible_up_to(4_000, &words),
    }
}

fn unreachable(words: &str) -> RequestError {
    RequestError {
        sent: String::new(),
        kind: crate::mcp::ErrorKind::Unreachable(words.trim_end().to_owned()),
    }
}

fn silent(after: Duration) -> RequestError {
    RequestError {
        sent: String::new(),
        kind: crate::mcp::ErrorKind::Silent { after, bytes: 0 },
    }
}

/// The session has ended before the answer came.
pub fn closed() -> RequestError {
    unreachable("the connection ended before the answer")
}
