//! What is served, and to whom.

use std::net::TcpListener;
use std::process::Command;

use regex::Regex;
use reqwest::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN};
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

use super::player::{Play, Tab};
use super::{at_url, over_stdio, play};
use crate::common::workshop::Workshop;

async fn get(url: &Url, path: &str) -> (StatusCode, HeaderMap, String) {
    let response = reqwest::get(url.join(path).unwrap()).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, response.text().await.unwrap())
}

#[tokio::test]
async fn the_page_has_nothing_inline_and_asks_no_other_host() {
    let (_server, play) = at_url();
    let (status, headers, html) = get(&play.url, "").await;
    assert_eq!(status, StatusCode::OK);
    let header = |name: &str| headers[name].to_str().unwrap();
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.split("; ").any(|one| one == part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");

    let inline = Regex::new(r"(?i)<style|\sstyle=|\son\w+=").unwrap();
    assert_eq!(inline.find(&html).map(|found| found.as_str()), None);
    let scripts = html.matches("<script").count();
    assert_eq!(
        html.matches("<script src=").count() + html.matches("<script type=\"module\" src=").count(),
        scripts
    );

    // Every file that one of them names is there, and none is elsewhere.
    let mut files = vec![String::new()];
    let mut seen = 0;
    let names = Regex::new(r##"(?:from|import|src=|href=)\s*"(?:\./)?([^"#][^"]*)""##).unwrap();
    while seen < files.len() {
        let (status, headers, text) = get(&play.url, &files[seen]).await;
        assert_eq!(status, StatusCode::OK, "{}", files[seen]);
        assert!(headers[CONTENT_TYPE].to_str().unwrap().contains("utf-8"));
        assert!(!text.contains("innerHTML") && !text.contains("insertAdjacentHTML"));
        for name in names.captures_iter(&text).map(|found| found[1].to_owned()) {
            if name.starts_with("data:") || files.contains(&name) {
                continue;
            }
            assert!(!name.contains("//"), "{} names {name}", files[seen]);
            files.push(name);
        }
        seen += 1;
    }
    assert!(files.len() > 10, "{files:?}");
}

#[tokio::test]
async fn only_the_page_itself_is_let_in() {
    let (_server, play) = at_url();
    let client = Client::new();
    let ours = play.url.origin().ascii_serialization();

    // Without the token nobody learns of anything.
    for path in ["/", "/do", "/events", &format!("/{}/", "0".repeat(32))] {
        let response = client
            .get(play.url.join(path).unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let status_of = async |host: Option<&str>, origin: Option<&str>, kind: &str| {
        let body = json!({ "do": "open" }).to_string();
        let mut request = client.post(play.url.join("do").unwrap()).body(body);
        request = request.header(CONTENT_TYPE, kind);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        request.send().await.unwrap().status()
    };
    let json = "application/json";
    assert_eq!(status_of(None, Some(&ours), json).await, StatusCode::OK);
    let refused = StatusCode::FORBIDDEN;
    assert_eq!(status_of(None, None, json).await, refused);
    assert_eq!(
        status_of(None, Some("https://evil.example"), json).await,
        refused
    );
    assert_eq!(
        status_of(None, Some("http://127.0.0.1:3000"), json).await,
        refused
    );
    assert_eq!(status_of(None, Some("null"), json).await, refused);
    // Browsers send this to anybody without asking first.
    assert_eq!(status_of(None, Some(&ours), "text/plain").await, refused);
    let rebound = Some("http://evil.example");
    assert_eq!(
        status_of(Some("evil.example"), rebound, json).await,
        refused
    );

    for (name, value) in [
        ("host", "evil.example"),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let request = client.get(play.url.join("events").unwrap());
        let response = request.header(name, HeaderValue::from_static(value)).send();
        assert_eq!(response.await.unwrap().status(), refused, "{name}");
    }
    let request = client.get(play.url.clone()).header(HOST, "evil.example");
    assert_eq!(request.send().await.unwrap().status(), refused);
}

#[tokio::test]
async fn an_app_comes_with_its_policy_on_either_origin() {
    let (_server, play) = at_url();
    let tab = Tab::connected(&play, "modern").await;
    let wanted = json!({ "uri": "ui://store/inventory.html", "tool": "show_inventory_chart" });
    let app = tab.act("app", wanted).await;
    assert!(app["html"].as_str().unwrap().contains("Inventory"), "{app}");
    let sandbox = |origin: &str| format!("{origin}/sandbox/{}", app["key"].as_str().unwrap());
    let own = reqwest::get(sandbox(app["sandbox"][0].as_str().unwrap()))
        .await
        .unwrap();
    let policy = own.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(policy.contains("connect-src 'none'"), "{policy}");

    let opaque = reqwest::get(sandbox(&play.url.origin().ascii_serialization()))
        .await
        .unwrap();
    let policy = opaque.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(
        policy.starts_with("sandbox allow-scripts allow-forms; default-src 'none'"),
        "{policy}"
    );
    assert!(
        !policy.contains("'self'") && !policy.contains("same-origin"),
        "{policy}"
    );

    let unknown = play.url.join("/sandbox/00").unwrap();
    assert_eq!(
        reqwest::get(unknown).await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let gone = json!({ "uri": "ui://store/gone.html", "tool": "x" });
    assert!(tab.act("app", gone).await["error"]["words"].is_string());
}

/// What the checker says on stderr, and its exit code.
fn refusal(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_port_that_is_taken_is_named_and_another_one_too() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (code, said) = refusal(play(&[
        "--command",
        &over_stdio(),
        "--port",
        &port.to_string(),
    ]));
    let expected = format!(
        "error: cannot listen on 127.0.0.1:{port}: another program uses it. Try another port: `cargo checker play --port {}`\n",
        port + 1
    );
    assert_eq!((code, said.as_str()), (Some(2), expected.as_str()));
}

#[test]
fn what_is_no_server_is_not_played_with() {
    let workshop = Workshop::ready();
    let (code, said) = refusal(workshop.checker("play ex1"));
    let expected = "error: exercise 1 is a client, but `play` is for servers: `cargo checker play ex3` or `cargo checker play ex4` or `cargo checker play ex5` or `cargo checker play ex6`\n";
    assert_eq!((code, said.as_str()), (Some(2), expected));
    let (code, said) = refusal(play(&[]));
    assert_eq!(code, Some(2));
    assert!(said.contains("is not inside the workshop"), "{said}");
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, said) = refusal(play(&["--url", &format!("http://{nobody}/mcp")]));
    assert_eq!(code, Some(2));
    assert!(said.starts_with("error: nothing answers at"), "{said}");
}

#[tokio::test]
async fn in_a_codespace_the_forwarded_address_is_told_and_let_in() {
    let mut command = play(&["--command", &over_stdio(), "--port", "0"]);
    command
        .env("CODESPACE_NAME", "fluffy-fish")
        .env("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.github.dev");
    let play = Play::start_as_it_is(command);
    let port = play.url.port().unwrap();
    let forwarded = format!("fluffy-fish-{port}.app.github.dev");
    let request = Client::new()
        .post(play.url.join("do").unwrap())
        .header(HOST, &forwarded)
        .header(ORIGIN, format!("https://{forwarded}"))
        .header(CONTENT_TYPE, "application/json")
        .body(json!({ "do": "open" }).to_string());
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
}
