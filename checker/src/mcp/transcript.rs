//! The record of what crossed the wire, with what each message was for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// One message to the server, with everything that came back for it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What the check wants to learn by it.
    pub purpose: String,
    /// How it was sent: `POST /mcp`, with the headers worth seeing, or `stdin`.
    pub via: String,
    /// The JSON-RPC message.
    pub sent: Value,
    /// The HTTP status line, over HTTP.
    pub status: Option<String>,
    /// The messages that came back, in order.
    pub received: Vec<Received>,
    /// From sending to the last thing received.
    pub took: Duration,
    /// How many bytes of the body have come back so far, over HTTP.
    pub bytes: usize,
    /// Whether nothing more can come back.
    pub ended: bool,
    begin: Instant,
}

/// Something that came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A JSON message.
    Json(Value),
    /// Anything else: the beginning of it.
    Text(String),
}

impl Exchange {
    /// The last JSON message that answers the request: it has its id, or any error has none.
    pub fn answer(&self) -> Option<&Value> {
        let id = self.sent.get("id")?;
        self.received
            .iter()
            .rev()
            .find_map(|received| match received {
                Received::Json(value) if answers(value, id) => Some(value),
                _ => None,
            })
    }
}

/// Whether a message is the response to the request of this id.
pub fn answers(message: &Value, id: &Value) -> bool {
    let is_response = message.get("result").is_some() || message.get("error").is_some();
    is_response && message.get("id") == Some(id)
}

/// A growing list of exchanges. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    purpose: String,
    exchanges: Vec<Exchange>,
    /// Whether the one pipe that all requests go through is closed.
    closed: bool,
}

/// Which exchange a response belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Index(usize);

impl Transcript {
    /// Says what the messages from here on are for.
    pub fn purpose(&self, purpose: impl Into<String>) {
        self.lock().purpose = purpose.into();
    }

    /// Records that a message is being sent.
    pub fn send(&self, via: impl Into<String>, sent: Value) -> Index {
        let mut shared = self.lock();
        let purpose = match sent.get("method").and_then(Value::as_str) {
            Some("server/discover") => "learn what the server is, and what it can do".to_owned(),
            Some("initialize") => "begin a session and agree on a version".to_owned(),
            Some("notifications/initialized") => "end the handshake".to_owned(),
            _ => shared.purpose.clone(),
        };
        let ended = shared.closed;
        shared.exchanges.push(Exchange {
            purpose,
            via: via.into(),
            sent,
            status: None,
            received: Vec::new(),
            took: Duration::ZERO,
            bytes: 0,
            ended,
            begin: Instant::now(),
        });
        Index(shared.exchanges.len() - 1)
    }

    /// Records the status line of the HTTP response.
    pub fn status(&self, index: Index, status: String) {
        self.change(index, |exchange| exchange.status = Some(status));
    }

    /// Records that more of the body has come.
    pub fn more_bytes(&self, index: Index, bytes: usize) {
        self.change(index, |exchange| exchange.bytes += bytes);
    }

    /// Records something that came back.
    pub fn receive(&self, index: Index, received: Received) {
        self.change(index, |exchange| exchange.received.push(received));
    }

    /// Records that nothing more will come back.
    pub fn end(&self, index: Index) {
        self.change(index, |exchange| exchange.ended = true);
    }

    /// Records that a new pipe is open.
    pub fn open(&self) {
        self.lock().closed = false;
    }

    /// Records that the pipe is closed: nothing more will come back, whatever is sent.
    pub fn close(&self) {
        let mut shared = self.lock();
        shared.closed = true;
        for exchange in &mut shared.exchanges {
            exchange.ended = true;
        }
    }

    /// Records a message from a stream that all exchanges share, with the request it answers.
    pub fn receive_unordered(&self, received: Received) {
        let index = {
            let shared = self.lock();
            let asked = shared
                .exchanges
                .iter()
                .rposition(|exchange| match &received {
                    Received::Json(value) => {
                        exchange.sent.get("id").is_some_and(|id| answers(value, id))
                    }
                    Received::Text(_) => false,
                });
            asked.or(shared.exchanges.len().checked_sub(1)).map(Index)
        };
        if let Some(index) = index {
            self.receive(index, received);
        }
    }

    /// All exchanges so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lock().exchanges.clone()
    }

    /// How many exchanges there are so far.
    pub fn len(&self) -> usize {
        self.lock().exchanges.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The exchange of the request with this JSON-RPC id; the newest, if several.
    pub fn of_request(&self, id: &Value) -> Option<Exchange> {
        self.newest(|exchange| exchange.sent.get("id") == Some(id))
    }

    /// The last request, with what came back.
    pub fn last_request(&self) -> Option<Exchange> {
        self.newest(|exchange| exchange.sent.get("id").is_some())
    }

    /// The newest exchange that is wanted.
    pub fn newest(&self, wanted: impl Fn(&Exchange) -> bool) -> Option<Exchange> {
        let shared = self.lock();
        let mut newest_first = shared.exchanges.iter().rev();
        newest_first.find(|exchange| wanted(exchange)).cloned()
    }

    fn change(&self, index: Index, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.lock().exchanges.get_mut(index.0) {
            exchange.took = exchange.begin.elapsed();
            change(exchange);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
