//! What the stand-in tells the people who run it. Of Keycloak that is in its log.

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::under_test::{UnderTest, stand_in};
use crate::visitor::{CALLBACK, Visitor, redeeming};

#[tokio::test]
async fn what_happens_is_told_without_a_secret() {
    let (origin, stand_in) = stand_in().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&told);
    stand_in.on_event(move |event| hear.lock().unwrap().push(event.to_string()));
    let realm = UnderTest::at(origin, false);

    let client = realm.fresh_client().await;
    let mut visitor = Visitor::sent_by(&realm, &client, &[]).await;
    visitor.sign_in("alice", "not-her-password").await;
    visitor.sign_in("alice", "alice").await;
    visitor.submit(&[], "accept").await;
    let code = visitor.answered()["code"].clone();
    let tokens = realm.token(&redeeming(&client, &code)).await.json();
    realm.token(&redeeming(&client, &code)).await;
    let mut other = Visitor::sent_by(&realm, &client, &[("prompt", "consent")]).await;
    other.sign_in("bob", "bob").await;
    other.submit(&[], "cancel").await;
    Visitor::sent_by(&realm, "nobody", &[]).await;
    let elsewhere = [("redirect_uri", "http://evil.example/cb")];
    Visitor::sent_by(&realm, &client, &elsewhere).await;
    realm
        .token_of_checker(&[("grant_type", "password"), ("username", "alice")])
        .await;
    realm
        .register(&json!({ "redirect_uris": [CALLBACK], "scope": "nope" }))
        .await;
    realm
        .http
        .get(&realm.issuer)
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();

    let told = told.lock().unwrap().join("\n");
    assert_eq!(
        told,
        "\
Fresh registered
refused: login for Fresh, wrong name or password
alice signed in for Fresh
alice granted access to Fresh
token for alice, to Fresh: openid profile mcp:access
refused: token for Fresh, invalid_grant: Code not valid
bob signed in for Fresh
bob denied access to Fresh
refused: login for nobody, Client not found.
refused: login for Fresh, Invalid parameter: redirect_uri
refused: token for Workshop checker, invalid_grant: Invalid user credentials
refused: registration, insufficient_scope: Policy 'Allowed Client Scopes' rejected request to client-registration service. Details: Not permitted to use specified clientScope
refused: request, its Host header is not this realm's"
    );
    for secret in [
        &code,
        tokens["access_token"].as_str().unwrap(),
        "not-her-password",
        "checker-secret",
    ] {
        assert!(!told.contains(secret), "{secret}");
    }
}
