//! What is open between a server and one of its clients: a legacy session, or a pipe. A modern
//! request over HTTP has one of its own, because that era is stateless.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::message::{Request, RpcError};

type Outcome = Result<Value, RpcError>;

pub struct Connection {
    /// What the client declared in `initialize`.
    capabilities: OnceLock<Value>,
    /// The id of the server's next request. It counts from 1, as most clients do: the two sides
    /// number their requests apart.
    next: AtomicU64,
    /// The server's own requests that wait for an answer, by id.
    asked: Mutex<HashMap<u64, oneshot::Sender<Outcome>>>,
    /// The client's requests that are being answered, by id as JSON.
    answering: Mutex<HashMap<String, CancellationToken>>,
    /// Cancelled when the client is gone.
    pub closed: CancellationToken,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            capabilities: OnceLock::new(),
            next: AtomicU64::new(1),
            asked: Mutex::default(),
            answering: Mutex::default(),
            closed: CancellationToken::new(),
        }
    }
}

impl Connection {
    pub fn greet(&self, capabilities: Value) {
        let _ = self.capabilities.set(capabilities);
    }

    /// What the client declared in `initialize`; null if it sent none.
    pub fn capabilities(&self) -> &Value {
        self.capabilities.get().unwrap_or(&Value::Null)
    }

    /// A fresh id for a request of the server's own, and where its answer will arrive. Nothing
    /// will once the client is gone.
    pub fn ask(&self) -> (u64, oneshot::Receiver<Outcome>) {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        let (answer, arrives) = oneshot::channel();
        lock(&self.asked).insert(id, answer);
        (id, arrives)
    }

    /// Takes the client's answer to a request of the server's own. It may come too late.
    pub fn answered(&self, id: &Value, outcome: Outcome) {
        let asked = id.as_u64().and_then(|id| lock(&self.asked).remove(&id));
        if let Some(waiting) = asked {
            let _ = waiting.send(outcome);
        }
    }

    /// Remembers that a request is being answered, until [`Self::end`].
    pub fn begin(&self, request: &Request) -> CancellationToken {
        let token = self.closed.child_token();
        if let Some(id) = &request.id {
            lock(&self.answering).insert(id.to_string(), token.clone());
        }
        token
    }

    pub fn end(&self, request: &Request) {
        if let Some(id) = &request.id {
            lock(&self.answering).remove(&id.to_string());
        }
    }

    /// Heeds a notification of the client.
    pub fn notified(&self, notification: &Request) {
        if notification.method == "notifications/cancelled" {
            let id = notification.params["requestId"].to_string();
            if let Some(token) = lock(&self.answering).get(&id) {
                token.cancel();
            }
        }
    }

    /// Ends what is still going on: the client is gone.
    pub fn close(&self) {
        self.closed.cancel();
        lock(&self.asked).clear();
    }
}

/// Nothing panics while it holds one of these.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
