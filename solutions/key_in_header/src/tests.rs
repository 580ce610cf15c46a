//! The door, as clients find it.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};

use reqwest::{Client, RequestBuilder, StatusCode};
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tokio::net::TcpListener;

use crate::key::Key;
use crate::router;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The address of a server that runs as long as the test.
async fn serve() -> String {
    let here = IpAddr::from(Ipv4Addr::LOCALHOST);
    let listener = TcpListener::bind((here, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = router(Key::new(KEY.to_owned()).unwrap(), here);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/mcp")
}

/// The first request of a client.
fn greeting(url: &str) -> RequestBuilder {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1.0.0"}}}"#;
    let request = Client::new().post(url).body(body);
    request
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
}

#[tokio::test]
async fn a_client_with_the_key_is_served() {
    let config = StreamableHttpClientTransportConfig::with_uri(serve().await).auth_header(KEY);
    let transport = StreamableHttpClientTransport::from_config(config);
    let session = ().serve(transport).await.unwrap();
    let call = CallToolRequestParams::new("greet");
    let result = session.call_tool(call).await.unwrap();
    let text = result.content[0].as_text().unwrap();
    assert!(text.text.contains("You have the key"));
}

#[tokio::test]
async fn everybody_else_is_turned_away() {
    let url = serve().await;
    let changed = KEY.replacen('0', "1", 1);
    let headers = [
        None,
        Some(String::new()),
        Some(KEY.to_owned()),
        Some(format!("Basic {KEY}")),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(format!("Bearer {changed}")),
        Some(format!("Bearer {}", &KEY[1..])),
        Some(format!("Bearer {}", &KEY[..31])),
        Some(format!("Bearer {KEY}0")),
    ];
    for header in headers {
        let request = match &header {
            Some(header) => greeting(&url).header("authorization", header),
            None => greeting(&url),
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{header:?}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    let in_address = greeting(&format!("{url}?api_key={KEY}"));
    let response = in_address.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let good = greeting(&url).header("authorization", format!("bearer {KEY}"));
    assert_eq!(good.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_key_does_not_let_web_pages_in() {
    let url = serve().await;
    let request = greeting(&url).header("authorization", format!("Bearer {KEY}"));
    let request = request.header("origin", "https://evil.example");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[test]
fn a_short_key_is_refused_and_not_shown() {
    let refused = Key::new("hunter2".to_owned()).err().unwrap().to_string();
    assert!(refused.contains("too short"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
}
