//! What the book shows of signing in: what the store of exercise 5 says to somebody without a token,
//! and what is in a token of the workshop's realm.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use realm::tokens::Grant;
use realm::{KeyRing, Realm, RealmFile, now};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::common::serving::Serving;

/// Where the book's reader has the store and the realm.
const STORE: &str = "http://127.0.0.1:8420/mcp";
const REALM: &str = "http://localhost:8180";

/// 2026-11-21, half past seven in the evening.
const SIGNED_IN: u64 = 1_795_289_400;

#[tokio::test]
async fn the_door_says_what_the_book_shows() {
    let settings = [("STORE_PORT", "0"), ("STORE_URL", STORE)];
    let store = Serving::start("ex5_auth_solution", &settings);
    let client = Client::new();

    let nobody = said(client.post(&store.url)).await;
    let broken = said(client.post(&store.url).bearer_auth("let-me-in")).await;
    let metadata = store
        .url
        .replace("/mcp", "/.well-known/oauth-protected-resource/mcp");
    let metadata: Value = client
        .get(metadata)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();

    settings_of_snapshots().bind(|| {
        let challenges = [anchored("nobody", &nobody), anchored("broken", &broken)];
        insta::assert_snapshot!("challenge", challenges.join("\n"));
        insta::assert_snapshot!("metadata", anchored("document", &pretty(&metadata)));
    });
}

/// Status and challenge, as they cross the wire.
async fn said(request: RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    // A line for each parameter: on one they would not fit the page.
    let challenge = challenge.replace(", ", ",\n  ").replacen(' ', "\n  ", 1);
    format!(
        "HTTP/1.1 {}\nWWW-Authenticate: {challenge}",
        response.status()
    )
}

#[test]
fn a_token_has_in_it_what_the_book_shows() {
    let file = RealmFile::workshop().unwrap();
    let lifetime = file.access_token_lifespan;
    let realm = Realm::with(file, REALM, KeyRing::generate().unwrap());
    let grant = Grant {
        client: "editor".to_owned(),
        subject: realm.subject("alice").unwrap(),
        scopes: ["basic", "profile", "mcp:access"].map(str::to_owned).into(),
        session: Some(SESSION.to_owned()),
        signed_in: Some(now()),
        nonce: None,
    };
    let key = realm.with_keys(KeyRing::current);
    let token = key
        .sign(&key.header(), &realm.access_claims(&grant))
        .unwrap();

    let mut parts = token.split('.');
    let mut part = || -> Value {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(parts.next().unwrap());
        serde_json::from_slice(&bytes.unwrap()).unwrap()
    };
    let (mut header, mut claims) = (part(), part());
    assert_eq!(parts.count(), 1, "a signature");
    let time = |claim: &str| claims[claim].as_u64().unwrap();
    assert_eq!(time("exp") - time("iat"), lifetime);

    // What differs each time.
    let issued = SIGNED_IN + 5;
    for (claim, value) in [
        ("auth_time", json!(SIGNED_IN)),
        ("iat", json!(issued)),
        ("exp", json!(issued + lifetime)),
        ("jti", json!("9d5ef0d2-6a0c-4c38-a1b1-0d7f3f1b8a55")),
        ("sub", json!("4f6a3c2e-8a57-4f0b-9a36-2f1f3f1d7c10")),
    ] {
        assert!(claims[claim].take() != Value::Null, "{claim}");
        claims[claim] = value;
    }
    assert!(header["kid"].take().is_string());
    header["kid"] = json!("hV3k0yqV7uI5r2mYd8nq1tQx4Zs6Lw9EoPcBfGjKaRU");

    settings_of_snapshots().bind(|| {
        let parts = [
            anchored("header", &pretty(&header)),
            anchored("claims", &pretty(&claims)),
        ];
        insta::assert_snapshot!("token", parts.join("\n"));
    });
}

const SESSION: &str = "c1d7b0f4-5e7e-4a41-8f0e-3b8f1f6f2a77";

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).unwrap()
}

/// Between marks by which a page includes it.
fn anchored(name: &str, text: &str) -> String {
    format!("// ANCHOR: {name}\n{text}\n// ANCHOR_END: {name}")
}

fn settings_of_snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots/door");
    settings
}
