//! Legacy sessions over HTTP: `initialize` opens one, DELETE ends it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};

use super::connection::{Connection, lock};

pub const SESSION_ID: &str = "mcp-session-id";

#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, Arc<Connection>>>);

impl Sessions {
    /// Opens a session, and gives its id.
    pub fn open(&self, connection: Arc<Connection>) -> String {
        let id = format!("{:032x}", rand::random::<u128>());
        lock(&self.0).insert(id.clone(), connection);
        id
    }

    /// The session that a request belongs to, or the status that refuses it.
    pub fn of(&self, headers: &HeaderMap) -> Result<Arc<Connection>, StatusCode> {
        let session = lock(&self.0).get(id(headers)?).cloned();
        session.ok_or(StatusCode::NOT_FOUND)
    }

    pub fn end(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let session = lock(&self.0).remove(id(headers)?);
        session.ok_or(StatusCode::NOT_FOUND)?.close();
        Ok(())
    }
}

fn id(headers: &HeaderMap) -> Result<&str, StatusCode> {
    let id = headers.get(SESSION_ID).and_then(|id| id.to_str().ok());
    id.ok_or(StatusCode::BAD_REQUEST)
}
