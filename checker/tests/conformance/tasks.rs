//! The tools that become tasks for a client that knows them.

use std::time::Duration;

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskContext, TaskExit, TaskFuture, TaskOptions};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::asks::{all_answered, ask_for, required};
use crate::{Conformance, from_json, internal, text};

/// Their names.
pub const TOOLS: &[&str] = &[
    "greet",
    "slow_compute",
    "failing_job",
    "protocol_error_job",
    "confirm_delete",
    "multi_input",
    "test_tool_with_task",
];

impl Conformance {
    /// Calls one of these tools.
    pub async fn work(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.clone().unwrap_or_default());
        let seconds = arguments["seconds"].as_f64().unwrap_or_default();
        let time = Duration::try_from_secs_f64(seconds).map_err(internal)?;
        let client = context.client_capabilities().unwrap_or_default();
        match request.name.as_ref() {
            "greet" => {
                let name = arguments["name"].as_str().unwrap_or("you");
                return Ok(text(format!("Hello, {name}!")).into());
            }
            // Asked before the work begins, as in the store.
            "slow_compute" if !client.supports_tasks() => {
                sleep(time).await;
                return Ok(text("Computed.").into());
            }
            _ if !client.supports_tasks() => {
                let tasks = json!({ "extensions": { TASKS_EXTENSION_ID: {} } });
                return Err(ErrorData::missing_required_client_capability(from_json(
                    tasks,
                )?));
            }
            _ => (),
        }
        match request.name.as_ref() {
            "slow_compute" => Ok(self.task(move |task| {
                Box::pin(async move {
                    tokio::select! {
                        () = sleep(time) => Ok(text("Computed.")),
                        () = task.cancelled() => Err(TaskExit::Cancelled),
                    }
                })
            })),
            "failing_job" => Ok(self.task(|_| {
                Box::pin(async {
                    sleep(Duration::from_millis(200)).await;
                    Ok(CallToolResult::error(vec![ContentBlock::text(
                        "It failed.",
                    )]))
                })
            })),
            "protocol_error_job" => {
                Ok(self
                    .task(|_| Box::pin(async { Err(TaskExit::Error(internal("It broke down."))) })))
            }
            "confirm_delete" => Ok(self.task(|task| {
                Box::pin(async move {
                    let question = from_json(ask_for("confirm", "boolean"));
                    let answer = task.request_input("confirm", question?).await?;
                    Ok(text(format!("It said {answer}.")))
                })
            })),
            "multi_input" => Ok(self.task(|task| {
                Box::pin(async move {
                    let first = from_json(ask_for("name", "string"))?;
                    let second = from_json(ask_for("color", "string"))?;
                    let first = task.request_input("first", first);
                    let second = task.request_input("second", second);
                    let (first, second) = tokio::try_join!(first, second)?;
                    Ok(text(format!("They said {first} and {second}.")))
                })
            })),
            _ => self.task_after_a_question(request),
        }
    }

    /// Asks in the first round, and becomes a task in the second.
    fn task_after_a_question(
        &self,
        request: CallToolRequestParams,
    ) -> Result<CallToolResponse, ErrorData> {
        if !all_answered(request.input_responses.as_ref(), &["user_name"])? {
            return required(json!({ "user_name": ask_for("name", "string") }), None);
        }
        let answers = request.input_responses.unwrap_or_default();
        let name = answers["user_name"]["content"]["name"].to_string();
        Ok(self.task(move |_| Box::pin(async move { Ok(text(format!("Hello, {name}!"))) })))
    }

    fn task(&self, work: impl FnOnce(TaskContext) -> TaskFuture) -> CallToolResponse {
        let options = TaskOptions::new().with_poll_interval_ms(100);
        CreateTaskResult::new(self.tasks.spawn(options, work)).into()
    }
}
