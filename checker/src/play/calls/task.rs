//! A call that became a task: how far it is, and what it wants to know, until its end.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::{End, Run};
use crate::escape::visible_up_to;
use crate::mcp::{ErrorKind, RequestError};

impl Run<'_> {
    /// Follows a task to its end.
    pub(super) async fn task(&self, mut task: Value) -> End {
        let id = task["taskId"].clone();
        let mut cancelled = false;
        let mut asked = 0;
        let mut answered = HashSet::new();
        let mut asking = None;
        loop {
            self.update(|call| {
                call.task = Some(described(&task));
                let words = task["statusMessage"].as_str().unwrap_or_default();
                call.words = visible_up_to(300, words);
            });
            match task["status"].as_str() {
                Some("completed") => return End::Result(task["result"].clone()),
                Some("cancelled") => return End::Cancelled("The task was cancelled."),
                Some("failed") => {
                    let code = task["error"]["code"].as_i64().unwrap_or_default();
                    let message = task["error"]["message"].as_str();
                    let message = message.unwrap_or("the task failed").to_owned();
                    return End::Failed(RequestError {
                        sent: String::new(),
                        kind: ErrorKind::Refused { code, message },
                    });
                }
                Some("input_required") if asking.is_none() && !cancelled => {
                    let open = open_questions(&task, &answered);
                    if !open.is_empty() {
                        answered.extend(open.keys().cloned());
                        let mut count = asked;
                        asking = Some(Box::pin(async move {
                            let responses = self.answers(open, &mut count).await;
                            (responses, count)
                        }));
                    }
                }
                Some("input_required") => (),
                // It does not want to know any more, and the question is withdrawn.
                _ => asking = None,
            }
            let wait = task["pollIntervalMs"]
                .as_u64()
                .unwrap_or(1_000)
                .clamp(100, 5_000);
            let mut params = json!({ "taskId": id });
            let answer = async {
                match &mut asking {
                    Some(asking) => asking.await,
                    None => std::future::pending().await,
                }
            };
            let (method, purpose) = tokio::select! {
                () = sleep(Duration::from_millis(wait)) => {
                    ("tasks/get", "ask for the task's status")
                }
                () = self.cancel.cancelled(), if !cancelled => {
                    cancelled = true;
                    asking = None;
                    ("tasks/cancel", "you cancelled the task")
                }
                (responses, count) = answer => {
                    asking = None;
                    asked = count;
                    match responses {
                        Ok(responses) => params["inputResponses"] = json!(responses),
                        Err(end) => {
                            // Nobody waits for it any more.
                            let purpose = "the task is abandoned";
                            let params = json!({ "taskId": id });
                            let _ = self.tab.request(self.live, purpose, "tasks/cancel", params).await;
                            return end;
                        }
                    }
                    ("tasks/update", "your answer to the task's question")
                }
            };
            let told = self.tab.request(self.live, purpose, method, params).await;
            match told {
                Ok(told) if method == "tasks/get" => task = told,
                Ok(_) => (),
                Err(error) => return End::Failed(error),
            }
        }
    }
}

/// What a task wants to know and has not been told: until it has read an answer it goes on asking.
fn open_questions(task: &Value, answered: &HashSet<String>) -> Map<String, Value> {
    let mut open = task["inputRequests"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    open.retain(|key, _| !answered.contains(key));
    open
}

/// A task without its result and its questions, which are shown by themselves.
fn described(task: &Value) -> Value {
    let mut task = task.clone();
    if let Some(task) = task.as_object_mut() {
        for shown_elsewhere in ["result", "resultType", "inputRequests"] {
            task.remove(shown_elsewhere);
        }
    }
    match task.to_string().len() {
        0..10_000 => task,
        bytes => json!({ "bytes": bytes }),
    }
}
