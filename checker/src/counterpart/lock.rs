//! A door with a key: who comes without gets 401, and the way to where keys are given out
//! (RFC 9728, *OAuth 2.0 Protected Resource Metadata*).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::Url;
use serde_json::json;

/// Where a server publishes who protects it.
pub const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

/// A key that every request must carry.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The header that it goes in.
    pub header: HeaderName,
    /// The key.
    pub key: HeaderValue,
    /// Where one can log in to get one.
    pub login: Url,
}

struct Door {
    lock: Lock,
    /// `http://127.0.0.1:PORT`
    origin: String,
}

/// Locks what `inside` serves at `origin`, and puts the metadata beside it.
pub(super) fn locked(inside: Router, lock: Lock, origin: String) -> Router {
    let door = Arc::new(Door { lock, origin });
    inside
        .layer(middleware::from_fn_with_state(Arc::clone(&door), guard))
        .route(METADATA, get(metadata).with_state(door))
}

async fn guard(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    if request.headers().get(&door.lock.header) == Some(&door.lock.key) {
        return next.run(request).await;
    }
    let challenge = format!(
        "Bearer error=\"invalid_token\", resource_metadata=\"{}{METADATA}\"",
        door.origin
    );
    let headers = [(WWW_AUTHENTICATE, challenge)];
    (StatusCode::UNAUTHORIZED, headers, "Who are you?").into_response()
}

async fn metadata(State(door): State<Arc<Door>>) -> Response {
    let metadata = json!({
        "resource": format!("{}/mcp", door.origin),
        "authorization_servers": [door.lock.login.as_str()],
        "bearer_methods_supported": ["header"],
    });
    let headers = [(CONTENT_TYPE, "application/json")];
    (headers, metadata.to_string()).into_response()
}
