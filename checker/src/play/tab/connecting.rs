//! How a tab connects: again whenever the server, the switches or the person want it, and what the
//! server asks meanwhile.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Live, PATIENT_FOR, Phase, Tab, silent, unreachable, words_of};
use crate::escape::visible_up_to;
use crate::mcp::profile::Answer;
use crate::mcp::transcript::{Crossed, Received};
use crate::mcp::{ClientProfile, Endpoint, ErrorKind, Held, RequestError, Session, Transcript};
use crate::play::backend::Status;
use crate::play::calls::CallState;
use crate::play::questions::{Kind, Question};
use crate::subject::process::Process;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// How many exchanges the session remembers. What the page shows is kept by `Wire`.
const REMEMBERED: usize = 200;

/// A process of this tab alone has ended.
const ENDED: &str = "the server exited by itself";

impl Tab {
    /// Connects, for as long as the tab is there.
    pub(super) async fn drive(self: Arc<Self>) {
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
                            Some("The server was rebuilt. Reconnected.")
                        }
                        (before, _) if before < backend.generation => {
                            Some("The server was restarted. Reconnected.")
                        }
                        _ => Some("Reconnected."),
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
                    let needs_login = matches!(
                        error.kind,
                        ErrorKind::Status {
                            status: StatusCode::UNAUTHORIZED,
                            ..
                        }
                    );
                    self.change(|state| state.connection.needs_login = needs_login);
                    self.phase(Phase::Failed, words_of(&error));
                    self.until_changed(&mut status, backend.generation).await;
                }
            }
        }
    }

    /// Waits for another server, other switches, or to be told to try again.
    async fn until_changed(&self, status: &mut watch::Receiver<Status>, generation: u64) {
        let other = |status: &Status| status.running && status.generation != generation;
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
            return Err(unreachable("the server is not reachable"));
        };
        if let Some(process) = &process {
            let (lines, stderr) = (Arc::clone(&self.lines), process.stderr().clone());
            tokio::spawn(async move { lines.follow(&stderr).await });
        }
        let mut client = self.switches().profile();
        if let Some(identity) = self.identity() {
            client = client.with_bearer(identity.bearer.clone());
        }
        let opened = open(endpoint, client, &transcript, process.as_ref()).await;
        if opened.is_err() {
            self.note_challenge(&transcript);
        }
        let session = opened?;
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
            state.connection.needs_login = false;
            state.connection.server = server.map_or(Value::Null, |server| {
                bounded(serde_json::to_value(&*server).unwrap_or_default())
            });
        });
        *self.live.lock() = Some(Arc::clone(&live));
        Ok((live, questions))
    }

    /// Keeps what a 401 said of where to sign in.
    fn note_challenge(&self, transcript: &Transcript) {
        let asked = transcript.newest(|exchange| exchange.headers.contains_key(WWW_AUTHENTICATE));
        let Some(asked) = asked else {
            return;
        };
        let challenge = asked.headers.get(WWW_AUTHENTICATE);
        let challenge = challenge.and_then(|value| value.to_str().ok());
        self.change(|state| state.connection.challenge = challenge.map(str::to_owned));
    }

    /// Hands on what the server asks, until the session has to end. Gives why.
    async fn while_live(
        self: &Arc<Self>,
        live: &Arc<Live>,
        mut questions: UnboundedReceiver<Held>,
        status: &mut watch::Receiver<Status>,
        generation: u64,
    ) -> &'static str {
        let other = |status: &Status| !status.running || status.generation != generation;
        let ended = async {
            match &live.process {
                Some(process) => process.monitor().ended_with_words().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(ended);
        let identity = self.identity();
        let expired = async {
            match &identity {
                Some(identity) => identity.keep_fresh().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(expired);
        loop {
            tokio::select! {
                status = status.wait_for(other) => {
                    let running = status.is_ok_and(|status| status.running);
                    return if running { "the server was restarted" } else { "the server exited" };
                }
                () = self.again.notified() => return "the client reconnects",
                _ = &mut ended => return ENDED,
                why = &mut expired => {
                    self.notice(format!("Your login has ended: {why}"));
                    self.sign_out();
                    return "the login has ended";
                }
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
                // Each session numbers its exchanges anew, and calls of the one before are over.
                let of_exchange =
                    |call: &&mut CallState| call.is_running() && call.exchange == Some(exchange);
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
            format!("The server exited by itself.\n{last}").trim_end(),
        )
    }
}

async fn open(
    endpoint: Endpoint,
    client: ClientProfile,
    transcript: &Transcript,
    process: Option<&Process>,
) -> Result<Session, RequestError> {
    let opening = Session::connect(endpoint, client, transcript);
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
            Err(unreachable(&format!("it exited before it answered\n{words}")))
        }
        () = tokio::time::sleep(HANDSHAKE) => {
            // It may have sent something that no client takes for an answer.
            let last = transcript.last_request();
            let known = last.as_ref().and_then(ErrorKind::of);
            let sent = last.map(|last| last.sent.describe()).unwrap_or_default();
            Err(known.map_or_else(|| silent(HANDSHAKE), |kind| RequestError { sent, kind }))
        }
    }
}

/// What a server says of itself, cut where it says too much.
fn bounded(server: Value) -> Value {
    const MOST: usize = 100_000;
    match server.to_string().len() {
        0..MOST => server,
        bytes => {
            json!({ "serverInfo": { "name": format!("a server that describes itself in {bytes} bytes"), "version": "" } })
        }
    }
}
