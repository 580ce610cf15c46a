//! The smallest server: the messages that the book shows are what it and a real client send. And what it
//! and the other servers say when their port is taken.

use std::net::TcpListener;
use std::process::Command;

use checker::mcp::message::Message;
use checker::mcp::transcript::{Exchange, Received};
use checker::mcp::{ClientProfile, Endpoint, Era, Session, Transcript};
use checker::report::trace;
use serde_json::json;

use crate::common::beside_checker;
use crate::common::serving::Serving;

#[tokio::test]
async fn the_wire_is_what_the_book_shows() {
    let hello = Serving::start("hello_mcp", &[("PORT", "0")]);
    let modern = wire(&hello.url, Era::Modern).await;
    let legacy = wire(&hello.url, Era::Legacy).await;
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots/hello");
    settings.bind(|| {
        let names = ["discover", "list", "call", "refusal", "misfit", "unknown"];
        for (name, messages) in names.iter().zip(modern) {
            insta::assert_snapshot!(*name, messages);
        }
        insta::assert_snapshot!("initialize", legacy[0]);
    });
}

#[test]
fn a_taken_port_is_told_with_the_fix() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port().to_string();
    let address = address.to_string();
    for (program, variable, value) in [
        ("hello_mcp", "PORT", &port),
        ("key_in_header", "LISTEN", &address),
        ("two_eras", "PORT", &port),
        ("ex3_store_solution", "STORE_PORT", &port),
        ("ex4_interact_solution", "STORE_PORT", &port),
        ("ex5_auth_solution", "STORE_PORT", &port),
    ] {
        let ran = Command::new(beside_checker(program))
            .env(variable, value)
            .env("API_KEY", "0123456789abcdef0123456789abcdef")
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        let line = said.lines().next().unwrap_or_default();
        let fix = format!("{port}. Stop the server that runs there, or set {variable}");
        assert!(
            line.starts_with("Error: cannot listen on"),
            "{program}: {said}"
        );
        assert!(line.ends_with(&fix), "{program}: {said}");
    }
}

/// The handshake, and the requests that follow it, as text.
async fn wire(url: &str, era: Era) -> Vec<String> {
    let transcript = Transcript::default();
    let endpoint = Endpoint::Http(url.parse().unwrap());
    let session = Session::connect(endpoint, ClientProfile::new(era), &transcript)
        .await
        .unwrap();
    session.tools().await.unwrap();
    let calls = [
        ("convert", "metre"),
        ("convert", "gram"),
        ("convert", "furlong"),
        ("sing", "metre"),
    ];
    for (tool, to) in calls {
        let arguments = json!({ "value": 26.2, "from": "mile", "to": to });
        // That there is no tool `sing` is what the last one shows.
        let _ = session.call(tool, arguments).await;
    }
    let mut exchanges = transcript.exchanges();
    exchanges.retain(|exchange| exchange.sent.is_request());
    exchanges.into_iter().map(written).collect()
}

/// Request and answer, each between marks by which a page includes it. What every modern request
/// repeats is left out but for the first.
fn written(exchange: Exchange) -> String {
    let begins = matches!(
        exchange.sent.method(),
        Some("server/discover" | "initialize")
    );
    let mut sent = exchange.sent.json.as_ref().clone();
    if let (false, Some(params)) = (begins, sent["params"].as_object_mut()) {
        params.remove("_meta");
    }
    let mut written = vec!["// ANCHOR: request".to_owned()];
    written.extend(trace::lines("", &sent));
    written.push("// ANCHOR_END: request".to_owned());
    written.push("// ANCHOR: answer".to_owned());
    for received in &exchange.received {
        match received {
            Received::Json(Message { json, .. }) => written.extend(trace::lines("", json)),
            Received::Text(text) => panic!("not JSON: {text}"),
        }
    }
    written.push("// ANCHOR_END: answer".to_owned());
    written.join("\n")
}
