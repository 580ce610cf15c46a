//! A tool call in a person's hands: round by round, as a task, and cancelled at any time.

mod task;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::questions::Question;
use super::tab::{Live, PATIENT_FOR, Tab, closed, words_of};
use crate::escape::visible_up_to;
use crate::mcp::{ErrorKind, RequestError};

/// As many calls are remembered,
const MOST_CALLS: usize = 30;

/// with the results of the last ones.
const MOST_RESULTS: usize = 6;

/// Why a call is taken back.
const REASON: &str = "the user cancelled it";

/// A call, as the page shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallState {
    /// Its number.
    pub id: u64,
    /// The tool.
    pub tool: String,
    /// Whether an App called it, not a person.
    pub by_app: bool,
    phase: Phase,
    /// What it is about: how far a task is, or why it failed.
    words: String,
    /// The JSON-RPC error code, where the server refused.
    code: Option<i64>,
    progress: Option<Progress>,
    /// How often progress was reported.
    reports: usize,
    /// How many questions were asked.
    pub asked: usize,
    /// How many times it was sent.
    rounds: usize,
    /// The task that it became, as the server described it last.
    task: Option<Value>,
    /// How long it took, in milliseconds, once it is over.
    took: Option<u64>,
    #[serde(skip)]
    began: Option<Instant>,
    /// Its last exchange.
    #[serde(skip)]
    pub exchange: Option<usize>,
    /// Cancels it.
    #[serde(skip)]
    pub cancel: CancellationToken,
    /// Cancelled when it is over.
    #[serde(skip)]
    pub ended: CancellationToken,
    #[serde(skip)]
    result: Option<Arc<Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Phase {
    Running,
    Done,
    Failed,
    Cancelled,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Progress {
    progress: f64,
    total: Option<f64>,
}

/// How a call has ended.
enum End {
    Result(Value),
    Failed(RequestError),
    Cancelled(&'static str),
}

impl CallState {
    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Takes the params of `notifications/progress`.
    pub fn progressed(&mut self, params: &Value) {
        let Some(progress) = params["progress"].as_f64().filter(|_| self.is_running()) else {
            return;
        };
        let total = params["total"].as_f64();
        self.progress = Some(Progress { progress, total });
        self.reports += 1;
        if let Some(message) = params["message"].as_str() {
            self.words = visible_up_to(300, message);
        }
    }

    /// Its result, while that is remembered.
    pub fn result(&self) -> Option<Arc<Value>> {
        self.result.clone()
    }
}

impl Tab {
    /// Begins a call, and gives its number.
    pub fn call(
        self: &Arc<Self>,
        live: Arc<Live>,
        tool: &str,
        arguments: Value,
        by_app: bool,
    ) -> u64 {
        let (id, cancel) = self.change(|state| {
            state.numbers += 1;
            let call = CallState {
                id: state.numbers,
                tool: visible_up_to(200, tool),
                by_app,
                phase: Phase::Running,
                words: String::new(),
                code: None,
                progress: None,
                reports: 0,
                asked: 0,
                rounds: 0,
                task: None,
                took: None,
                began: Some(Instant::now()),
                exchange: None,
                cancel: CancellationToken::new(),
                ended: CancellationToken::new(),
                result: None,
            };
            let begun = (call.id, call.cancel.clone());
            state.calls.push_back(call);
            if state.calls.len() > MOST_CALLS {
                let over = state.calls.iter().position(|call| !call.is_running());
                over.and_then(|over| state.calls.remove(over));
            }
            begun
        });
        let tab = Arc::clone(self);
        let tool = tool.to_owned();
        tokio::spawn(async move {
            let run = Run {
                tab: &tab,
                live: &live,
                id,
                cancel,
                purpose: match by_app {
                    true => format!("the App called {tool}"),
                    false => format!("you called {tool}"),
                },
            };
            let end = tokio::select! {
                end = run.rounds(&tool, arguments) => end,
                () = live.closed.cancelled() => End::Failed(closed()),
            };
            tab.over(id, end);
        });
        id
    }

    fn over(&self, id: u64, end: End) {
        self.change(|state| {
            let Some(call) = state.calls.iter_mut().find(|call| call.id == id) else {
                return;
            };
            call.ended.cancel();
            call.took = call.began.map(|began| began.elapsed().as_millis() as u64);
            match end {
                End::Result(result) => {
                    call.phase = Phase::Done;
                    call.result = Some(Arc::new(result));
                }
                End::Failed(error) => {
                    call.phase = Phase::Failed;
                    call.words = match &error.kind {
                        ErrorKind::Refused { code, message } => {
                            call.code = Some(*code);
                            visible_up_to(4_000, message)
                        }
                        _ => words_of(&error),
                    };
                }
                End::Cancelled(words) => {
                    call.phase = Phase::Cancelled;
                    words.clone_into(&mut call.words);
                }
            }
            let with_results = state
                .calls
                .iter_mut()
                .rev()
                .filter(|call| call.result.is_some());
            with_results
                .skip(MOST_RESULTS)
                .for_each(|call| call.result = None);
        });
    }
}

/// A call that goes on.
struct Run<'a> {
    tab: &'a Arc<Tab>,
    live: &'a Live,
    id: u64,
    cancel: CancellationToken,
    purpose: String,
}

impl Run<'_> {
    async fn rounds(&self, tool: &str, arguments: Value) -> End {
        let mut params = json!({ "name": tool, "arguments": arguments });
        let mut asked = 0;
        loop {
            let result = match self.once(&params).await {
                Ok(result) => result,
                Err(end) => return end,
            };
            match result["resultType"].as_str() {
                Some("task") => return self.task(result).await,
                Some("input_required") => (),
                _ => return End::Result(result),
            }
            let questions = result["inputRequests"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let answering = self.answers(questions, &mut asked);
            let responses = tokio::select! {
                responses = answering => responses,
                () = self.cancel.cancelled() => return End::Cancelled("You cancelled it."),
            };
            match responses {
                Ok(responses) => params["inputResponses"] = json!(responses),
                Err(end) => return end,
            }
            match result.get("requestState") {
                Some(state) => params["requestState"] = state.clone(),
                None => {
                    _ = params
                        .as_object_mut()
                        .and_then(|all| all.remove("requestState"))
                }
            }
        }
    }

    /// One round.
    async fn once(&self, params: &Value) -> Result<Value, End> {
        let purpose = match params.get("inputResponses") {
            Some(_) => format!("{}, with your answer", self.purpose),
            None => self.purpose.clone(),
        };
        let sending = self
            .tab
            .send(self.live, &purpose, "tools/call", params.clone());
        let mut sent = sending.await.map_err(End::Failed)?;
        let exchange = sent.index;
        self.update(|call| {
            call.exchange = Some(exchange.number());
            call.rounds += 1;
        });
        // What was reported before the call was known by its exchange.
        if let Some(exchange) = self.live.session.connection().get(exchange) {
            let before: Vec<Value> = exchange
                .notifications("notifications/progress")
                .cloned()
                .collect();
            self.update(|call| {
                if call.reports == 0 {
                    before.iter().for_each(|params| call.progressed(params));
                }
            });
        }
        let told = tokio::select! {
            told = self.live.session.told(&mut sent) => Some(told),
            () = self.cancel.cancelled() => None,
        };
        match told {
            Some(told) => told.map_err(End::Failed),
            None => {
                self.live.session.take_back(sent, REASON).await;
                Err(End::Cancelled("You cancelled it."))
            }
        }
    }

    /// Has a person answer what a round wants to know.
    async fn answers(
        &self,
        questions: Map<String, Value>,
        asked: &mut usize,
    ) -> Result<BTreeMap<String, Value>, End> {
        let mut responses = BTreeMap::new();
        // A round without a question counts too: it only wants to be called again.
        let count = questions.len().max(1);
        for number in *asked + 1..=*asked + count {
            let is_many = number > PATIENT_FOR && number % PATIENT_FOR == 1;
            if is_many && !self.tab.goes_on(self.id, number - 1).await {
                return Err(End::Cancelled("You stopped it, because it kept asking."));
            }
        }
        for (key, question) in questions {
            *asked += 1;
            if question["method"] != "elicitation/create" {
                let wrong = format!(
                    "the server asks for {}, which this client has not declared",
                    question["method"]
                );
                return Err(End::Failed(RequestError {
                    sent: String::new(),
                    kind: ErrorKind::Shape(wrong),
                }));
            }
            self.update(|call| call.asked = *asked);
            let params = question["params"].clone();
            let question = Question::of_server(self.tab, Some(self.id), *asked, params);
            responses.insert(key, self.tab.ask(question).await.to_json());
        }
        if responses.is_empty() {
            *asked += 1;
            // As long as it takes for a server that has nothing to ask not to be asked at full speed.
            sleep(Duration::from_millis(200)).await;
        }
        Ok(responses)
    }

    fn update(&self, update: impl FnOnce(&mut CallState)) {
        self.tab.change(|state| {
            if let Some(call) = state.calls.iter_mut().find(|call| call.id == self.id) {
                update(call);
            }
        });
    }
}
