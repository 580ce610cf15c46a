//! Where everything is: metadata (RFC 8414, OpenID Connect Discovery) and keys (RFC 7517).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use super::cors;
use crate::state::Realm;

/// `/realms/workshop`
pub(super) async fn realm(State(realm): State<Realm>, asked: HeaderMap) -> Response {
    let issuer = realm.issuer();
    let key = realm.with_keys(|keys| BASE64_STANDARD.encode(keys.current().public_der()));
    let body = json!({
        "realm": realm.file().realm,
        "public_key": key,
        "token-service": format!("{issuer}/protocol/openid-connect"),
        "account-service": format!("{issuer}/account"),
        "tokens-not-before": 0,
    });
    cors::readable(&asked, Json(body).into_response())
}

/// `/.well-known/openid-configuration`, and the same for OAuth.
pub(super) async fn metadata(State(realm): State<Realm>, asked: HeaderMap) -> Response {
    let caching = [(
        CACHE_CONTROL,
        "no-cache, must-revalidate, no-transform, no-store",
    )];
    cors::readable(&asked, (caching, Json(document(&realm))).into_response())
}

/// Only what the stand-in does. Keycloak lists all that it can.
fn document(realm: &Realm) -> Value {
    let issuer = realm.issuer();
    let openid = format!("{issuer}/protocol/openid-connect");
    let registration = format!("{issuer}/clients-registrations/openid-connect");
    let scopes = realm
        .file()
        .client_scopes
        .iter()
        .map(|scope| scope.name.as_str());
    let scopes: Vec<&str> = std::iter::once(crate::OPENID).chain(scopes).collect();
    let mut methods = vec!["client_secret_basic", "client_secret_post"];
    let by_documents = realm.accepts_documents();
    if by_documents {
        methods.push("none");
    }
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{openid}/auth"),
        "token_endpoint": format!("{openid}/token"),
        "userinfo_endpoint": format!("{openid}/userinfo"),
        "jwks_uri": format!("{openid}/certs"),
        "registration_endpoint": registration,
        "grant_types_supported": [
            "authorization_code", "client_credentials", "password", "refresh_token",
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment"],
        "subject_types_supported": ["public"],
        "prompt_values_supported": ["none", "login", "consent"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claim_types_supported": ["normal"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "name", "preferred_username"],
        "scopes_supported": scopes,
        "token_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if by_documents {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    document
}

/// `/protocol/openid-connect/certs`
pub(super) async fn keys(State(realm): State<Realm>, asked: HeaderMap) -> Response {
    let keys = realm.with_keys(|keys| keys.jwks());
    let caching = [(CACHE_CONTROL, "no-cache")];
    cors::readable(&asked, (caching, Json(keys)).into_response())
}
