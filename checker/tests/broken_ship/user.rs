//! Who sends a request, as its token says. Whether the token is good is not looked at here.

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub name: String,
}

/// The layer in front of the store.
pub async fn guard(mut request: Request, next: Next) -> Response {
    let Some(user) = user(request.headers()) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    request.extensions_mut().insert(user);
    next.run(request).await
}

fn user(headers: &HeaderMap) -> Option<User> {
    let (_, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1)?)
        .ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let text = |name: &str| Some(claims[name].as_str()?.to_owned());
    Some(User {
        id: text("sub")?,
        name: text("preferred_username")?,
    })
}
