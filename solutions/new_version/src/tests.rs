//! A tool is replaced, as clients find it. Client and server share a pipe in memory.
#![allow(clippy::unwrap_used)]

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ProtocolVersion, ServerNotification, SubscriptionFilter,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService, ServiceError};
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::Shop;

type Client = RunningService<RoleClient, ()>;

// ANCHOR: client
/// A client of 2026-07-28, or of 2025-11-25.
async fn connect(shop: &Shop, is_modern: bool) -> Client {
    let (ours, theirs) = tokio::io::duplex(4096);
    let shop = shop.clone();
    tokio::spawn(async move { shop.serve(theirs).await.unwrap().waiting().await });
    let lifecycle = if is_modern {
        ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        }
    } else {
        ClientLifecycleMode::Initialize
    };
    ().serve_with_lifecycle(ours, lifecycle).await.unwrap()
}
// ANCHOR_END: client

fn shop() -> (watch::Sender<bool>, Shop) {
    let (replace, replaced) = watch::channel(false);
    (replace, Shop { replaced })
}

async fn tools(client: &Client) -> Vec<String> {
    let list = client.list_tools(None).await.unwrap();
    list.tools
        .iter()
        .map(|tool| tool.name.to_string())
        .collect()
}

// ANCHOR: call
async fn call(
    client: &Client,
    tool: &str,
    arguments: Value,
) -> Result<CallToolResult, ServiceError> {
    let request = CallToolRequestParams::new(tool.to_owned());
    let arguments = arguments.as_object().unwrap().clone();
    client.call_tool(request.with_arguments(arguments)).await
}
// ANCHOR_END: call

/// The names of the products in a result.
fn names(result: &CallToolResult) -> Vec<&str> {
    let products = &result.structured_content.as_ref().unwrap()["products"];
    let products = products.as_array().unwrap().iter();
    products
        .map(|product| product["name"].as_str().unwrap())
        .collect()
}

// ANCHOR: replaced
#[tokio::test]
async fn a_client_with_an_old_list_can_call_the_old_tool() {
    let (replace, shop) = shop();
    let client = connect(&shop, true).await;
    assert_eq!(tools(&client).await, ["find_product"]);
    replace.send_replace(true);
    // The server said that the list is fresh for five minutes. rmcp's client does not ask again.
    assert_eq!(tools(&client).await, ["find_product"]);
    let found = call(&client, "find_product", json!({ "name": "Cake" })).await;
    assert_eq!(names(&found.unwrap()), ["Cake"]);
    // A new client only sees the new tool.
    assert_eq!(tools(&connect(&shop, true).await).await, ["find_products"]);
}
// ANCHOR_END: replaced

// ANCHOR: listens
#[tokio::test]
async fn a_client_that_listens_learns_about_the_change() {
    let (replace, shop) = shop();
    let client = connect(&shop, true).await;
    assert_eq!(tools(&client).await, ["find_product"]);
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    let mut changes = client.listen(filter).await.unwrap();
    replace.send_replace(true);
    let change = changes.next().await.unwrap();
    assert!(matches!(
        change,
        Some(ServerNotification::ToolListChangedNotification(_))
    ));
    // rmcp's client has dropped its copy of the list.
    assert_eq!(tools(&client).await, ["find_products"]);
}
// ANCHOR_END: listens

#[tokio::test]
async fn a_client_of_2025_11_25_asks_again_each_time() {
    let (replace, shop) = shop();
    let client = connect(&shop, false).await;
    assert_eq!(tools(&client).await, ["find_product"]);
    replace.send_replace(true);
    assert_eq!(tools(&client).await, ["find_products"]);
}

#[tokio::test]
async fn a_tool_that_was_removed_is_a_protocol_error() {
    let (_replace, shop) = shop();
    let client = connect(&shop, true).await;
    let removed = call(&client, "search", json!({})).await;
    let Err(ServiceError::McpError(error)) = removed else {
        panic!("{removed:?}");
    };
    assert_eq!(
        (error.code.0, error.message.as_ref()),
        (-32602, "tool not found")
    );
}

#[tokio::test]
async fn a_call_that_lacks_a_required_argument_is_a_tool_error() {
    let (_replace, shop) = shop();
    let client = connect(&shop, true).await;
    let lacks = call(&client, "find_products", json!({})).await.unwrap();
    assert_eq!(lacks.is_error, Some(true));
    let text = &lacks.content[0].as_text().unwrap().text;
    assert!(text.contains("missing field `keyword`"), "{text}");
}

// ANCHOR: arguments
#[tokio::test]
async fn an_old_call_may_lack_a_new_argument_but_a_renamed_one_is_lost() {
    let (_replace, shop) = shop();
    let client = connect(&shop, true).await;
    let lacks = call(&client, "find_products", json!({ "keyword": "b" })).await;
    assert_eq!(names(&lacks.unwrap()), ["Bagel", "Bread"]);
    // `max_price_cents` was once `max_cents`. Nobody notices that it no longer counts.
    let renamed = json!({ "keyword": "b", "max_cents": 300 });
    let renamed = call(&client, "find_products", renamed).await;
    assert_eq!(names(&renamed.unwrap()), ["Bagel", "Bread"]);
    // With `deny_unknown_fields`, the model reads which argument is wrong.
    let unknown = json!({ "name": "Bread", "max_cents": 300 });
    let unknown = call(&client, "find_product", unknown).await.unwrap();
    assert_eq!(unknown.is_error, Some(true));
    let text = &unknown.content[0].as_text().unwrap().text;
    assert!(text.contains("unknown field `max_cents`"), "{text}");
}
// ANCHOR_END: arguments
