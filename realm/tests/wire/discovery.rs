//! Where everything is.

use serde_json::json;

use crate::differences::MORE_METADATA;
use crate::under_test::{UnderTest, names, send, stand_in};

#[tokio::test]
async fn metadata_is_found_under_three_paths_and_not_under_the_fourth() {
    let realm = UnderTest::open().await;
    let mut documents = Vec::new();
    for path in [
        "/realms/workshop/.well-known/openid-configuration",
        "/realms/workshop/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/realms/workshop",
    ] {
        let answer = realm.get(&format!("{}{path}", realm.origin)).await;
        assert_eq!(answer.status, 200, "{path}");
        documents.push(answer.json());
    }
    assert_eq!(documents[0], documents[1]);
    assert_eq!(documents[0], documents[2]);
    let other = "/.well-known/openid-configuration/realms/workshop";
    let answer = realm.get(&format!("{}{other}", realm.origin)).await;
    assert_eq!(
        answer.error(),
        (404, "HTTP 404 Not Found".to_owned(), String::new())
    );
    for path in [
        "/realms/nope",
        "/realms/nope/.well-known/openid-configuration",
    ] {
        let answer = realm.get(&format!("{}{path}", realm.origin)).await;
        assert_eq!(
            answer.error(),
            (404, "Realm does not exist".to_owned(), String::new())
        );
    }
}

#[tokio::test]
async fn metadata_says_what_mcp_clients_look_for() {
    let realm = UnderTest::open().await;
    let metadata = realm
        .get(&format!(
            "{}/.well-known/openid-configuration",
            realm.issuer
        ))
        .await;
    let metadata = metadata.json();
    assert_eq!(metadata["issuer"], realm.issuer);
    for (name, endpoint) in [
        ("authorization_endpoint", "auth"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("jwks_uri", "certs"),
    ] {
        assert_eq!(metadata[name], realm.endpoint(endpoint));
    }
    let registration = format!("{}/clients-registrations/openid-connect", realm.issuer);
    assert_eq!(metadata["registration_endpoint"], registration);
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["plain", "S256"])
    );
    let methods = metadata["token_endpoint_auth_methods_supported"]
        .as_array()
        .unwrap();
    assert!(
        !methods.contains(&json!("none")),
        "though public clients work"
    );
    let mut scopes: Vec<&str> = metadata["scopes_supported"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|scope| scope.as_str())
        .collect();
    scopes.sort_unstable();
    let all = [
        "basic",
        "mcp:access",
        "mcp:accessories",
        "offline_access",
        "openid",
        "profile",
    ];
    assert_eq!(scopes, all);
    let lists_more = metadata.get("end_session_endpoint").is_some();
    assert!(realm.does(&MORE_METADATA, &lists_more.to_string()));
}

#[tokio::test]
async fn one_key_signs_and_another_one_only_encrypts() {
    let realm = UnderTest::open().await;
    let keys = realm.get(&realm.endpoint("certs")).await.json();
    let keys = keys["keys"].as_array().unwrap();
    let of_use = |usage: &str| {
        let mut keys = keys.iter().filter(|key| key["use"] == usage);
        keys.next().unwrap_or_else(|| panic!("no key for {usage}"))
    };
    for (usage, algorithm) in [("sig", "RS256"), ("enc", "RSA-OAEP")] {
        let key = of_use(usage);
        assert_eq!(key["alg"], algorithm);
        assert_eq!(key["kty"], "RSA");
        assert_eq!(key["e"], "AQAB");
        assert!(key["kid"].is_string() && key["n"].is_string());
    }
    assert_ne!(of_use("sig")["kid"], of_use("enc")["kid"]);
}

#[tokio::test]
async fn any_page_may_read_what_is_public() {
    let realm = UnderTest::open().await;
    for url in [
        format!("{}/.well-known/openid-configuration", realm.issuer),
        realm.endpoint("certs"),
    ] {
        let answer = send(realm.http.get(url).header("origin", "http://page.example")).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "http://page.example"
        );
    }
}

#[tokio::test]
async fn the_realm_says_its_name_and_its_key() {
    let realm = UnderTest::open().await;
    let answer = realm.get(&realm.issuer).await;
    let said = answer.json();
    let fields = [
        "account-service",
        "public_key",
        "realm",
        "token-service",
        "tokens-not-before",
    ];
    assert_eq!(names(said.as_object().unwrap()), fields);
    assert_eq!(said["realm"], "workshop");
    assert!(
        said["public_key"]
            .as_str()
            .unwrap()
            .starts_with("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A")
    );
}

/// Of Keycloak that is asked by its administrator, which this is not.
#[tokio::test]
async fn after_a_rotation_the_new_key_signs_and_the_old_one_is_still_listed() {
    let (origin, stand_in) = stand_in().await;
    let realm = UnderTest::at(origin, false);
    let kids = async || {
        let keys = realm.get(&realm.endpoint("certs")).await.json();
        let keys = keys["keys"].as_array().unwrap().clone();
        let kids = keys
            .iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned());
        kids.collect::<Vec<_>>()
    };
    let signer = async || {
        let form = [("grant_type", "client_credentials")];
        let token = realm.token_of_checker(&form).await.json();
        let kid = crate::under_test::header(&token["access_token"])["kid"].clone();
        kid.as_str().unwrap().to_owned()
    };
    let (before, first) = (kids().await, signer().await);
    stand_in.rotate_keys().unwrap();
    let (after, second) = (kids().await, signer().await);
    assert_ne!(first, second);
    assert_eq!(after.len(), before.len() + 1);
    assert!(after.contains(&first) && after.contains(&second));
}
