//! What one connection writes into the record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{Exchange, Index, Received, Record, Transcript};
use crate::mcp::message::{Kind, Message, Side};

/// The part of the record that one connection writes. Ids are its own: those of another
/// connection are counted independently. Clones share it.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) transcript: Transcript,
    pub(super) number: usize,
    pub(super) closed: Arc<AtomicBool>,
}

impl Connection {
    /// The record that it is a part of.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Records that the client sends a message. Its reply to the server belongs to the exchange
    /// that the server began.
    pub fn send(&self, via: impl Into<String>, json: Value) -> Index {
        let message = Message::new(Side::Client, json);
        let crossed = Received::Json(message.clone());
        let mut record = self.transcript.lock();
        let index = match self.asked(&record, Side::Server, &message) {
            Some(index) => {
                if let Some(exchange) = record.get_mut(index) {
                    exchange.via = via.into();
                }
                record.receive(index, Received::Json(message));
                index
            }
            None => self.begin(&mut record, via.into(), message),
        };
        self.show(&record, index, Side::Client, &crossed);
        drop(record);
        self.transcript.changed();
        index
    }

    /// Records the head of the HTTP response.
    pub fn head(&self, index: Index, status: StatusCode, headers: &HeaderMap) {
        if !status.is_success() {
            let crossed = Received::Text(format!("HTTP {status}"));
            self.show(&self.transcript.lock(), index, Side::Server, &crossed);
        }
        self.change(index, |exchange| {
            exchange.status = Some(status);
            exchange.headers = headers.clone();
        });
    }

    /// Records that more of the body has come.
    pub fn more_bytes(&self, index: Index, bytes: usize) {
        self.change(index, |exchange| exchange.bytes += bytes);
    }

    /// Records JSON that the server sent for this exchange.
    pub fn receive(&self, index: Index, json: Value) {
        let message = Message::new(Side::Server, json);
        let mut record = self.transcript.lock();
        self.take_in(&mut record, index, message);
        drop(record);
        self.transcript.changed();
    }

    /// Records something that is not JSON.
    pub fn receive_text(&self, index: Index, text: impl Into<String>) {
        let text = Received::Text(text.into());
        let mut record = self.transcript.lock();
        self.show(&record, index, Side::Server, &text);
        record.receive(index, text);
        drop(record);
        self.transcript.changed();
    }

    /// Records JSON from a stream that all exchanges share, with the request it belongs to.
    pub fn receive_unordered(&self, json: Value) {
        let message = Message::new(Side::Server, json);
        let mut record = self.transcript.lock();
        if let Some(index) = self.belongs_to(&record, &message) {
            self.take_in(&mut record, index, message);
        }
        drop(record);
        self.transcript.changed();
    }

    /// The same for something that is not JSON.
    pub fn receive_text_unordered(&self, text: impl Into<String>) {
        let last = self.last(&self.transcript.lock(), |_| true);
        if let Some(last) = last {
            self.receive_text(last, text);
        }
    }

    /// Records that nothing more will come back.
    pub fn end(&self, index: Index) {
        self.change(index, |exchange| exchange.ended = true);
    }

    /// Records that the connection is closed: nothing more will come back, whatever is sent.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let mut record = self.transcript.lock();
        let mine = |exchange: &&mut Exchange| exchange.connection == self.number;
        for exchange in record.exchanges.iter_mut().filter(mine) {
            exchange.ended = true;
        }
        drop(record);
        self.transcript.changed();
    }

    /// One exchange, as it is now.
    pub fn get(&self, index: Index) -> Option<Exchange> {
        self.transcript.lock().get(index).cloned()
    }

    /// The client's last request, with what came back.
    pub fn last_request(&self) -> Option<Exchange> {
        let record = self.transcript.lock();
        let last = self.last(&record, Exchange::is_clients_request)?;
        record.get(last).cloned()
    }

    /// A notification of the client that the server answered with a failure.
    pub fn refused_notification(&self) -> Option<Exchange> {
        let record = self.transcript.lock();
        let is_refused = |exchange: &Exchange| {
            let failed = exchange.status.is_some_and(|status| !status.is_success());
            failed && matches!(exchange.sent.kind, Kind::Notification { .. })
        };
        let last = self.last(&record, is_refused)?;
        record.get(last).cloned()
    }

    /// Waits until an exchange is as wanted.
    pub async fn until(&self, index: Index, wanted: impl Fn(&Exchange) -> bool) {
        let is_wanted = |record: &Record| {
            let exchange = record.get(index)?;
            wanted(exchange).then_some(())
        };
        self.awaited(is_wanted).await;
    }

    /// The client's request of this id; the newest, if several.
    pub fn find(&self, id: &Value) -> Option<Index> {
        let key = (self.number, Side::Client, id.to_string());
        self.transcript.lock().requests.get(&key).copied()
    }

    /// Waits until the client has sent the request of this id.
    pub async fn request(&self, id: &Value) -> Index {
        let key = (self.number, Side::Client, id.to_string());
        self.awaited(|record| record.requests.get(&key).copied())
            .await
    }

    /// Waits until the client has sent a request.
    pub async fn first_request(&self) -> Index {
        let is_first = |exchange: &Exchange| {
            exchange.connection == self.number && exchange.is_clients_request()
        };
        let first = |record: &Record| {
            let place = record.exchanges.iter().position(is_first)?;
            Some(Index(record.forgotten + place))
        };
        self.awaited(first).await
    }

    /// Waits until the server has sent a notification of this method.
    pub async fn told(&self, method: &str) {
        let is_told = |exchange: &Exchange| {
            let is_mine = exchange.connection == self.number;
            is_mine && exchange.notifications(method).next().is_some()
        };
        let told = |record: &Record| record.exchanges.iter().any(is_told).then_some(());
        self.awaited(told).await;
    }

    async fn awaited<T>(&self, found: impl Fn(&Record) -> Option<T>) -> T {
        let mut changes = self.transcript.0.changes.subscribe();
        loop {
            if let Some(found) = found(&self.transcript.lock()) {
                return found;
            }
            // The sender lives as long as `self` does.
            let _ = changes.changed().await;
        }
    }

    fn change(&self, index: Index, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.transcript.lock().get_mut(index) {
            exchange.took = exchange.begin.elapsed();
            change(exchange);
        }
        self.transcript.changed();
    }

    fn begin(&self, record: &mut Record, via: String, sent: Message) -> Index {
        let purpose = match sent.method() {
            Some("server/discover") => "find out what the server is, and what it can do".to_owned(),
            Some("initialize") => "begin a session and agree on a version".to_owned(),
            Some("notifications/initialized") => "end the handshake".to_owned(),
            _ => record.purpose.clone(),
        };
        let index = record.next();
        if let Some(id) = sent.request_id() {
            let key = (self.number, sent.from, id.to_string());
            record.requests.insert(key, index);
        }
        record.push(Exchange {
            purpose,
            via,
            sent,
            status: None,
            headers: HeaderMap::new(),
            received: Vec::new(),
            took: Duration::ZERO,
            bytes: 0,
            ended: self.closed.load(Ordering::Relaxed),
            begin: Instant::now(),
            connection: self.number,
        });
        index
    }

    /// What the server asks its client begins an exchange of its own, beside the one that it came
    /// with.
    fn take_in(&self, record: &mut Record, index: Index, message: Message) {
        let crossed = Received::Json(message.clone());
        self.show(record, index, Side::Server, &crossed);
        if message.is_request() {
            self.begin(record, String::new(), message);
        }
        record.receive(index, crossed);
    }

    /// The exchange of the request that this message answers, if `side` asked it.
    fn asked(&self, record: &Record, side: Side, message: &Message) -> Option<Index> {
        match &message.kind {
            Kind::Response { id } => {
                let key = (self.number, side, id.to_string());
                record.requests.get(&key).copied()
            }
            Kind::Request { .. } | Kind::Notification { .. } | Kind::Other => None,
        }
    }

    /// Which of the client's exchanges a message of the server belongs to: the one that it
    /// answers or reports progress of, else the last request.
    fn belongs_to(&self, record: &Record, message: &Message) -> Option<Index> {
        let token = message.json["params"].get("progressToken");
        let reported = || {
            let of_token = |exchange: &Exchange| {
                exchange.sent.json["params"]["_meta"].get("progressToken") == token
            };
            token.and_then(|_| self.last(record, of_token))
        };
        let last_request = || {
            let is_begun = message.method().is_some();
            let last = self.last(record, Exchange::is_clients_request);
            last.filter(|_| is_begun)
        };
        self.asked(record, Side::Client, message)
            .or_else(reported)
            .or_else(last_request)
            .or_else(|| self.last(record, |_| true))
    }

    /// The client's newest exchange that is wanted.
    fn last(&self, record: &Record, wanted: impl Fn(&Exchange) -> bool) -> Option<Index> {
        let is_it = |exchange: &Exchange| {
            exchange.connection == self.number
                && exchange.sent.from == Side::Client
                && wanted(exchange)
        };
        let place = record.exchanges.iter().rposition(is_it)?;
        Some(Index(record.forgotten + place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(id: u32) -> Value {
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call" })
    }

    fn asks(id: u32) -> Value {
        json!({ "jsonrpc": "2.0", "id": id, "method": "elicitation/create" })
    }

    fn response(id: u32, said: &str) -> Value {
        json!({ "jsonrpc": "2.0", "id": id, "result": said })
    }

    #[test]
    fn a_reply_and_a_request_of_the_same_id_are_told_apart() {
        let connection = Transcript::default().connect();
        let called = connection.send("POST /mcp", call(1));
        connection.receive(called, asks(1));
        let replied = connection.send("POST /mcp", response(1, "accept"));
        assert_ne!(called, replied);
        connection.end(replied);
        let waiting = connection.get(called).unwrap();
        assert!(waiting.answer().is_none() && !waiting.ended);

        connection.receive(called, response(1, "bought"));
        assert_eq!(connection.get(called).unwrap().result(), "bought");
        let asked = connection.get(replied).unwrap();
        assert_eq!(asked.sent.method(), Some("elicitation/create"));
        assert_eq!(asked.result(), "accept");
        let last = connection.last_request().unwrap();
        assert_eq!(last.sent.method(), Some("tools/call"));
    }

    #[test]
    fn two_connections_may_count_alike() {
        let transcript = Transcript::default();
        let [one, two] = [transcript.connect(), transcript.connect()];
        let first = one.send("stdin", call(1));
        let second = two.send("stdin", call(1));
        one.receive_unordered(response(1, "first"));
        two.receive_unordered(response(1, "second"));
        assert_eq!(one.get(first).unwrap().result(), "first");
        assert_eq!(two.get(second).unwrap().result(), "second");
        one.close();
        assert!(one.get(first).unwrap().ended && !two.get(second).unwrap().ended);
    }

    #[test]
    fn on_a_shared_pipe_each_message_finds_its_exchange() {
        let connection = Transcript::default().connect();
        let with_token = |id, token: u32| {
            let mut call = call(id);
            call["params"] = json!({ "_meta": { "progressToken": token } });
            call
        };
        let first = connection.send("stdin", with_token(1, 7));
        let second = connection.send("stdin", with_token(2, 8));
        let params = json!({ "progressToken": 7, "progress": 1 });
        connection
            .receive_unordered(json!({ "method": "notifications/progress", "params": params }));
        connection.receive_unordered(asks(1));
        connection.receive_unordered(response(1, "first"));
        connection.receive_unordered(response(2, "second"));
        let [first, second] = [first, second].map(|index| connection.get(index).unwrap());
        assert_eq!(first.result(), "first");
        assert_eq!(second.result(), "second");
        assert_eq!(first.notifications("notifications/progress").count(), 1);
        assert_eq!(second.received.len(), 2);
    }

    #[test]
    fn a_record_with_a_bound_forgets_the_oldest_and_shows_everything() {
        let (shown, seen) = std::sync::mpsc::channel();
        let shown = parking_lot::Mutex::new(shown);
        let transcript = Transcript::tapped(
            3,
            Box::new(move |crossed| {
                let _ = shown.lock().send(crossed.index.number());
            }),
        );
        let connection = transcript.connect();
        let waits = connection.send("stdin", call(0));
        for _ in 0..10 {
            connection.receive(waits, json!({ "method": "notifications/progress" }));
        }
        for id in 1..10 {
            let index = connection.send("stdin", call(id));
            connection.receive(index, response(id, "done"));
            assert_eq!(connection.get(index).unwrap().result(), "done");
        }
        connection.receive(waits, response(0, "at last"));
        let first = connection.get(waits).unwrap();
        assert_eq!(
            (first.result(), first.received.len()),
            (&json!("at last"), 3)
        );
        let last = connection.send("stdin", call(10));
        assert!(connection.get(waits).is_none() && connection.find(&json!(0)).is_none());
        assert!(connection.find(&json!(10)) == Some(last) && transcript.len() == 3);
        assert_eq!(seen.try_iter().count(), 1 + 10 + 18 + 1 + 1);
    }

    #[tokio::test]
    async fn an_end_is_awaited() {
        let connection = Transcript::default().connect();
        let index = connection.send("POST /mcp", call(1));
        let ended = connection.until(index, |exchange| exchange.ended);
        tokio::join!(ended, async { connection.end(index) });
        assert_eq!(connection.request(&json!(1)).await, index);
    }
}
