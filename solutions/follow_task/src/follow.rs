//! A call, from its beginning to its result, however long it takes.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, bail};
use rmcp::RoleClient;
use rmcp::model::*;
use rmcp::service::Peer;
use serde_json::{Value, json};
use tokio::time::sleep;

/// How long to wait where the server does not say.
const PAUSE: Duration = Duration::from_secs(1);

// ANCHOR: call
/// Calls a tool and returns its result. If the call becomes a task, `tell` learns how far it is, and
/// the task is cancelled when `stop` ends.
pub async fn call(
    server: &Peer<RoleClient>,
    request: CallToolRequestParams,
    stop: impl Future<Output = ()>,
    tell: impl Fn(&str),
) -> Result<CallToolResult> {
    let created = match server.call_tool_once(request).await? {
        CallToolResponse::Complete(result) => return Ok(result),
        CallToolResponse::Task(created) => created.task,
        _ => bail!("the tool wants to know something first"),
    };
    let id = created.task_id;
    let mut pause = created.poll_interval_ms;
    let mut answered = HashSet::new();
    let (mut stop, mut stopped) = (Box::pin(stop), false);
    loop {
        tokio::select! {
            () = sleep(pause.map_or(PAUSE, Duration::from_millis)) => (),
            () = &mut stop, if !stopped => {
                stopped = true;
                server.cancel_task(CancelTaskParams::new(&id)).await?;
            }
        }
        let now = server.get_task(GetTaskParams::new(&id)).await?.task;
        pause = now.task.poll_interval_ms;
        if let Some(message) = &now.task.status_message {
            tell(message);
        }
        match now.payload {
            TaskPayload::Completed { result } => {
                return Ok(serde_json::from_value(Value::Object(result))?);
            }
            TaskPayload::Failed { error } => bail!("the task failed: {}", error["message"]),
            TaskPayload::Cancelled => bail!("the task was cancelled"),
            TaskPayload::InputRequired { input_requests } => {
                // The same question comes with every answer until the task has read ours.
                let mut new = input_requests;
                new.retain(|key, _| answered.insert(key.clone()));
                let answers = new
                    .into_iter()
                    .map(|(key, question)| (key, answer(&question)));
                let answers = UpdateTaskParams::new(&id, answers.collect());
                server.update_task(answers).await?;
            }
            _ => (),
        }
    }
}
// ANCHOR_END: call

/// This client has no user whom it could ask.
fn answer(_question: &InputRequest) -> Value {
    json!({ "action": "decline" })
}
