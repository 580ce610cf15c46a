//! A message, and what came back for it.

use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::mcp::message::{Message, Side};

/// One message, with everything that came back for it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What the check wants to learn by it.
    pub purpose: String,
    /// How it was sent: `POST /mcp`, with the headers worth seeing, or `stdin`.
    pub via: String,
    /// The message.
    pub sent: Message,
    /// The HTTP status, over HTTP.
    pub status: Option<StatusCode>,
    /// The headers of the HTTP response.
    pub headers: HeaderMap,
    /// What came back, in order. A server may ask its client something before it answers.
    pub received: Vec<Received>,
    /// From sending to the last thing received.
    pub took: Duration,
    /// How many bytes of the body have come back so far, over HTTP.
    pub bytes: usize,
    /// Whether nothing more can come back.
    pub ended: bool,
    pub(super) begin: Instant,
    pub(super) connection: usize,
}

/// Something that came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// JSON.
    Json(Message),
    /// Anything else: the beginning of it.
    Text(String),
}

impl Exchange {
    /// The last message that answers the request.
    pub fn answer(&self) -> Option<&Value> {
        self.messages()
            .rev()
            .find(|message| message.answers(&self.sent))
            .map(|message| message.json.as_ref())
    }

    /// The result in the answer; null when there is none.
    pub fn result(&self) -> &Value {
        self.answer()
            .map_or(&Value::Null, |answer| &answer["result"])
    }

    /// The notifications of this method that came before the answer: their `params`.
    pub fn notifications(&self, method: &str) -> impl Iterator<Item = &Value> {
        self.messages()
            .filter(move |message| message.method() == Some(method) && !message.is_request())
            .map(|message| &message.json["params"])
    }

    /// Whether nothing more is awaited.
    pub(super) fn is_over(&self) -> bool {
        self.ended || !self.sent.is_request() || self.answer().is_some()
    }

    /// Forgets what came first, but not an answer.
    pub(super) fn forget_all_but(&mut self, most: usize) {
        while self.received.len() > most {
            let is_answer = |received: &Received| match received {
                Received::Json(message) => message.answers(&self.sent),
                Received::Text(_) => false,
            };
            let oldest = self.received.iter().position(|one| !is_answer(one));
            self.received.remove(oldest.unwrap_or(0));
        }
    }

    pub(super) fn is_clients_request(&self) -> bool {
        self.sent.from == Side::Client && self.sent.is_request()
    }

    /// The JSON that came back.
    fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.received.iter().filter_map(|received| match received {
            Received::Json(message) => Some(message),
            Received::Text(_) => None,
        })
    }
}
