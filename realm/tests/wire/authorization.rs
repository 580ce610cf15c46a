//! Logging in: what the client is answered with, and what the user sees.

use crate::under_test::{UnderTest, claims, names, scopes};
use crate::visitor::{Visitor, redeeming};

#[tokio::test]
async fn a_user_signs_in_agrees_and_the_client_gets_tokens() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let mut visitor = Visitor::sent_by(&realm, &client, &[("nonce", "a nonce")]).await;
    assert_eq!(visitor.page.status, 200);
    let form = visitor.form();
    let fields: Vec<&str> = form.fields.keys().map(String::as_str).collect();
    assert_eq!(fields, ["credentialId", "password", "username"]);
    assert!(
        form.action
            .contains("/login-actions/authenticate?session_code=")
    );

    visitor.sign_in("alice", "wrong").await;
    assert_eq!(visitor.page.status, 200);
    assert!(visitor.page.body.contains("Invalid username or password."));

    visitor.sign_in("alice", "alice").await;
    assert!(
        visitor.page.body.contains("Grant Access to"),
        "{:?}",
        visitor.page
    );
    assert!(visitor.page.body.contains("Use the product store as you"));
    let form = visitor.form();
    assert!(form.action.contains("/login-actions/consent"));
    assert!(form.fields.contains_key("code"));

    visitor.submit(&[], "accept").await;
    let answered = visitor.answered();
    let fields: Vec<&str> = answered.keys().map(String::as_str).collect();
    assert_eq!(fields, ["code", "iss", "session_state", "state"]);
    assert_eq!(answered["iss"], realm.issuer);
    assert_eq!(answered["state"], "a state");
    assert_eq!(
        answered["code"].split('.').nth(1),
        Some(answered["session_state"].as_str())
    );

    let tokens = realm
        .token(&redeeming(&client, &answered["code"]))
        .await
        .json();
    let fields = [
        "access_token",
        "expires_in",
        "id_token",
        "not-before-policy",
        "refresh_expires_in",
        "refresh_token",
        "scope",
        "session_state",
        "token_type",
    ];
    assert_eq!(names(tokens.as_object().unwrap()), fields);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 300);
    assert_eq!(tokens["refresh_expires_in"], 1800);
    assert_eq!(tokens["session_state"], answered["session_state"]);

    let access = claims(&tokens["access_token"]);
    assert_eq!(access["typ"], "Bearer");
    assert_eq!(access["sid"], answered["session_state"]);
    assert!(access["auth_time"].as_u64() <= access["iat"].as_u64());
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["typ"], "ID");
    assert_eq!(id["aud"], client);
    assert_eq!(id["nonce"], "a nonce");
    assert_eq!(id["sub"], access["sub"]);
    let refresh = claims(&tokens["refresh_token"]);
    assert_eq!(refresh["typ"], "Refresh");
    assert_eq!(refresh["aud"], realm.issuer);
}

#[tokio::test]
async fn a_user_who_does_not_agree_is_no_mistake_of_the_client() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let mut visitor = Visitor::sent_by(&realm, &client, &[]).await;
    visitor.sign_in("bob", "bob").await;
    visitor.submit(&[], "cancel").await;
    let answered = visitor.answered();
    assert_eq!(answered["error"], "access_denied");
    assert_eq!(answered["state"], "a state");
    assert_eq!(answered["iss"], realm.issuer);
}

#[tokio::test]
async fn who_is_signed_in_and_has_agreed_is_asked_no_more() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let mut none = Visitor::sent_by(&realm, &client, &[("prompt", "none")]).await;
    assert_eq!(none.answered()["error"], "login_required");
    none.go_again(&client, &[]).await;
    none.sign_in("alice", "alice").await;
    none.submit(&[], "accept").await;

    none.go_again(&client, &[]).await;
    assert!(none.answered().contains_key("code"));
    none.go_again(&client, &[("prompt", "none")]).await;
    assert!(none.answered().contains_key("code"));
    none.go_again(&client, &[("prompt", "consent")]).await;
    assert!(none.page.body.contains("Grant Access to"));
    none.go_again(&client, &[("prompt", "login")]).await;
    assert!(
        none.form().fields.contains_key("password"),
        "{:?}",
        none.page
    );
    // What is new is asked about.
    none.go_again(&client, &[("scope", "openid mcp:access offline_access")])
        .await;
    assert!(none.page.body.contains("Grant Access to"));
}

#[tokio::test]
async fn a_login_belongs_to_its_browser() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let mut visitor = Visitor::sent_by(&realm, &client, &[]).await;
    visitor.forget_cookies();
    visitor.sign_in("alice", "alice").await;
    assert_eq!(visitor.page.status, 400);
    assert!(visitor.page.body.contains("Restart login cookie not found"));
}

#[tokio::test]
async fn the_answer_can_come_behind_the_hash() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let (visitor, _) = Visitor::code(&realm, &client, &[("response_mode", "fragment")]).await;
    assert!(visitor.page.header("location").contains("/callback#"));
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_code_used_twice_takes_it_back() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let (_, code) = Visitor::code(&realm, &client, &[]).await;
    let first = realm.token(&redeeming(&client, &code)).await.json();
    let refresh = async |token: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", client.as_str()),
            ("refresh_token", token),
        ];
        realm.token(&form).await
    };
    let token = first["refresh_token"].as_str().unwrap();
    let second = refresh(token).await;
    assert_eq!(second.status, 200, "{second:?}");
    let second = second.json();
    assert_eq!(scopes(&second["scope"]), scopes(&first["scope"]));
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let (status, error, _) = refresh(token).await.error();
    assert_eq!((status, error.as_str()), (400, "invalid_grant"));

    let (_, code) = Visitor::code(&realm, &realm.fresh_client().await, &[]).await;
    let other = realm.token(&redeeming("nobody", &code)).await;
    assert_eq!(other.status, 401);
    let (_, code) = Visitor::code(&realm, &client, &[("prompt", "consent")]).await;
    let tokens = realm.token(&redeeming(&client, &code)).await.json();
    let again = realm.token(&redeeming(&client, &code)).await;
    let spent = (400, "invalid_grant".to_owned(), "Code not valid".to_owned());
    assert_eq!(again.error(), spent);
    let (status, error, _) = refresh(tokens["refresh_token"].as_str().unwrap())
        .await
        .error();
    assert_eq!((status, error.as_str()), (400, "invalid_grant"));
}

#[tokio::test]
async fn offline_access_gives_a_token_that_outlives_the_login() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let scope = [("scope", "openid mcp:access offline_access")];
    let (_, code) = Visitor::code(&realm, &client, &scope).await;
    let tokens = realm.token(&redeeming(&client, &code)).await.json();
    assert_eq!(tokens["refresh_expires_in"], 0);
    assert_eq!(claims(&tokens["refresh_token"])["typ"], "Offline");
    assert!(scopes(&tokens["scope"]).contains("offline_access"));
}
