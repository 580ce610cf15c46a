//! A call that became a task: how far it is, until its end.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{End, Run};
use crate::escape::visible_up_to;
use crate::mcp::{ErrorKind, RequestError};

impl Run<'_> {
    /// Follows a task to its end.
    pub(super) async fn task(&self, mut task: Value) -> End {
        let id = task["taskId"].clone();
        let mut cancelled = false;
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
                Some("input_required") => {
                    let wrong = "the task wants to know something, which this host cannot answer";
                    return End::Failed(RequestError {
                        sent: String::new(),
                        kind: ErrorKind::Shape(wrong.to_owned()),
                    });
                }
                _ => (),
            }
            let wait = task["pollIntervalMs"]
                .as_u64()
                .unwrap_or(1_000)
                .clamp(100, 5_000);
            let mut what = ("tasks/get", "see how far the task is");
            tokio::select! {
                () = sleep(Duration::from_millis(wait)) => (),
                () = self.cancel.cancelled(), if !cancelled => {
                    cancelled = true;
                    what = ("tasks/cancel", "you cancelled the task");
                }
            }
            let params = json!({ "taskId": id });
            let told = self.tab.request(self.live, what.1, what.0, params).await;
            match told {
                Ok(told) if what.0 == "tasks/get" => task = told,
                Ok(_) => (),
                Err(error) => return End::Failed(error),
            }
        }
    }
}

/// A task without its result, which is shown by itself.
fn described(task: &Value) -> Value {
    let mut task = task.clone();
    if let Some(task) = task.as_object_mut() {
        task.remove("result");
        task.remove("resultType");
    }
    match task.to_string().len() {
        0..10_000 => task,
        bytes => json!({ "bytes": bytes }),
    }
}
