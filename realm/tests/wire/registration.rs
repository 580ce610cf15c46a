//! Programs that register by themselves.

use serde_json::{Value, json};

use crate::differences::{SCOPES_OF_REGISTERED, UNKNOWN_FIELD};
use crate::under_test::{UnderTest, claims, names, scopes, send, with_form};
use crate::visitor::{CALLBACK, Visitor, redeeming};

const FIELDS: [&str; 18] = [
    "backchannel_logout_session_required",
    "client_id",
    "client_id_issued_at",
    "client_name",
    "dpop_bound_access_tokens",
    "frontchannel_logout_session_required",
    "grant_types",
    "post_logout_redirect_uris",
    "redirect_uris",
    "registration_access_token",
    "registration_client_uri",
    "request_uris",
    "require_pushed_authorization_requests",
    "response_types",
    "scope",
    "subject_type",
    "tls_client_certificate_bound_access_tokens",
    "token_endpoint_auth_method",
];

#[tokio::test]
async fn a_public_client_registers_as_the_sdks_do() {
    let realm = UnderTest::open().await;
    let answer = realm
        .register(&json!({
            "client_name": "Editor",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": "mcp:access offline_access",
            "application_type": "native",
        }))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let client = answer.json();
    assert_eq!(names(client.as_object().unwrap()), FIELDS);
    assert_eq!(client["redirect_uris"], json!([CALLBACK]));
    assert_eq!(client["response_types"], json!(["code", "none"]));
    assert_eq!(
        client["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(
        scopes(&client["scope"]),
        scopes(&json!("mcp:access offline_access"))
    );
    let uri = client["registration_client_uri"].as_str().unwrap();
    assert_eq!(answer.header("location"), uri);
}

#[tokio::test]
async fn a_client_that_says_nothing_gets_a_secret_and_the_optional_scopes() {
    let realm = UnderTest::open().await;
    let answer = realm.register(&json!({ "client_name": "Server" })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let client = answer.json();
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(client["client_secret_expires_at"], 0);
    assert!(client["client_secret"].as_str().unwrap().len() > 20);
    let optional = scopes(&json!("mcp:access mcp:accessories offline_access"));
    assert_eq!(scopes(&client["scope"]), optional);
}

#[tokio::test]
async fn policies_refuse_in_keycloaks_words() {
    let realm = UnderTest::open().await;
    let untrusted = "Policy 'Trusted Hosts' rejected request to client-registration service. Details: URI doesn't match any trusted host or trusted domain";
    let malformed = "Policy 'Trusted Hosts' rejected request to client-registration service. Details: URI is malformed";
    let scope = "Policy 'Allowed Client Scopes' rejected request to client-registration service. Details: Not permitted to use specified clientScope";
    for (metadata, words) in [
        (
            json!({ "redirect_uris": ["http://evil.example/cb"] }),
            untrusted,
        ),
        (json!({ "redirect_uris": ["cursor://cb"] }), untrusted),
        (json!({ "redirect_uris": ["no uri"] }), malformed),
        (
            json!({ "redirect_uris": [CALLBACK], "scope": "address" }),
            scope,
        ),
        (
            json!({ "redirect_uris": [CALLBACK], "scope": "nope" }),
            scope,
        ),
    ] {
        let answer = realm.register(&metadata).await;
        let refused = (403, "insufficient_scope".to_owned(), words.to_owned());
        assert_eq!(answer.error(), refused, "{metadata}");
    }
}

#[tokio::test]
async fn what_is_no_registration_is_refused() {
    let realm = UnderTest::open().await;
    let url = format!("{}/clients-registrations/openid-connect", realm.issuer);
    let unreadable = |error: &str| (400, error.to_owned(), "Cannot parse the JSON".to_owned());
    for (body, error) in [
        ("{\"client_name\":", "invalid_request"),
        ("[]", "unknown_error"),
    ] {
        let request = realm
            .http
            .post(&url)
            .header("content-type", "application/json");
        assert_eq!(
            send(request.body(body)).await.error(),
            unreadable(error),
            "{body}"
        );
    }
    let unknown = realm
        .register(&json!({ "client_name": "x", "resource": "y" }))
        .await;
    let (status, words, _) = unknown.error();
    assert_eq!(status, 400);
    assert!(realm.does(&UNKNOWN_FIELD, &words), "{words}");
    let form = send(with_form(realm.http.post(&url), [("client_name", "x")])).await;
    assert_eq!(form.status, 415);
    assert_eq!(realm.get(&url).await.status, 404);
}

#[tokio::test]
async fn a_page_may_register_only_from_an_origin_that_the_policy_names() {
    let realm = UnderTest::open().await;
    let url = format!("{}/clients-registrations/openid-connect", realm.issuer);
    let from = async |origin: &str| {
        let request = realm.http.post(&url).header("origin", origin);
        send(request.json(&json!({ "client_name": "Page" }))).await
    };
    let known = from("http://localhost:6274").await;
    assert_eq!(known.status, 201);
    assert_eq!(
        known.header("access-control-allow-origin"),
        "http://localhost:6274"
    );
    let foreign = from("http://page.example").await;
    assert_eq!(
        foreign.error(),
        (403, "Invalid origin".to_owned(), String::new())
    );
    assert_eq!(foreign.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_registered_client_gets_in_and_its_tokens_know_their_user() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let (_, code) = Visitor::code(&realm, &client, &[]).await;
    let tokens = realm.token(&redeeming(&client, &code)).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let claims = claims(&tokens.json()["access_token"]);
    assert_eq!(claims["preferred_username"], "alice");
    assert_eq!(claims["aud"], "product-store");
    assert_eq!(claims["azp"], Value::from(client));
    let has_profile = scopes(&claims["scope"]).contains("profile");
    assert!(realm.does(&SCOPES_OF_REGISTERED, &has_profile.to_string()));
}

#[tokio::test]
async fn a_redirect_on_this_machine_without_a_port_is_for_any() {
    let realm = UnderTest::open().await;
    let registered = realm
        .register(&json!({
            "redirect_uris": ["http://127.0.0.1/callback"],
            "token_endpoint_auth_method": "none",
            "scope": "openid mcp:access",
        }))
        .await;
    let client = registered.json()["client_id"].clone();
    let client = client.as_str().unwrap();
    let (_, code) = Visitor::code(&realm, client, &[]).await;
    let tokens = realm.token(&redeeming(client, &code)).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let deeper = [("redirect_uri", "http://127.0.0.1:3333/callback/deeper")];
    let elsewhere = Visitor::sent_by(&realm, client, &deeper).await;
    assert_eq!(elsewhere.page.status, 400, "{:?}", elsewhere.page);
}
