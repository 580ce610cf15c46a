//! The server, as a client sees it. No network: client and server share a pipe in memory.
#![allow(clippy::unwrap_used)]

use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};

use crate::{Converter, by_hand};

// ANCHOR: client
async fn connect() -> RunningService<RoleClient, ()> {
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        let session = Converter.serve(theirs).await.unwrap();
        session.waiting().await
    });
    ().serve(ours).await.unwrap()
}
// ANCHOR_END: client

// ANCHOR: test
async fn convert(value: f64, from: &str, to: &str) -> Value {
    let arguments = json!({ "value": value, "from": from, "to": to });
    let arguments = arguments.as_object().unwrap().clone();
    let request = CallToolRequestParams::new("convert").with_arguments(arguments);
    let result = connect().await.call_tool(request).await.unwrap();
    serde_json::to_value(result).unwrap()
}

#[tokio::test]
async fn a_mile_is_1609_metres() {
    let answer = convert(1.0, "mile", "metre").await;
    assert_eq!(answer["structuredContent"]["value"], 1609.344);
    assert_eq!(answer["isError"], false);
}
// ANCHOR_END: test

#[tokio::test]
async fn a_mile_in_grams_is_a_tool_error_that_says_why() {
    let answer = convert(1.0, "mile", "gram").await;
    assert_eq!(answer["isError"], true);
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("two units of the same kind"), "{text}");
}

#[tokio::test]
async fn written_by_hand_it_answers_the_same() {
    let tools = connect().await.list_all_tools().await.unwrap();
    let list = by_hand::answer(&json!({ "method": "tools/list" })).unwrap();
    assert_eq!(list["tools"], serde_json::to_value(tools).unwrap());
    for to in ["foot", "pound"] {
        let arguments = json!({ "value": 5.5, "from": "mile", "to": to });
        let params = json!({ "name": "convert", "arguments": arguments });
        let answer = by_hand::answer(&json!({ "method": "tools/call", "params": params }));
        assert_eq!(answer.unwrap(), convert(5.5, "mile", to).await);
    }
    let unknown = by_hand::answer(&json!({ "method": "tools/sell" }));
    assert_eq!(unknown.unwrap_err()["code"], -32601);
}
