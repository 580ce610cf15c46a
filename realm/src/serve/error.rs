//! What is refused, in Keycloak's words.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, PRAGMA};
use serde_json::json;

/// An error of OAuth (RFC 6749, 5.2), as a body of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OAuthError {
    pub status: StatusCode,
    pub error: String,
    pub description: Option<String>,
}

impl OAuthError {
    pub(super) fn new(status: StatusCode, error: &str, description: impl Into<String>) -> Self {
        Self {
            status,
            error: error.to_owned(),
            description: Some(description.into()),
        }
    }

    /// With status 400.
    pub(super) fn bad(error: &str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, description)
    }

    /// Code and description, for people.
    pub(super) fn words(&self) -> String {
        match &self.description {
            Some(description) => format!("{}: {description}", self.error),
            None => self.error.clone(),
        }
    }

    /// Without a description.
    pub(super) fn plain(status: StatusCode, error: &str) -> Self {
        Self {
            status,
            error: error.to_owned(),
            description: None,
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.error });
        if let Some(description) = self.description {
            body["error_description"] = json!(description);
        }
        let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
        (self.status, headers, Json(body)).into_response()
    }
}

/// `{"error":"HTTP 405 Method Not Allowed"}`
pub(super) fn plain_error(status: StatusCode) -> Response {
    OAuthError::plain(status, &format!("HTTP {status}")).into_response()
}
