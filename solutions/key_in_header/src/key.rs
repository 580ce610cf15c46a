//! The key, and the layer that asks for it.

use std::env;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A shorter key could be guessed.
const SHORTEST: usize = 32;

// ANCHOR: key
/// The key. A `SecretString` does not show what is in it, so a log never has it by accident.
pub struct Key(SecretString);

impl Key {
    /// The key in `API_KEY`. Without one there is no server: it must not be open by mistake.
    pub fn from_environment() -> Result<Self> {
        let key = env::var("API_KEY").ok().context("API_KEY is not set")?;
        Self::new(key)
    }

    pub fn new(key: String) -> Result<Self> {
        ensure!(
            key.len() >= SHORTEST,
            "API_KEY is too short: use at least {SHORTEST} random characters"
        );
        Ok(Self(key.into()))
    }

    /// Whether this is the key. `==` stops at the first byte that differs, so the time that it
    /// takes says how many bytes were right. This one looks at all of them.
    fn is(&self, offered: &str) -> bool {
        let key = self.0.expose_secret().as_bytes();
        key.ct_eq(offered.as_bytes()).into()
    }

    /// The routes, for those who send this key.
    pub fn protect(self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(Arc::new(self), require))
    }
}

async fn require(State(key): State<Arc<Key>>, request: Request, next: Next) -> Response {
    if bearer(request.headers()).is_some_and(|offered| key.is(offered)) {
        return next.run(request).await;
    }
    let headers = [(WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, headers, "Send the key first.").into_response()
}

/// What comes in `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, offered) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(offered)
}
// ANCHOR_END: key
