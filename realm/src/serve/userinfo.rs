//! Who a token is about (OpenID Connect Core, 5.3).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use super::cors;
use crate::state::Realm;
use crate::tokens::{Grant, Place};

pub(super) async fn answer(State(realm): State<Realm>, asked: HeaderMap) -> Response {
    cors::readable(&asked, answered(&realm, &asked))
}

fn answered(realm: &Realm, asked: &HeaderMap) -> Response {
    let name = &realm.file().realm;
    let bearer = asked
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.split_once(' '));
    let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        return refused(StatusCode::UNAUTHORIZED, format!("Bearer realm=\"{name}\""));
    };
    let Some(claims) = realm.read_access_token(token.trim()) else {
        let challenge = format!(
            "Bearer realm=\"{name}\", error=\"invalid_token\", error_description=\"Token verification failed\""
        );
        return refused(StatusCode::UNAUTHORIZED, challenge);
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let scopes: Vec<String> = text("scope").split(' ').map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == crate::OPENID) {
        let challenge = format!(
            "Bearer realm=\"{name}\", error=\"insufficient_scope\", error_description=\"Missing openid scope\""
        );
        return refused(StatusCode::FORBIDDEN, challenge);
    }
    let Some(subject) = realm.subject(text("preferred_username")) else {
        return refused(StatusCode::UNAUTHORIZED, format!("Bearer realm=\"{name}\""));
    };
    let mut body = Map::from_iter([("sub".to_owned(), json!(subject.id()))]);
    let grant = Grant {
        client: text("azp").to_owned(),
        subject,
        scopes,
        session: None,
        signed_in: None,
        nonce: None,
    };
    body.extend(grant.claims(realm.file(), Place::Userinfo));
    Json(body).into_response()
}

fn refused(status: StatusCode, challenge: String) -> Response {
    (status, [(WWW_AUTHENTICATE, challenge)]).into_response()
}
