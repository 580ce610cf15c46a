//! By which names the realm is reached.

use serde_json::json;

use crate::differences::FOREIGN_HOST;
use crate::under_test::{Answer, UnderTest, send};

async fn asked_as(realm: &UnderTest, host: &str, path: &str) -> Answer {
    send(
        realm
            .http
            .get(format!("{}{path}", realm.issuer))
            .header("host", host),
    )
    .await
}

#[tokio::test]
async fn every_name_of_this_machine_will_do() {
    let realm = UnderTest::open().await;
    for host in ["localhost:8180", "127.0.0.1:8181", "[::1]", "LOCALHOST"] {
        let answer = asked_as(&realm, host, "").await;
        assert_eq!(answer.status, 200, "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn a_foreign_host_is_not_answered() {
    let realm = UnderTest::open().await;
    for host in [
        "evil.example",
        "localhost.evil.example:8180",
        "127.0.0.1.evil.example",
    ] {
        for path in ["", "/.well-known/openid-configuration"] {
            let answer = asked_as(&realm, host, path).await;
            let status = answer.status.to_string();
            assert!(realm.does(&FOREIGN_HOST, &status), "{host}: {answer:?}");
            if !realm.is_keycloak {
                let words = format!("This realm is at {}", realm.origin);
                let error = json!({ "error": "Invalid host", "error_description": words });
                assert_eq!(answer.json(), error);
            }
        }
    }
}
