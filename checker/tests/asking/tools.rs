//! The tools, each of which shows one thing that a client has to stand.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::protocol::{Call, INVALID_PARAMS, RpcError, Stop};
use crate::visits::Visits;

/// How long `count` takes for each number.
const STEP: Duration = Duration::from_millis(20);

#[derive(Default)]
pub struct Tools {
    /// Whether the last `count` was cancelled.
    cancelled: AtomicBool,
    pub visits: Visits,
}

pub fn list() -> Value {
    let tool = |name: &str, description: &str, properties: Value| {
        let schema = json!({ "type": "object", "properties": properties });
        json!({ "name": name, "description": description, "inputSchema": schema })
    };
    json!({ "tools": [
        tool("ask_once", "Asks the user to confirm, and says what came back.", json!({})),
        tool("ask_twice", "Asks the user to confirm, then how many.", json!({})),
        tool(
            "count",
            "Counts, and reports progress.",
            json!({ "to": { "type": "integer", "minimum": 1 } }),
        ),
        tool("echo", "Says what it is told.", json!({ "text": { "type": "string" } })),
        tool("visits", "Says which HTTP methods came with the token, and which without.", json!({})),
        tool("was_cancelled", "Says whether the last count was cancelled.", json!({})),
    ] })
}

impl Tools {
    pub async fn call(&self, call: &Call) -> Result<Value, Stop> {
        let arguments = &call.params()["arguments"];
        match call.params()["name"].as_str() {
            Some("ask_once") => Ok(result(&confirm(call).await?)),
            Some("ask_twice") => ask_twice(call).await,
            Some("count") => Ok(self
                .count(call, arguments["to"].as_u64().unwrap_or(10))
                .await),
            Some("echo") => Ok(result(&json!({ "text": arguments["text"] }))),
            Some("visits") => Ok(result(&self.visits.to_json())),
            Some("was_cancelled") => {
                let cancelled = self.cancelled.load(Ordering::SeqCst);
                Ok(result(&json!({ "cancelled": cancelled })))
            }
            name => Err(RpcError::new(INVALID_PARAMS, format!("no tool {name:?}")).into()),
        }
    }

    async fn count(&self, call: &Call, to: u64) -> Value {
        self.cancelled.store(false, Ordering::SeqCst);
        for number in 1..=to {
            tokio::select! {
                () = sleep(STEP) => call.progress(number, to),
                () = call.cancelled() => {
                    self.cancelled.store(true, Ordering::SeqCst);
                    return result(&json!({ "counted": number - 1 }));
                }
            }
        }
        result(&json!({ "counted": to }))
    }
}

async fn confirm(call: &Call) -> Result<Value, Stop> {
    let form = json!({
        "type": "object",
        "properties": { "confirm": { "type": "boolean", "description": "Go ahead?" } },
        "required": ["confirm"],
    });
    call.elicit("confirm", "Shall I go ahead?", form).await
}

async fn ask_twice(call: &Call) -> Result<Value, Stop> {
    let first = confirm(call).await?;
    let form = json!({
        "type": "object",
        "properties": { "count": { "type": "integer", "minimum": 1 } },
        "required": ["count"],
    });
    let second = call.elicit("count", "How many?", form).await?;
    Ok(result(&json!({ "first": first, "second": second })))
}

/// Structured content, mirrored as text.
fn result(content: &Value) -> Value {
    json!({
        "content": [{ "type": "text", "text": content.to_string() }],
        "structuredContent": content,
        "isError": false,
    })
}
