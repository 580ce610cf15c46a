//! Which user a session belongs to.
//!
//! Legacy clients have a session, with an id from the server. The id does not prove who
//! somebody is: with their own token and the id of another user's session, users could answer that
//! user's questions. So a session belongs to the user who started it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::auth::User;

const SESSION: &str = "mcp-session-id";

/// The open sessions, and who started them.
pub struct Sessions {
    open: Arc<LocalSessionManager>,
    owners: Mutex<HashMap<String, String>>,
}

impl Sessions {
    pub fn of(open: Arc<LocalSessionManager>) -> Self {
        Self {
            open,
            owners: Mutex::default(),
        }
    }

    /// Passes on a request, unless it is for another user's session.
    pub async fn keep_apart(&self, user: &User, request: Request, next: Next) -> Response {
        if let Some(session) = id(request.headers()) {
            let owner = self.owners().get(&session).cloned();
            if owner.is_some_and(|owner| owner != user.id) {
                // As if the session did not exist, because others must not learn that it does.
                return (StatusCode::NOT_FOUND, "There is no such session.").into_response();
            }
        }
        let response = next.run(request).await;
        if let Some(session) = id(response.headers()) {
            let open = self.open.sessions.read().await;
            let mut owners = self.owners();
            owners.retain(|id, _| open.contains_key(id.as_str()));
            owners.entry(session).or_insert_with(|| user.id.clone());
        }
        response
    }

    fn owners(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(SESSION)?.to_str().ok()?;
    Some(id.to_owned())
}
