//! Calls that become tasks (the extension `io.modelcontextprotocol/tasks`, SEP-2663): the call
//! returns at once, and the client asks now and then how far it is.

use rmcp::model::*;
use serde_json::Value;

use super::call::Called;
use super::error::RequestError;
use super::profile::{ClientProfile, ToolCall};
use super::session::{Session, shape};
use super::transcript::Exchange;

/// What a call comes to, by a client that knows tasks.
#[derive(Debug)]
pub enum Begun {
    /// A task that goes on.
    Task(TaskState),
    /// The result already.
    Complete(Box<Called>),
}

/// A task, as the server described it last.
#[derive(Clone, Debug)]
pub struct TaskState {
    /// The request, as findings show it.
    pub sent: String,
    /// The description as it crossed the wire: `{"taskId": …, "status": "working", …}`.
    pub raw: Value,
}

impl TaskState {
    /// What it is asked for by.
    pub fn id(&self) -> &str {
        self.raw["taskId"].as_str().unwrap_or_default()
    }

    /// `working`, `completed`, `cancelled`.
    pub fn status(&self) -> &str {
        self.raw["status"].as_str().unwrap_or_default()
    }

    /// How far it is, in words.
    pub fn message(&self) -> &str {
        self.raw["statusMessage"].as_str().unwrap_or_default()
    }

    /// Whether nothing more will come of it.
    pub fn is_over(&self) -> bool {
        matches!(self.status(), "completed" | "failed" | "cancelled")
    }

    fn of(exchange: &Exchange) -> Self {
        Self {
            sent: exchange.sent.describe(),
            raw: exchange.result().clone(),
        }
    }
}

impl ClientProfile {
    /// The same, which knows tasks.
    pub fn with_tasks(mut self) -> Self {
        let extensions = self.capabilities.extensions.get_or_insert_default();
        extensions.insert(TASKS_EXTENSION_ID.to_owned(), JsonObject::new());
        self
    }
}

impl Session {
    /// Calls a tool, which may become a task.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when neither a task nor a result came.
    pub async fn begin_task(&self, request: &ToolCall) -> Result<Begun, RequestError> {
        match self.request(request.to_request()).await? {
            (ServerResult::CallToolResult(result), exchange) => {
                Ok(Begun::Complete(Box::new(Called::new(result, exchange))))
            }
            (_, exchange) if exchange.result()["resultType"] == "task" => {
                Ok(Begun::Task(TaskState::of(&exchange)))
            }
            (_, exchange) => Err(shape::<CallToolResult>(
                &exchange,
                "a task or a tool result",
            )),
        }
    }

    /// How far a task is.
    ///
    /// # Errors
    ///
    /// A [`RequestError`], also for a task that the server does not know.
    pub async fn task(&self, id: &str) -> Result<TaskState, RequestError> {
        let request = ClientRequest::GetTaskRequest(Request::new(GetTaskParams::new(id)));
        let (_, exchange) = self.request(request).await?;
        match exchange.result()["status"] {
            Value::String(_) => Ok(TaskState::of(&exchange)),
            _ => Err(shape::<Value>(&exchange, "a task with its status")),
        }
    }

    /// Asks the server to stop a task.
    ///
    /// # Errors
    ///
    /// A [`RequestError`], also for a task that the server does not know.
    pub async fn cancel_task(&self, id: &str) -> Result<(), RequestError> {
        let request = ClientRequest::CancelTaskRequest(Request::new(CancelTaskParams::new(id)));
        self.request(request).await.map(|_| ())
    }
}
