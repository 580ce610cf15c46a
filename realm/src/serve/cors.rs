//! Which pages may read the answers (CORS).

use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ORIGIN,
};

/// What Keycloak allows pages to send.
const HEADERS: &str = "Origin, Accept, X-Requested-With, Access-Control-Request-Method, \
                       Access-Control-Request-Headers, DPoP, Content-Type, Authorization";

/// The page that asks.
pub(super) fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN)?.to_str().ok()
}

/// An answer that the page may read.
pub(super) fn readable(asked: &HeaderMap, mut response: Response) -> Response {
    if let Some(origin) = asked.get(ORIGIN) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    response
}

/// Any page may ask whether it may ask: who gets an answer is decided there.
pub(super) async fn preflight(asked: HeaderMap) -> Response {
    preflight_for("POST, OPTIONS", &asked)
}

/// The same where clients are registered.
pub(super) async fn preflight_of_registration(asked: HeaderMap) -> Response {
    preflight_for("DELETE, POST, GET, OPTIONS, PUT", &asked)
}

fn preflight_for(methods: &'static str, asked: &HeaderMap) -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (ACCESS_CONTROL_MAX_AGE, "3600"),
    ];
    readable(asked, headers.into_response())
}
