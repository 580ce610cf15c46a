//! The server with a model that only the tests know, and a folder of its own.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Notes;
use crate::folder::Folder;
use crate::model::Model;

/// A folder with a note, and beside it something that is nobody's business. Deleted in the end.
struct Shelf(PathBuf);

impl Shelf {
    fn new(test: &str) -> Self {
        let shelf = std::env::temp_dir().join(format!("own_model-{test}-{}", std::process::id()));
        fs::create_dir_all(shelf.join("notes/2026")).unwrap();
        fs::write(shelf.join("notes/2026/bread.md"), "Buy rye flour.").unwrap();
        fs::write(shelf.join("secret.md"), "The code is 1234.").unwrap();
        Self(shelf)
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The model's endpoint: it repeats what it is asked, or refuses a wrong key.
async fn endpoint() -> String {
    async fn answer(
        headers: HeaderMap,
        Json(request): Json<Value>,
    ) -> Result<Json<Value>, StatusCode> {
        if headers["authorization"] != "Bearer right" {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let note = &request["messages"][1]["content"];
        let summary = format!("{} was asked about {note}", request["model"]);
        let message = json!({ "role": "assistant", "content": summary });
        Ok(Json(json!({ "choices": [{ "message": message }] })))
    }
    let routes = Router::new().route("/v1/chat/completions", post(answer));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/v1")
}

/// What `summarize_note` answers.
async fn summarize(shelf: &Shelf, key: &str, path: &str) -> CallToolResult {
    let base_url = endpoint().await.parse().unwrap();
    let model = Model::new(base_url, "small".to_owned(), key.to_owned().into()).unwrap();
    let notes = Notes {
        folder: Arc::new(Folder::open(&shelf.0.join("notes")).unwrap()),
        model: Arc::new(model),
    };
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(async move { notes.serve(theirs).await.unwrap().waiting().await });
    let client = ().serve(ours).await.unwrap();
    let arguments = json!({ "path": path }).as_object().unwrap().clone();
    let call = CallToolRequestParams::new("summarize_note").with_arguments(arguments);
    client.call_tool(call).await.unwrap()
}

fn text(result: &CallToolResult) -> &str {
    &result.content[0].as_text().unwrap().text
}

#[tokio::test]
async fn the_server_asks_its_own_model() {
    let shelf = Shelf::new("asks");
    let result = summarize(&shelf, "right", "2026/bread.md").await;
    assert_eq!(text(&result), r#""small" was asked about "Buy rye flour.""#);
}

#[tokio::test]
async fn nothing_outside_of_the_folder_is_read() {
    let shelf = Shelf::new("outside");
    let absolute = shelf.0.join("secret.md");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&absolute, shelf.0.join("notes/link.md")).unwrap();
    let outside = [
        "../secret.md",
        "2026/../../secret.md",
        "link.md",
        absolute.to_str().unwrap(),
    ];
    for path in outside.into_iter().chain(["2026/none.md"]) {
        let result = summarize(&shelf, "right", path).await;
        assert_eq!(result.is_error, Some(true), "{path}");
        assert_eq!(text(&result), format!("There is no note {path:?}."));
    }
}

#[tokio::test]
async fn a_model_that_refuses_the_key_is_a_tool_error_without_the_key() {
    let shelf = Shelf::new("key");
    let result = summarize(&shelf, "wrong", "2026/bread.md").await;
    assert_eq!(result.is_error, Some(true));
    assert_eq!(
        text(&result),
        "The model gave no summary. The server's log says why."
    );
}
