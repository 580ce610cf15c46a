//! One browser tab: a client of its own, whose session opens again whenever the server or a switch
//! changes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::calls::CallState;
use super::lines::Lines;
use super::questions::{Kind, Question};
use super::switches::Switches;
use super::wire::Wire;
use super::{Play, random};
use crate::escape::visible_up_to;
use crate::mcp::hand::Sent;
use crate::mcp::profile::Answer;
use crate::mcp::transcript::{Crossed, Received};
use crate::mcp::{Endpoint, Held, RequestError, Session, Transcript};
use crate::subject::process::Process;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// How long anything may take that no person waits for by choice.
const ANSWER: Duration = Duration::from_secs(20);

/// How many exchanges the session remembers. What the page shows is kept by [`Wire`].
const REMEMBERED: usize = 200;

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

    /// Connects, for as long as the tab is there.
    async fn drive(self: Arc<Self>) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.connect_again_and_again())
            .await;
        self.disconnect("the tab was closed");
    }

    async fn connect_again_and_again(self: &Arc<Self>) {
        let mut status = self.backend.status();
        let mut before = 0;
        loop {
            let backend = status.borrow_and_update().clone();
            if !backend.running {
                self.phase(Phase::Waiting, String::new());
                self.until_changed(&mut status, backend.generation).await;
                continue;
            }
            self.phase(Phase::Connecting, String::new());
            match self.connect().await {
                Ok((live, questions)) => {
                    let again = match (before, backend.because) {
                        (0, _) => None,
                        (before, "rebuilt") if before < backend.generation => {
                            Some("The server was rebuilt. Connected again.")
                        }
                        (before, _) if before < backend.generation => {
                            Some("The server was started again. Connected again.")
                        }
                        _ => Some("Connected again."),
                    };
                    again.into_iter().for_each(|words| self.notice(words));
                    before = backend.generation;
                    let why = self
                        .while_live(&live, questions, &mut status, backend.generation)
                        .await;
                    self.disconnect(why);
                    if why == ENDED {
                        let words = live.last_words();
                        self.phase(Phase::Failed, words);
                        self.until_changed(&mut status, backend.generation).await;
                    }
                }
                Err(error) => {
                    self.phase(Phase::Failed, words_of(&error));
                    self.until_changed(&mut status, backend.generation).await;
                }
            }
        }
    }

    /// Waits for another server, other switches, or to be told to try again.
    async fn until_changed(
        &self,
        status: &mut watch::Receiver<super::backend::Status>,
        generation: u64,
    ) {
        let other =
            |status: &super::backend::Status| status.running && status.generation != generation;
        tokio::select! {
            _ = status.wait_for(other) => (),
            () = self.again.notified() => (),
        }
    }

    async fn connect(
        self: &Arc<Self>,
    ) -> Result<(Arc<Live>, UnboundedReceiver<Held>), RequestError> {
        let tab = Arc::downgrade(self);
        let wire = Arc::clone(&self.wire);
        let transcript = Transcript::tapped(
            REMEMBERED,
            Box::new(move |crossed| {
                wire.push(crossed);
                if let Some(tab) = tab.upgrade() {
                    tab.crossed(crossed);
                }
            }),
        );
        transcript.purpose("connect");
        let reached = self
            .backend
            .reach()
            .map_err(|error| unreachable(&error.to_string()))?;
        let Some((endpoint, process)) = reached else {
            return Err(unreachable("the server is not there"));
        };
        if let Some(process) = &process {
            let (lines, stderr) = (Arc::clone(&self.lines), process.stderr().clone());
            tokio::spawn(async move { lines.follow(&stderr).await });
        }
        let session = open(endpoint, self.switches(), &transcript, process.as_ref()).await?;
        let questions = session.questions();
        let server = session.server();
        let live = Arc::new(Live {
            session,
            transcript,
            closed: CancellationToken::new(),
            process,
        });
        self.change(|state| {
            state.asked_with.clear();
            state.connection.phase = Phase::Connected;
            state.connection.session += 1;
            state.connection.words.clear();
            state.connection.server = server.map_or(Value::Null, |server| {
                bounded(serde_json::to_value(&*server).unwrap_or_default())
            });
        });
        *self.live.lock() = Some(Arc::clone(&live));
        Ok((live, questions))
    }

    /// Hands on what the server asks, until the session has to end. Gives why.
    async fn while_live(
        self: &Arc<Self>,
        live: &Arc<Live>,
        mut questions: UnboundedReceiver<Held>,
        status: &mut watch::Receiver<super::backend::Status>,
        generation: u64,
    ) -> &'static str {
        let other =
            |status: &super::backend::Status| !status.running || status.generation != generation;
        let ended = async {
            match &live.process {
                Some(process) => process.monitor().ended_with_words().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(ended);
        loop {
            tokio::select! {
                status = status.wait_for(other) => {
                    let running = status.is_ok_and(|status| status.running);
                    return if running { "the server was started again" } else { "the server has ended" };
                }
                () = self.again.notified() => return "the client connects anew",
                _ = &mut ended => return ENDED,
                Some(held) = questions.recv() => {
                    tokio::spawn(Arc::clone(self).hand_on(Arc::clone(live), held));
                }
            }
        }
    }

    /// Asks the person what the server of an older era wants to know while a call waits.
    async fn hand_on(self: Arc<Self>, live: Arc<Live>, held: Held) {
        let (call, number, ended, cancel) = self.change(|state| {
            let exchange = state.asked_with.pop_front();
            let asking = state.calls.iter_mut().rev();
            let mut asking = asking.filter(|call| call.is_running());
            let call = match exchange {
                Some(exchange) => asking.find(|call| call.exchange == Some(exchange)),
                None => asking.next(),
            };
            match call {
                Some(call) => {
                    call.asked += 1;
                    (
                        Some(call.id),
                        call.asked,
                        call.ended.clone(),
                        call.cancel.clone(),
                    )
                }
                None => (None, 1, live.closed.clone(), CancellationToken::new()),
            }
        });
        let Held { params, answer } = held;
        let asking = async {
            if let Some(call) = call
                && number > PATIENT_FOR
                && number % PATIENT_FOR == 1
                && !self.goes_on(call, number - 1).await
            {
                cancel.cancel();
                return Answer::cancel();
            }
            self.ask(Question::of_server(&self, call, number, params))
                .await
        };
        tokio::select! {
            given = asking => {
                let _ = answer.send(given);
            }
            // Dropped, it says that the question was closed.
            () = ended.cancelled() => (),
            () = live.closed.cancelled() => (),
        }
    }

    /// Whether the person wants to go on with a server that asks and asks.
    pub async fn goes_on(self: &Arc<Self>, call: u64, number: usize) -> bool {
        let answer = self.ask(Question::go_on(call, number)).await;
        answer.action == rmcp::model::ElicitationAction::Accept
    }

    fn disconnect(&self, why: &str) {
        let live = self.live.lock().take();
        if let Some(live) = live {
            let open = self.read(|state| {
                let asked = state.questions.iter();
                asked.filter(|one| one.kind != Kind::GoOn).count()
            });
            live.closed.cancel();
            if open > 0 {
                self.notice(format!("The question is gone: {why}."));
            }
        }
    }

    fn phase(&self, phase: Phase, words: String) {
        self.change(|state| {
            state.connection.phase = phase;
            state.connection.words = words;
        });
    }

    /// Takes from the wire what the page shows beside it. The record is locked meanwhile.
    fn crossed(&self, crossed: &Crossed<'_>) {
        let Received::Json(message) = crossed.what else {
            return;
        };
        let exchange = crossed.index.number();
        match message.method() {
            Some("notifications/progress") => self.change(|state| {
                let of_exchange = |call: &&mut CallState| call.exchange == Some(exchange);
                if let Some(call) = state.calls.iter_mut().find(of_exchange) {
                    call.progressed(&message.json["params"]);
                }
            }),
            Some("elicitation/create") if message.is_request() => {
                self.state.lock().asked_with.push_back(exchange);
            }
            _ => (),
        }
    }
}

/// A process of this tab alone has ended.
const ENDED: &str = "the server has ended by itself";

impl Live {
    fn last_words(&self) -> String {
        let words = self
            .process
            .as_ref()
            .map(|process| process.stderr().last_lines());
        let words = words.unwrap_or_default();
        let last = words.iter().rev().take(12).rev().cloned();
        let last = last.collect::<Vec<_>>().join("\n");
        visible_up_to(
            4_000,
            format!("The server has ended by itself.\n{last}").trim_end(),
        )
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

async fn open(
    endpoint: Endpoint,
    switches: Switches,
    transcript: &Transcript,
    process: Option<&Process>,
) -> Result<Session, RequestError> {
    let opening = Session::connect(endpoint, switches.profile(), transcript);
    let ended = async {
        match process {
            Some(process) => process.monitor().ended_with_words().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        opened = opening => opened,
        _ = ended => {
            let words = process.map(|process| process.stderr().last_lines().join("\n"));
            let words = words.unwrap_or_default();
            Err(unreachable(&format!("it ended before it answered\n{words}")))
        }
        () = tokio::time::sleep(HANDSHAKE) => Err(silent(HANDSHAKE)),
    }
}

/// What came instead of a result, for a person.
pub fn words_of(error: &RequestError) -> String {
    visible_up_to(4_000, &error.kind.to_string())
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

/// What a server says of itself, cut where it says too much.
fn bounded(server: Value) -> Value {
    const MOST: usize = 100_000;
    match server.to_string().len() {
        0..MOST => server,
        bytes => {
            json!({ "serverInfo": { "name": format!("a server with {bytes} bytes to say of itself"), "version": "" } })
        }
    }
}
