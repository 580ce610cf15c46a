//! What is wrong, and who is told.

use crate::under_test::{UnderTest, names, send};
use crate::visitor::{Visitor, redeeming};

#[tokio::test]
async fn where_it_is_not_known_who_asks_only_the_user_is_told() {
    let realm = UnderTest::open().await;
    for (more, words) in [
        (("client_id", "nope"), "Client not found."),
        (
            ("redirect_uri", "http://evil.example/"),
            "Invalid parameter: redirect_uri",
        ),
        (("redirect_uri", "-"), "Invalid parameter: redirect_uri"),
        (("client_id", "-"), "Invalid Request"),
    ] {
        let visitor = Visitor::sent_by(&realm, "editor", &[more]).await;
        assert_eq!(visitor.page.status, 400, "{more:?}");
        assert_eq!(visitor.page.header("location"), "");
        assert!(
            visitor.page.body.contains(words),
            "{more:?}: {:?}",
            visitor.page
        );
    }
    let client = realm.fresh_client().await;
    let other_port = [("redirect_uri", "http://127.0.0.1:3334/callback")];
    let visitor = Visitor::sent_by(&realm, &client, &other_port).await;
    assert_eq!(
        visitor.page.status, 400,
        "a registered client has the port that it registered"
    );
}

#[tokio::test]
async fn what_else_is_wrong_the_client_is_told() {
    let realm = UnderTest::open().await;
    for (more, error, description) in [
        (
            ("response_type", "-"),
            "invalid_request",
            "Missing parameter: response_type",
        ),
        (("response_type", "foo"), "unsupported_response_type", ""),
        (("scope", "nope"), "invalid_scope", "Invalid scopes: nope"),
        (
            ("response_mode", "foo"),
            "invalid_request",
            "Invalid parameter: response_mode",
        ),
        (
            ("code_challenge_method", "-"),
            "invalid_request",
            "Missing parameter: code_challenge_method",
        ),
        (
            ("code_challenge_method", "plain"),
            "invalid_request",
            "Invalid parameter: code challenge method is not matching the configured one",
        ),
        (
            ("code_challenge", "abc"),
            "invalid_request",
            "Invalid parameter: code_challenge",
        ),
    ] {
        let visitor = Visitor::sent_by(&realm, "editor", &[more]).await;
        assert_eq!(visitor.page.status, 302, "{more:?}: {:?}", visitor.page);
        let answered = visitor.answered();
        assert_eq!(answered["error"], error, "{more:?}");
        let said = answered.get("error_description").map_or("", String::as_str);
        assert_eq!(said, description, "{more:?}");
        assert_eq!(answered["iss"], realm.issuer);
        assert_eq!(answered["state"], "a state");
    }
}

#[tokio::test]
async fn a_code_is_for_its_client_its_redirect_and_its_verifier() {
    let realm = UnderTest::open().await;
    let client = realm.fresh_client().await;
    let (mut visitor, code) = Visitor::code(&realm, &client, &[]).await;
    assert_eq!(realm.token(&redeeming(&client, &code)).await.status, 200);
    let long = "b".repeat(50);
    for (name, value, words) in [
        (
            "redirect_uri",
            "http://127.0.0.1:1/",
            "Incorrect redirect_uri",
        ),
        (
            "code_verifier",
            "short",
            "PKCE verification failed: Invalid code verifier",
        ),
        (
            "code_verifier",
            &long,
            "PKCE verification failed: Code mismatch",
        ),
        ("code", "nope", "Code not valid"),
    ] {
        visitor.go_again(&client, &[]).await;
        let code = visitor.answered()["code"].clone();
        let mut form = redeeming(&client, &code);
        form.iter_mut()
            .filter(|pair| pair.0 == name)
            .for_each(|pair| pair.1 = value);
        let refused = (400, "invalid_grant".to_owned(), words.to_owned());
        assert_eq!(realm.token(&form).await.error(), refused);
    }
    visitor.go_again(&client, &[]).await;
    let code = visitor.answered()["code"].clone();
    let mut form = redeeming("checker", &code);
    form.push(("client_secret", "checker-secret"));
    let (_, _, words) = realm.token(&form).await.error();
    assert_eq!(
        words,
        "Auth error: Found different client_id in clientSession"
    );
    visitor.go_again(&client, &[]).await;
    let code = visitor.answered()["code"].clone();
    let form = redeeming(&client, &code);
    let without: Vec<_> = form
        .into_iter()
        .filter(|pair| pair.0 != "code_verifier")
        .collect();
    let (_, _, words) = realm.token(&without).await.error();
    assert_eq!(words, "PKCE code verifier not specified");
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_keycloaks_words() {
    let realm = UnderTest::open().await;
    let good = [
        ("grant_type", "password"),
        ("client_id", "checker"),
        ("client_secret", "checker-secret"),
        ("username", "alice"),
        ("password", "alice"),
    ];
    let credentials = "Invalid client or Invalid client credentials";
    for (name, value, status, error, description) in [
        (
            "password",
            "no",
            400,
            "invalid_grant",
            "Invalid user credentials",
        ),
        (
            "client_secret",
            "no",
            401,
            "unauthorized_client",
            credentials,
        ),
        (
            "client_secret",
            "-",
            401,
            "unauthorized_client",
            credentials,
        ),
        ("client_id", "nope", 401, "invalid_client", credentials),
        ("client_id", "-", 401, "invalid_client", credentials),
        (
            "client_id",
            "editor",
            400,
            "unauthorized_client",
            "Client not allowed for direct access grants",
        ),
        (
            "grant_type",
            "foo",
            400,
            "unsupported_grant_type",
            "Unsupported grant_type",
        ),
        (
            "grant_type",
            "-",
            400,
            "invalid_request",
            "Missing form parameter: grant_type",
        ),
        (
            "username",
            "-",
            401,
            "invalid_request",
            "Missing parameter: username",
        ),
        (
            "scope",
            "nope",
            400,
            "invalid_scope",
            "Invalid scopes: nope",
        ),
    ] {
        let mut form: Vec<_> = good.into_iter().filter(|pair| pair.0 != name).collect();
        if value != "-" {
            form.push((name, value));
        }
        let refused = (status, error.to_owned(), description.to_owned());
        assert_eq!(realm.token(&form).await.error(), refused, "{name}={value}");
    }
    let credentials = [
        ("grant_type", "client_credentials"),
        ("client_id", "editor"),
    ];
    let (status, _, words) = realm.token(&credentials).await.error();
    assert_eq!(status, 401);
    assert_eq!(
        words,
        "Public client not allowed to retrieve service account"
    );
    for (form, words) in [
        (
            [("grant_type", "refresh_token"), ("a", "b")],
            "No refresh token",
        ),
        (
            [("grant_type", "refresh_token"), ("refresh_token", "x")],
            "Invalid refresh token",
        ),
    ] {
        assert_eq!(realm.token_of_checker(&form).await.error().2, words);
    }
    let json = realm.http.post(realm.endpoint("token"));
    let json = send(json.json(&serde_json::json!({ "grant_type": "password" }))).await;
    assert_eq!(json.error().2, "Missing form parameter: grant_type");
    let get = realm.get(&realm.endpoint("token")).await;
    assert_eq!(
        get.error(),
        (405, "HTTP 405 Method Not Allowed".to_owned(), String::new())
    );
}

#[tokio::test]
async fn userinfo_wants_a_token_with_openid() {
    let realm = UnderTest::open().await;
    let token_for = async |scope: &str| {
        let form = [
            ("grant_type", "password"),
            ("username", "alice"),
            ("password", "alice"),
            ("scope", scope),
        ];
        let tokens = realm.token_of_checker(&form).await.json();
        tokens["access_token"].as_str().unwrap().to_owned()
    };
    let ask = async |token: &str| {
        let request = realm.http.get(realm.endpoint("userinfo"));
        send(request.bearer_auth(token)).await
    };
    let told = ask(&token_for("openid").await).await.json();
    assert_eq!(
        names(told.as_object().unwrap()),
        ["name", "preferred_username", "sub"]
    );
    assert_eq!(told["preferred_username"], "alice");
    let without = ask(&token_for("mcp:access").await).await;
    assert_eq!((without.status, without.body.as_str()), (403, ""));
    let bad = ask("x.y.z").await;
    assert_eq!(bad.status, 401);
    assert!(
        bad.header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
    let none = realm.get(&realm.endpoint("userinfo")).await;
    assert_eq!(none.status, 401);
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"workshop\"");
}
