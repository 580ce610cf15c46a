//! The messages that the book shows are what the smallest server and a real client send.

use checker::mcp::message::Message;
use checker::mcp::transcript::{Exchange, Received};
use checker::mcp::{ClientProfile, Endpoint, Era, Session, Transcript};
use checker::report::trace;
use serde_json::json;

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
