//! A token that may become another one while a client lives.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use parking_lot::RwLock;
use serde_json::Value;

/// A bearer token (RFC 6750, 2.1). Clones share it.
#[derive(Clone, Default)]
pub struct Bearer(Arc<RwLock<Option<HeaderValue>>>);

impl Bearer {
    /// A token. One that no header can hold is none.
    pub fn new(token: &str) -> Self {
        let bearer = Self::default();
        bearer.set(token);
        bearer
    }

    /// From now on this one.
    pub fn set(&self, token: &str) {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).ok();
        *self.0.write() = value.map(|mut value| {
            value.set_sensitive(true);
            value
        });
    }

    /// Puts it among the headers of a request.
    pub(super) fn put_into(&self, headers: &mut HeaderMap) {
        if let Some(value) = self.0.read().clone() {
            headers.insert(AUTHORIZATION, value);
        }
    }
}

/// What a token says, unproven; null where it is no JWT (RFC 7519).
pub fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap_or_default();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    serde_json::from_slice(&claims).unwrap_or_default()
}

impl fmt::Debug for Bearer {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").finish_non_exhaustive()
    }
}
