//! What is in the tokens.

use crate::under_test::{UnderTest, claims, header, names, scopes, send, with_form};
use serde_json::json;

#[tokio::test]
async fn a_token_for_the_store_has_its_audience_and_its_user() {
    let realm = UnderTest::open().await;
    let form = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", "alice"),
        ("scope", "openid mcp:access"),
    ];
    let tokens = realm.token_of_checker(&form).await.json();
    let token = &tokens["access_token"];
    let keys = realm.get(&realm.endpoint("certs")).await.json();
    let signing = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["use"] == "sig")
        .unwrap();
    let head = header(token);
    assert_eq!(head["alg"], "RS256");
    assert_eq!(head["typ"], "JWT");
    assert_eq!(head["kid"], signing["kid"]);
    let claims = claims(token);
    let all = [
        "aud",
        "azp",
        "exp",
        "iat",
        "iss",
        "jti",
        "name",
        "preferred_username",
        "scope",
        "sid",
        "sub",
        "typ",
    ];
    assert_eq!(names(&claims), all);
    assert_eq!(claims["iss"], realm.issuer);
    assert_eq!(claims["aud"], "product-store");
    assert_eq!(claims["azp"], "checker");
    assert_eq!(claims["preferred_username"], "alice");
    assert_eq!(
        scopes(&claims["scope"]),
        scopes(&json!("openid profile mcp:access"))
    );
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 300);
}

#[tokio::test]
async fn without_the_scope_there_is_no_audience_and_another_scope_has_it_too() {
    let realm = UnderTest::open().await;
    let with = async |scope: &str| {
        let form = [
            ("grant_type", "password"),
            ("username", "bob"),
            ("password", "bob"),
            ("scope", scope),
        ];
        claims(&realm.token_of_checker(&form).await.json()["access_token"])
    };
    assert!(!with("profile").await.contains_key("aud"));
    let accessories = with("mcp:accessories").await;
    assert_eq!(accessories["aud"], "product-store");
    assert!(!scopes(&accessories["scope"]).contains("mcp:access"));
    let both = with("mcp:access mcp:accessories").await;
    assert_eq!(both["aud"], "product-store", "one audience is a text");
}

#[tokio::test]
async fn a_program_on_its_own_account_has_no_session() {
    let realm = UnderTest::open().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "mcp:access"),
    ];
    let tokens = realm.token_of_checker(&form).await.json();
    let fields = [
        "access_token",
        "expires_in",
        "not-before-policy",
        "refresh_expires_in",
        "scope",
        "token_type",
    ];
    assert_eq!(names(tokens.as_object().unwrap()), fields);
    let claims = claims(&tokens["access_token"]);
    assert_eq!(claims["preferred_username"], "service-account-checker");
    assert!(!claims.contains_key("sid"));
}

#[tokio::test]
async fn the_secret_may_come_as_basic() {
    let realm = UnderTest::open().await;
    let request = realm.http.post(realm.endpoint("token"));
    let request = request.basic_auth("checker", Some("checker-secret"));
    let form = [("grant_type", "client_credentials")];
    assert_eq!(send(with_form(request, form)).await.status, 200);
}
