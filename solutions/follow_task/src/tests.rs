//! Every end that a task can have, with a server at the other end of a pipe.
#![allow(clippy::unwrap_used)]

use std::future::pending;
use std::sync::Mutex;
use std::time::Duration;

use rmcp::model::*;
use rmcp::service::{ClientServiceExt, RequestContext, ServiceError};
use rmcp::task_manager::{TaskExit, TaskManager, TaskOptions};
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::{client, follow, lifecycle};

/// A server whose tools are the ends of a task.
#[derive(Default)]
struct Ends(TaskManager);

impl ServerHandler for Ends {
    fn get_info(&self) -> ServerConfig {
        let can = ServerCapabilities::builder().enable_tools().enable_tasks();
        ServerConfig::new(can.build()).with_server_info(Implementation::new("ends", "1.0.0"))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = |text: String| CallToolResult::success(vec![ContentBlock::text(text)]);
        if !context
            .client_capabilities()
            .is_some_and(|client| client.supports_tasks())
        {
            return Ok(text("no task".to_owned()).into());
        }
        let tool = request.name.to_string();
        // ANCHOR: options
        let options = TaskOptions::new()
            .with_ttl_ms(if tool == "too_slow" { 100 } else { 60_000 })
            .with_poll_interval_ms(20);
        // ANCHOR_END: options
        let task = self.0.spawn(options, |task| {
            Box::pin(async move {
                match tool.as_str() {
                    "works" => {
                        for step in ["1 of 2", "2 of 2"] {
                            task.set_status_message(step);
                            sleep(Duration::from_millis(60)).await;
                        }
                        Ok(text("done".to_owned()))
                    }
                    "tool_error" => Ok(CallToolResult::error(vec![ContentBlock::text("no")])),
                    "breaks" => Err(TaskExit::Error(ErrorData::internal_error("it broke", None))),
                    "asks" => {
                        // ANCHOR: asks
                        let schema = json!({ "type": "object", "properties": {
                            "sure": { "type": "boolean" }
                        }});
                        let question = json!({ "method": "elicitation/create", "params": {
                            "mode": "form", "message": "Are you sure?", "requestedSchema": schema
                        }});
                        let question = serde_json::from_value(question);
                        let question = question
                            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                        // The task is `input_required` until the answer comes.
                        let answer = task.request_input("sure", question).await?;
                        // ANCHOR_END: asks
                        Ok(text(format!("it said {}", answer["action"])))
                    }
                    "stops" => {
                        task.cancelled().await;
                        Err(TaskExit::Cancelled)
                    }
                    // `too_slow`
                    _ => pending().await,
                }
            })
        });
        Ok(CreateTaskResult::new(task).into())
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.0.get_task(&request.task_id).map(GetTaskResult::new)
    }

    // ANCHOR: update
    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0
            .update_task(&request.task_id, request.input_responses)
    }
    // ANCHOR_END: update

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.cancel_task(&request.task_id)
    }
}

/// What comes of calling this tool, and what was said meanwhile.
async fn outcome(
    me: ClientConfig,
    tool: &'static str,
    stop: Option<Duration>,
) -> (String, Vec<String>) {
    let (ours, theirs) = tokio::io::duplex(65_536);
    tokio::spawn(async { Ends::default().serve(theirs).await.unwrap().waiting().await });
    let session = me.serve_with_lifecycle(ours, lifecycle()).await.unwrap();
    let said = Mutex::new(Vec::new());
    let stop = async move {
        match stop {
            Some(after) => sleep(after).await,
            None => pending().await,
        }
    };
    let call = follow::call(
        &session,
        CallToolRequestParams::new(tool),
        stop,
        |message| {
            said.lock().unwrap().push(message.to_owned());
        },
    );
    let ended = timeout(Duration::from_secs(10), call).await.unwrap();
    let ended = match ended {
        Ok(result) => {
            let result: Value = serde_json::to_value(result).unwrap();
            format!("{} {}", result["isError"], result["content"][0]["text"])
        }
        Err(error) => error.to_string(),
    };
    (ended, said.into_inner().unwrap())
}

#[tokio::test]
async fn every_end_of_a_task_is_told() {
    for (tool, expected) in [
        ("works", r#"false "done""#),
        ("tool_error", r#"true "no""#),
        ("breaks", r#"the task failed: "it broke""#),
        ("asks", r#"false "it said \"decline\"""#),
        (
            "too_slow",
            r#"the task failed: "task expired: TTL elapsed before completion""#,
        ),
    ] {
        let (ended, _) = outcome(client(), tool, None).await;
        assert_eq!(ended, expected, "{tool}");
    }
}

#[tokio::test]
async fn what_the_task_says_meanwhile_is_told() {
    let (_, mut said) = outcome(client(), "works", None).await;
    said.dedup();
    assert_eq!(said, ["1 of 2", "2 of 2"]);
}

#[tokio::test]
async fn a_task_is_cancelled() {
    let (ended, _) = outcome(client(), "stops", Some(Duration::from_millis(50))).await;
    assert_eq!(ended, "the task was cancelled");
}

#[tokio::test]
async fn a_client_without_tasks_gets_the_result_of_the_call() {
    let me = Implementation::new("test", "1.0.0");
    let plain = ClientConfig::new(ClientCapabilities::default(), me);
    let (ended, _) = outcome(plain, "works", None).await;
    assert_eq!(ended, r#"false "no task""#);
}

#[tokio::test]
async fn call_tool_does_not_expect_a_task() {
    let (ours, theirs) = tokio::io::duplex(65_536);
    tokio::spawn(async { Ends::default().serve(theirs).await.unwrap().waiting().await });
    let session = client()
        .serve_with_lifecycle(ours, lifecycle())
        .await
        .unwrap();
    let called = session.call_tool(CallToolRequestParams::new("works")).await;
    assert!(matches!(called, Err(ServiceError::UnexpectedResponse)));
}
