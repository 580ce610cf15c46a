//! Calling a tool: at one go, round by round, or with a hand on it while it runs.
//!
//! A server may ask its client's user before it answers. On 2026-07-28 it answers with what it
//! wants to know and a `requestState`, and the call is sent again with both; on 2025-11-25 it
//! sends a request of its own while the call waits. Here both are rounds of one call.

use rmcp::model::*;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::error::{ErrorKind, RequestError};
use super::profile::{Answer, ToolCall};
use super::responder::{ELICITATION, Held};
use super::session::{Answered, Pending, Session, failure, shape};
use super::transcript::Exchange;

/// No call takes more rounds than this. It is what rmcp and other SDKs allow.
const MAX_ROUNDS: usize = 10;

/// By this JSON-RPC code a server says that a request's headers do not fit its body.
const HEADER_MISMATCH: i64 = -32020;

/// The result of a tool call.
#[derive(Clone, Debug)]
pub struct Called {
    /// The request, as findings show it.
    pub sent: String,
    /// The result as rmcp understands it.
    pub result: CallToolResult,
    /// The result as it crossed the wire.
    pub raw: Value,
    /// The exchange that brought it, with the progress that was reported.
    pub exchange: Exchange,
}

impl Called {
    pub(super) fn new(result: CallToolResult, exchange: Exchange) -> Self {
        Self {
            sent: exchange.sent.describe(),
            result,
            raw: exchange.result().clone(),
            exchange,
        }
    }
}

/// What comes back in one round.
#[derive(Debug)]
pub enum Reply {
    /// The result.
    Complete(Box<Called>),
    /// The server wants to know something first.
    InputRequired(InputRequired),
}

/// What the server wants to know before it goes on.
#[derive(Debug)]
pub struct InputRequired {
    /// The request, as findings show it.
    pub sent: String,
    /// What it asks, by its keys; one question without a key on 2025-11-25.
    pub questions: Vec<Question>,
    /// The `requestState` to send along. There is none on 2025-11-25.
    pub state: Option<String>,
    rest: Box<Rest>,
}

/// A question to the user.
#[derive(Clone, Debug)]
pub struct Question {
    /// What its answer is found by in `inputResponses`. Empty on 2025-11-25.
    pub key: String,
    /// `elicitation/create`, or what else a server may ask.
    pub method: String,
    /// The message, the form, the URL.
    pub params: Value,
}

/// How the call goes on.
#[derive(Debug)]
enum Rest {
    /// It is sent again.
    Again(ToolCall),
    /// It waits for an answer.
    Waiting(Waiting),
}

struct Waiting {
    call: Call,
    held: Held,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

/// A call that was sent and is not answered yet.
pub struct Call {
    pending: Pending,
    request: ToolCall,
    questions: UnboundedReceiver<Held>,
}

impl Session {
    /// Calls a tool with these arguments, which must be an object. What the server asks is
    /// answered as the profile says.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when there is no result. A tool error is a result.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<Called, RequestError> {
        let mut request = ToolCall::new(tool, arguments);
        for _ in 0..MAX_ROUNDS {
            let answered = self.request(request.to_request()).await;
            let answered = match answered {
                Err(error) if self.learns_headers(&error).await => {
                    self.request(request.to_request()).await
                }
                answered => answered,
            };
            let (result, exchange) = answered?;
            match self.reply(&request, result, exchange)? {
                Reply::Complete(called) => return Ok(*called),
                Reply::InputRequired(asked) => {
                    let answers = asked.questions.iter();
                    let answers: Vec<Answer> =
                        answers.map(|_| self.responder().next_answer()).collect();
                    request = asked.retry(&request, &answers);
                }
            }
        }
        let wrong = format!("the same call still asks for more after {MAX_ROUNDS} rounds");
        let last = self.connection().last_request();
        Err(failure(last.as_ref(), ErrorKind::Shape(wrong)))
    }

    /// One round of a call: nothing is answered.
    ///
    /// # Errors
    ///
    /// As [`Session::call`].
    pub async fn call_once(&self, request: ToolCall) -> Result<Reply, RequestError> {
        let call = self.begin(request.clone()).await?;
        match self.next_round(call).await {
            Err(error) if self.learns_headers(&error).await => {
                let call = self.begin(request).await?;
                self.next_round(call).await
            }
            reply => reply,
        }
    }

    /// Whether a call was turned away because headers did not fit it, and may fit the next time. A
    /// tool's schema may want arguments in `Mcp-Param-*` headers too (`x-mcp-header`). rmcp sends
    /// them for the tools that it has seen in a list.
    async fn learns_headers(&self, error: &RequestError) -> bool {
        let turned_away = matches!(
            error.kind,
            ErrorKind::Refused { code, .. } if code == HEADER_MISMATCH
        );
        turned_away && self.tools().await.is_ok()
    }

    /// The next round, with these answers to the questions, in their order.
    ///
    /// # Errors
    ///
    /// As [`Session::call`].
    pub async fn respond(
        &self,
        asked: InputRequired,
        answers: &[Answer],
    ) -> Result<Reply, RequestError> {
        match *asked.rest {
            Rest::Again(ref request) => {
                let retry = asked.retry(request, answers);
                self.call_once(retry).await
            }
            Rest::Waiting(Waiting { call, held }) => {
                let answer = answers.first().cloned().unwrap_or_else(Answer::decline);
                // A call that has ended meanwhile is reported as that.
                let _ = held.answer.send(answer);
                self.next_round(call).await
            }
        }
    }

    /// Sends a call, and leaves it to run.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when it cannot be sent.
    pub async fn begin(&self, request: ToolCall) -> Result<Call, RequestError> {
        let questions = self.responder().hold();
        Ok(Call {
            pending: self.send(request.to_request()).await?,
            request,
            questions,
        })
    }

    /// Waits until the server has reported progress of a call this often.
    pub async fn progressed(&self, call: &Call, times: usize) {
        let index = self.index(&call.pending).await;
        let reported =
            |exchange: &Exchange| exchange.notifications("notifications/progress").count() >= times;
        self.connection().until(index, reported).await;
    }

    /// Waits for what comes of a call.
    ///
    /// # Errors
    ///
    /// As [`Session::call`].
    pub async fn next_round(&self, mut call: Call) -> Result<Reply, RequestError> {
        let answered: Answered = tokio::select! {
            answered = self.wait(&mut call.pending) => answered?,
            Some(held) = call.questions.recv() => {
                let index = self.index(&call.pending).await;
                let exchange = self.connection().get(index);
                return Ok(Reply::InputRequired(InputRequired {
                    sent: exchange.map(|exchange| exchange.sent.describe()).unwrap_or_default(),
                    questions: vec![Question {
                        key: String::new(),
                        method: ELICITATION.to_owned(),
                        params: held.params.clone(),
                    }],
                    state: None,
                    rest: Box::new(Rest::Waiting(Waiting { call, held })),
                }));
            }
        };
        let (result, exchange) = self.result(&call.pending, answered)?;
        self.reply(&call.request, result, exchange)
    }

    /// Gives a call up, and tells the server so.
    pub async fn give_up(&self, call: Call, reason: &str) {
        self.cancel(call.pending, reason).await;
    }

    fn reply(
        &self,
        request: &ToolCall,
        result: ServerResult,
        exchange: Exchange,
    ) -> Result<Reply, RequestError> {
        // As it crossed the wire: what is asked need not fit rmcp's types.
        if exchange.result()["resultType"] == "input_required" {
            return Ok(Reply::InputRequired(InputRequired::of(request, &exchange)));
        }
        match result {
            ServerResult::CallToolResult(result) => {
                Ok(Reply::Complete(Box::new(Called::new(result, exchange))))
            }
            _ => Err(shape::<CallToolResult>(&exchange, "a tool result")),
        }
    }
}

impl InputRequired {
    fn of(request: &ToolCall, exchange: &Exchange) -> Self {
        let result = exchange.result();
        let questions = result["inputRequests"].as_object().into_iter().flatten();
        let questions = questions.map(|(key, asked)| Question {
            key: key.clone(),
            method: asked["method"].as_str().unwrap_or_default().to_owned(),
            params: asked["params"].clone(),
        });
        Self {
            sent: exchange.sent.describe(),
            questions: questions.collect(),
            state: result["requestState"].as_str().map(str::to_owned),
            rest: Box::new(Rest::Again(request.clone())),
        }
    }

    /// The call with these answers and the state, as a client sends it again by itself.
    fn retry(&self, request: &ToolCall, answers: &[Answer]) -> ToolCall {
        let answered = self.questions.iter().zip(answers);
        let responses = answered.map(|(question, answer)| (question.key.clone(), answer.to_json()));
        ToolCall {
            responses: responses.collect(),
            state: self.state.clone(),
            ..request.clone()
        }
    }
}

impl Question {
    /// What the user reads.
    pub fn message(&self) -> &str {
        self.params["message"].as_str().unwrap_or_default()
    }

    /// The form that the user fills in; null where there is none.
    pub fn form(&self) -> &Value {
        &self.params["requestedSchema"]
    }
}

impl ToolCall {
    pub(super) fn to_request(&self) -> ClientRequest {
        let mut params = CallToolRequestParams::new(self.tool.clone());
        params.arguments = self.arguments.as_object().cloned();
        params.request_state.clone_from(&self.state);
        if !self.responses.is_empty() {
            params.input_responses = Some(self.responses.clone());
        }
        ClientRequest::CallToolRequest(Request::new(params))
    }
}
