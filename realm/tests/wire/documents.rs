//! Programs that are described by a document at the URL that is their id. Keycloak has them as an
//! experimental feature; here the stand-in is asked, where they are on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::under_test::{UnderTest, claims, stand_in};
use crate::visitor::{Visitor, redeeming};

/// Where the documents are, and how often one was fetched.
struct Home {
    origin: String,
    fetched: Arc<AtomicUsize>,
}

impl Home {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let fetched = Arc::new(AtomicUsize::new(0));
        let state = (origin.clone(), Arc::clone(&fetched));
        let router = Router::new()
            .route("/{kind}/client.json", get(document))
            .with_state(state);
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { origin, fetched }
    }

    fn client(&self, kind: &str) -> String {
        format!("{}/{kind}/client.json", self.origin)
    }
}

/// A document with what is wrong in its path.
async fn document(
    State((origin, fetched)): State<(String, Arc<AtomicUsize>)>,
    Path(kind): Path<String>,
) -> Response {
    fetched.fetch_add(1, Ordering::Relaxed);
    let mut document = json!({
        "client_id": format!("{origin}/{kind}/client.json"),
        "client_name": "Documented",
        // Without a port: any will do (RFC 8252, 7.3).
        "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    let mut set = |name: &str, value: Value| document[name] = value;
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().unwrap())]);
    let mut status = StatusCode::OK;
    match kind.as_str() {
        "missing" => status = StatusCode::NOT_FOUND,
        "moved" => {
            status = StatusCode::FOUND;
            headers.insert(LOCATION, "/right/client.json".parse().unwrap());
        }
        "html" => {
            headers.insert(CONTENT_TYPE, "text/html".parse().unwrap());
        }
        "long" => set("tos_uri", json!("x".repeat(6000))),
        "list" => document = json!(["no object"]),
        "of-another" => set("client_id", json!("https://vscode.dev/client.json")),
        "secret" => set("token_endpoint_auth_method", json!("client_secret_post")),
        "nowhere" => set("redirect_uris", json!([])),
        "untrusted" => set("redirect_uris", json!(["https://evil.example/callback"])),
        "anywhere" => set("redirect_uris", json!(["http://127.0.0.1/*"])),
        _ => (),
    }
    (status, headers, document.to_string()).into_response()
}

async fn accepting() -> UnderTest {
    let (origin, realm) = stand_in().await;
    realm.accept_documents();
    UnderTest::at(origin, false)
}

#[tokio::test]
async fn a_client_is_known_by_its_document_and_its_user_is_asked() {
    let (realm, home) = (accepting().await, Home::open().await);
    let client = home.client("right");
    let mut visitor = Visitor::sent_by(&realm, &client, &[]).await;
    visitor.sign_in("alice", "alice").await;
    assert!(visitor.page.body.contains("Grant Access to Documented"));
    assert!(visitor.page.body.contains(&client), "who it is, really");
    visitor.submit(&[], "accept").await;
    let code = visitor.answered()["code"].clone();
    let tokens = realm.token(&redeeming(&client, &code)).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let claims = claims(&tokens.json()["access_token"]);
    assert_eq!(claims["azp"], Value::from(client.clone()));
    assert_eq!(claims["aud"], "product-store");
    assert_eq!(claims["preferred_username"], "alice");

    Visitor::sent_by(&realm, &client, &[]).await;
    assert_eq!(home.fetched.load(Ordering::Relaxed), 1, "it is kept");
    let plain = [("code_challenge", "-"), ("code_challenge_method", "-")];
    let without_pkce = Visitor::sent_by(&realm, &client, &plain).await;
    assert_eq!(without_pkce.answered()["error"], "invalid_request");
}

#[tokio::test]
async fn a_document_that_says_nothing_of_use_is_told_to_the_user_only() {
    let (realm, home) = (accepting().await, Home::open().await);
    for (kind, words) in [
        ("missing", "is not there"),
        ("moved", "is not there"),
        ("html", "is not JSON"),
        ("long", "is too long"),
        ("list", "is not JSON"),
        ("of-another", "is of another client"),
        ("secret", "must be a public one"),
        ("nowhere", "lacks redirect_uris"),
        ("untrusted", "is not trusted"),
        ("anywhere", "is not trusted"),
    ] {
        let visitor = Visitor::sent_by(&realm, &home.client(kind), &[]).await;
        assert_eq!(visitor.page.status, 400, "{kind}: {:?}", visitor.page);
        assert!(
            visitor.page.body.contains(words),
            "{kind}: {:?}",
            visitor.page
        );
    }
    let fetched = home.fetched.load(Ordering::Relaxed);
    let host = home.origin.trim_start_matches("http://");
    for client in [
        "https://evil.example/client.json".to_owned(),
        "http://vscode.dev/client.json".to_owned(),
        home.origin.clone(),
        format!("{}/right/../right/client.json", home.origin),
        format!("{}?x", home.client("right")),
        format!("{}#x", home.client("right")),
        format!("http://me@{host}/right/client.json"),
    ] {
        let visitor = Visitor::sent_by(&realm, &client, &[]).await;
        assert_eq!(visitor.page.status, 400, "{client}: {:?}", visitor.page);
    }
    assert_eq!(
        home.fetched.load(Ordering::Relaxed),
        fetched,
        "nothing is fetched"
    );
}

#[tokio::test]
async fn metadata_says_whether_documents_are_accepted() {
    let home = Home::open().await;
    let (origin, stand_in) = stand_in().await;
    let realm = UnderTest::at(origin, false);
    let metadata = async || {
        let url = format!("{}/.well-known/openid-configuration", realm.issuer);
        let metadata = realm.get(&url).await.json();
        let methods = metadata["token_endpoint_auth_methods_supported"].clone();
        let has_none = methods.as_array().unwrap().contains(&json!("none"));
        (
            metadata["client_id_metadata_document_supported"].clone(),
            has_none,
        )
    };
    assert_eq!(metadata().await, (Value::Null, false));
    let visitor = Visitor::sent_by(&realm, &home.client("right"), &[]).await;
    assert!(
        visitor.page.body.contains("Client not found."),
        "they are off"
    );
    stand_in.accept_documents();
    assert_eq!(metadata().await, (json!(true), true));
}
