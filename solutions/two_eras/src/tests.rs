//! The server, as clients of both eras find it.
#![allow(clippy::unwrap_used)]

use std::net::Ipv4Addr;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::post;
use reqwest::{Client, Method, StatusCode};
use rmcp::model::*;
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RequestContext, RunningService,
    ServiceError,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ErrorData, RoleClient, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Serves, router};

/// The address of a server that runs as long as the test.
async fn serve(serves: Serves) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router(serves)).await });
    format!("http://{address}/mcp")
}

fn auto() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: None,
    }
}

async fn connect(
    url: &str,
    lifecycle: ClientLifecycleMode,
) -> Result<RunningService<RoleClient, ClientConfig>, ClientInitializeError> {
    let me = Implementation::new("test", "1.0.0");
    let client = ClientConfig::new(ClientCapabilities::default(), me);
    let transport = StreamableHttpClientTransport::from_uri(url);
    client.serve_with_lifecycle(transport, lifecycle).await
}

async fn era(url: &str, lifecycle: ClientLifecycleMode) -> Value {
    let session = connect(url, lifecycle).await.unwrap();
    let result = session.call_tool(CallToolRequestParams::new("which_era"));
    result.await.unwrap().structured_content.unwrap()
}

#[tokio::test]
async fn one_server_serves_both_eras() {
    let url = serve(Serves::BothEras).await;
    let modern = json!({ "version": "2026-07-28", "legacy": false });
    assert_eq!(era(&url, auto()).await, modern);
    let legacy = json!({ "version": "2025-11-25", "legacy": true });
    assert_eq!(era(&url, ClientLifecycleMode::Initialize).await, legacy);
}

#[tokio::test]
async fn a_server_of_the_newer_era_refuses_the_older() {
    let url = serve(Serves::ModernOnly).await;
    let modern = json!({ "version": "2026-07-28", "legacy": false });
    assert_eq!(era(&url, auto()).await, modern);
    let refused = connect(&url, ClientLifecycleMode::Initialize).await;
    assert!(refused.is_err());
}

/// What the server says to the first message of an older client: status and body.
async fn initialize(url: &str) -> (StatusCode, Value) {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1.0.0" },
    });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let request = Client::new().post(url).json(&message);
    let request = request.header("accept", "application/json, text/event-stream");
    let response = request.send().await.unwrap();
    let status = response.status();
    let body = response.text().await.unwrap();
    let json = body.trim_start_matches("data: ").trim();
    (status, serde_json::from_str(json).unwrap_or(json!(body)))
}

#[tokio::test]
async fn the_refusal_names_the_versions_that_are_served() {
    let url = serve(Serves::ModernOnly).await;
    let (status, said) = initialize(&url).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(said["error"]["code"], -32022);
    assert_eq!(said["error"]["data"]["supported"], json!(["2026-07-28"]));
    // The stream of a session and its end are of the older era.
    for method in [Method::GET, Method::DELETE] {
        let request = Client::new().request(method, &url);
        let response = request.header("accept", "text/event-stream").send().await;
        assert_eq!(response.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}

/// A request that has neither a header with the version nor a `_meta`.
async fn without_version(url: &str) -> String {
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let request = Client::new().post(url).json(&message);
    let request = request.header("accept", "application/json, text/event-stream");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    response.text().await.unwrap()
}

#[tokio::test]
async fn a_request_without_a_version_is_taken_for_the_older_era() {
    let both = without_version(&serve(Serves::BothEras).await).await;
    assert_eq!(both, "Bad Request: Session ID is required");
    let modern = without_version(&serve(Serves::ModernOnly).await).await;
    assert!(modern.contains("-32020"), "{modern}");
}

/// What a server of 2025-11-25 says to `server/discover`. Such servers differ in this.
async fn older_server(status: StatusCode, says: &'static str) -> String {
    let answer = move |body: String| async move {
        let message: Value = serde_json::from_str(&body).unwrap();
        let json = [("content-type", "application/json")];
        let id = &message["id"];
        match message["method"].as_str() {
            Some("server/discover") => {
                let says = says.replace("ID", &id.to_string());
                (status, json, says).into_response()
            }
            Some("initialize") => {
                let info = json!({ "name": "older", "version": "1.0.0" });
                let result = json!({
                    "protocolVersion": "2025-11-25",
                    "capabilities": {},
                    "serverInfo": info,
                });
                let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
                (json, answer.to_string()).into_response()
            }
            _ => StatusCode::ACCEPTED.into_response(),
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/mcp", post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/mcp")
}

#[tokio::test]
async fn auto_falls_back_where_the_server_says_that_it_does_not_know_discover() {
    let unknown = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"unknown"}}"#;
    let other = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32022,"message":"other","data":{"supported":["2025-11-25"]}}}"#;
    let falls_back = [
        (StatusCode::OK, unknown, true),
        (StatusCode::NOT_FOUND, unknown, true),
        (StatusCode::NOT_FOUND, "Not Found", true),
        (
            StatusCode::BAD_REQUEST,
            "Bad Request: Session ID is required",
            true,
        ),
        (StatusCode::METHOD_NOT_ALLOWED, "", true),
        (StatusCode::BAD_REQUEST, other, false),
        (StatusCode::UNAUTHORIZED, "", false),
        (StatusCode::FORBIDDEN, "", false),
        (StatusCode::INTERNAL_SERVER_ERROR, "", false),
    ];
    for (status, says, expected) in falls_back {
        let session = connect(&older_server(status, says).await, auto()).await;
        let connected =
            session.map(|session| session.peer_info().unwrap().protocol_version.clone());
        assert_eq!(
            connected.ok(),
            expected.then_some(ProtocolVersion::V_2025_11_25),
            "{status} {says}"
        );
    }
}

/// A server that asks in one way only: by `sends`, a request of its own, or by `returns`, a result.
struct OneWay;

impl ServerHandler for OneWay {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "returns" {
            return Ok(InputRequiredResult::new(None, Some("a state".to_owned())).into());
        }
        let question = ElicitRequestParams::FormElicitationParams {
            meta: None,
            message: "Are you sure?".to_owned(),
            requested_schema: ElicitationSchema::builder().build().unwrap(),
        };
        let refused = context.peer.create_elicitation(question).await.unwrap_err();
        Ok(CallToolResult::error(vec![ContentBlock::text(refused.to_string())]).into())
    }
}

async fn one_way(
    lifecycle: ClientLifecycleMode,
    tool: &'static str,
) -> Result<CallToolResponse, ServiceError> {
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(async move { OneWay.serve(theirs).await.unwrap().waiting().await });
    let session = ().serve_with_lifecycle(ours, lifecycle).await.unwrap();
    let call = CallToolRequestParams::new(tool);
    session.call_tool_once(call).await
}

#[tokio::test]
async fn each_era_has_its_own_way_to_ask() {
    let CallToolResponse::Complete(sent) = one_way(auto(), "sends").await.unwrap() else {
        panic!("no result");
    };
    let text = &sent.content[0].as_text().unwrap().text;
    assert!(
        text.contains("return InputRequiredResult instead"),
        "{text}"
    );
    let returned = one_way(ClientLifecycleMode::Initialize, "returns").await;
    assert!(
        matches!(returned, Err(ServiceError::McpError(_))),
        "{returned:?}"
    );
}
