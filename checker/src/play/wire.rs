//! What crossed the wire in one tab: the last messages, each with what it is for, in bounded memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::escape::visible_up_to;
use crate::mcp::message::{Kind, Message, Side};
use crate::mcp::transcript::{Crossed, Received};

/// As many messages are kept,
const MOST: usize = 1_000;

/// unless they are larger than this together.
const MOST_BYTES: usize = 48_000_000;

/// As much of each is shown without being asked for.
const PREVIEW_CHARS: usize = 400;

/// A message, as the page lists it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its number, from 0.
    pub number: usize,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The exchange that it belongs to.
    pub exchange: usize,
    /// `client` or `server`.
    pub from: &'static str,
    /// `request`, `response`, `notification`, or `other`.
    pub kind: &'static str,
    /// The method, or nothing.
    pub method: String,
    /// The id, as JSON.
    pub id: Option<Value>,
    /// What it is for.
    pub purpose: String,
    /// How it was sent.
    pub via: String,
    /// Its beginning.
    pub preview: String,
    /// Whether it says that something went wrong.
    pub wrong: bool,
    /// How large it is, in bytes.
    pub bytes: usize,
    #[serde(skip)]
    whole: Whole,
}

#[derive(Clone, Debug)]
enum Whole {
    Json(Arc<Value>),
    Text(String),
}

/// The last messages. Whoever follows them is told of more.
#[derive(Debug)]
pub struct Wire {
    kept: Mutex<Kept>,
    total: watch::Sender<usize>,
    began: Instant,
    began_at: u64,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
    total: usize,
}

impl Default for Wire {
    fn default() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            kept: Mutex::default(),
            total: watch::Sender::default(),
            began: Instant::now(),
            began_at: now.map_or(0, |now| now.as_millis() as u64),
        }
    }
}

impl Wire {
    /// Adds what has crossed.
    pub fn push(&self, crossed: &Crossed<'_>) {
        let mut entry = self.entry(crossed);
        let mut kept = self.kept.lock();
        entry.number = kept.total;
        kept.total += 1;
        kept.bytes += entry.bytes;
        kept.entries.push_back(entry);
        while kept.entries.len() > MOST || (kept.bytes > MOST_BYTES && kept.entries.len() > 1) {
            let oldest = kept.entries.pop_front().map_or(0, |entry| entry.bytes);
            kept.bytes -= oldest;
        }
        let total = kept.total;
        drop(kept);
        self.total.send_replace(total);
    }

    fn entry(&self, crossed: &Crossed<'_>) -> Entry {
        let elapsed = self.began.elapsed().as_millis() as u64;
        let mut entry = Entry {
            number: 0,
            at: self.began_at + elapsed,
            exchange: crossed.index.number(),
            from: match crossed.from {
                Side::Client => "client",
                Side::Server => "server",
            },
            kind: "other",
            method: String::new(),
            id: None,
            purpose: crossed.purpose.to_owned(),
            via: String::new(),
            preview: String::new(),
            wrong: false,
            bytes: 0,
            whole: Whole::Text(String::new()),
        };
        match crossed.what {
            Received::Text(text) => {
                entry.preview = visible_up_to(PREVIEW_CHARS, text);
                entry.bytes = text.len();
                entry.wrong = true;
                entry.whole = Whole::Text(text.clone());
            }
            Received::Json(message) => {
                let text = message.json.to_string();
                entry.bytes = text.len();
                entry.preview = beginning(&text);
                entry.whole = Whole::Json(Arc::clone(&message.json));
                of_message(&mut entry, crossed, message);
            }
        }
        entry
    }

    /// Is told of more.
    pub fn changes(&self) -> watch::Receiver<usize> {
        self.total.subscribe()
    }

    /// The last of the messages after the first `seen` ones, at most this many, and how many there
    /// are in all.
    pub fn last(&self, seen: usize, most: usize) -> (Vec<Entry>, usize) {
        let kept = self.kept.lock();
        let new = (kept.total - seen).min(kept.entries.len()).min(most);
        let skipped = kept.entries.len() - new;
        (
            kept.entries.iter().skip(skipped).cloned().collect(),
            kept.total,
        )
    }

    /// The whole of a message: its JSON, or its text.
    pub fn whole(&self, number: usize) -> Option<Value> {
        let kept = self.kept.lock();
        let first = kept.total - kept.entries.len();
        let entry = kept.entries.get(number.checked_sub(first)?)?;
        Some(match &entry.whole {
            Whole::Json(json) => json.as_ref().clone(),
            Whole::Text(text) => Value::String(text.clone()),
        })
    }
}

fn of_message(entry: &mut Entry, crossed: &Crossed<'_>, message: &Message) {
    let from_client = crossed.from == Side::Client;
    match &message.kind {
        Kind::Request { method, id } => {
            entry.kind = "request";
            entry.method.clone_from(method);
            entry.id = Some(id.clone());
            if from_client {
                crossed.via.clone_into(&mut entry.via);
            } else {
                entry.purpose = "the server asks its client".to_owned();
            }
        }
        Kind::Response { id } => {
            entry.kind = "response";
            entry.id = Some(id.clone());
            let result = &message.json["result"];
            entry.wrong = message.json.get("error").is_some() || result["isError"] == true;
            entry.purpose = match (from_client, result["resultType"].as_str()) {
                (true, _) => "your answer to the server's question".to_owned(),
                (false, Some("input_required")) => "it asks a question first".to_owned(),
                (false, Some("task")) => "it became a task".to_owned(),
                (false, _) => crossed.purpose.to_owned(),
            };
        }
        Kind::Notification { method } => {
            entry.kind = "notification";
            entry.method.clone_from(method);
            entry.purpose = match method.as_str() {
                "notifications/progress" => "its progress".to_owned(),
                "notifications/message" => "the server logs something".to_owned(),
                "notifications/cancelled" => "nobody waits for that request any longer".to_owned(),
                "notifications/tools/list_changed"
                | "notifications/resources/list_changed"
                | "notifications/prompts/list_changed" => "a list has changed".to_owned(),
                _ if from_client => crossed.purpose.to_owned(),
                _ => String::new(),
            };
        }
        // A request without a message, or what came for it: a document, a login.
        Kind::Other if from_client && message.json.is_null() => {
            crossed.via.clone_into(&mut entry.method);
            crossed.via.clone_into(&mut entry.via);
            entry.preview.clear();
            entry.bytes = 0;
        }
        Kind::Other => entry.wrong = crossed.carries_messages(),
    }
    entry.purpose = visible_up_to(200, &entry.purpose);
    entry.method = visible_up_to(100, &entry.method);
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(PREVIEW_CHARS) {
        Some((end, _)) => visible_up_to(PREVIEW_CHARS, &text[..end]) + " …",
        None => visible_up_to(PREVIEW_CHARS, text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mcp::Transcript;

    fn wire() -> (Arc<Wire>, Transcript) {
        let wire = Arc::<Wire>::default();
        let tapped = Arc::clone(&wire);
        let transcript = Transcript::tapped(10, Box::new(move |crossed| tapped.push(crossed)));
        (wire, transcript)
    }

    #[test]
    fn each_message_says_what_it_is_for() {
        let (wire, transcript) = wire();
        let connection = transcript.connect();
        transcript.purpose("you called buy");
        let call = json!({ "id": 1, "method": "tools/call" });
        let index = connection.send("POST /mcp", call);
        let asks = json!({ "id": 1, "method": "elicitation/create" });
        connection.receive(index, asks);
        connection.send(
            "POST /mcp",
            json!({ "id": 1, "result": { "action": "accept" } }),
        );
        connection.receive(index, json!({ "id": 1, "result": { "isError": true } }));
        let (entries, total) = wire.last(0, 10);
        let told: Vec<_> = entries
            .iter()
            .map(|one| (one.from, one.kind, one.purpose.as_str(), one.wrong))
            .collect();
        assert_eq!(total, 4);
        assert_eq!(
            told,
            [
                ("client", "request", "you called buy", false),
                ("server", "request", "the server asks its client", false),
                (
                    "client",
                    "response",
                    "your answer to the server's question",
                    false
                ),
                ("server", "response", "you called buy", true),
            ]
        );
        assert_eq!(wire.whole(0).unwrap()["method"], "tools/call");
    }

    #[test]
    fn a_flood_takes_bounded_memory_and_the_last_messages_are_kept() {
        let (wire, transcript) = wire();
        let connection = transcript.connect();
        let index = connection.send("stdin", json!({ "id": 1, "method": "tools/call" }));
        let large = "x".repeat(1_000_000);
        for number in 0..200 {
            connection.receive(index, json!({ "method": "x", "params": [number, large] }));
        }
        let (entries, total) = wire.last(0, usize::MAX);
        assert_eq!(total, 201);
        let bytes: usize = entries.iter().map(|one| one.bytes).sum();
        assert!(bytes <= MOST_BYTES && entries.len() < 50, "{bytes}");
        assert!(entries.iter().all(|one| one.preview.len() < 600));
        assert_eq!(wire.whole(200).unwrap()["params"][0], 199);
        assert_eq!(wire.whole(3), None);
        assert_eq!(wire.last(199, 10).0.len(), 2);
    }
}
