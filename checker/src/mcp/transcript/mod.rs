//! The record of what crossed the wire, with what each message was for.
//!
//! It is kept in exchanges: a message and what came back for it. Requests go both ways, and client
//! and server number theirs independently, each connection anew: so an exchange is found by the
//! connection, who asked, and the id.

mod connection;
mod exchange;
mod tap;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

pub use self::connection::Connection;
pub use self::exchange::{Exchange, Received};
pub use self::tap::{Crossed, Tap};
use super::message::Side;

/// The record of a check: a growing list of exchanges. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Shared>);

#[derive(Default)]
struct Shared {
    record: Mutex<Record>,
    /// Told of each change, for those that wait for one.
    changes: watch::Sender<()>,
    /// Whoever looks on.
    tap: Option<Tap>,
}

#[derive(Debug, Default)]
struct Record {
    purpose: String,
    exchanges: VecDeque<Exchange>,
    /// How many exchanges were forgotten: those before the first.
    forgotten: usize,
    /// How many to keep, where the record must not grow for ever.
    kept: Option<usize>,
    /// The newest exchange of each request.
    requests: HashMap<Key, Index>,
    connections: usize,
}

/// What a request is found by: the connection, who asked, and the id as JSON.
type Key = (usize, Side, String);

/// Which exchange is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index(usize);

impl Index {
    /// Its number, from 0 in the order in which exchanges began.
    pub fn number(self) -> usize {
        self.0
    }
}

impl Transcript {
    /// A record for a session that goes on for hours: it keeps about this many exchanges, and as
    /// many messages of each, and shows everything to `tap` as it crosses the wire.
    pub fn tapped(kept: usize, tap: Tap) -> Self {
        Self(Arc::new(Shared {
            record: Mutex::new(Record {
                kept: Some(kept),
                ..Record::default()
            }),
            changes: watch::Sender::default(),
            tap: Some(tap),
        }))
    }

    /// Says what the messages from here on are for.
    pub fn purpose(&self, purpose: impl Into<String>) {
        self.lock().purpose = purpose.into();
    }

    /// Begins the part of a new connection.
    pub fn connect(&self) -> Connection {
        let mut record = self.lock();
        record.connections += 1;
        Connection {
            number: record.connections,
            transcript: self.clone(),
            closed: Arc::default(),
        }
    }

    /// All exchanges so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lock().exchanges.iter().cloned().collect()
    }

    /// How many exchanges there are so far.
    pub fn len(&self) -> usize {
        self.lock().exchanges.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The client's last request, with what came back.
    pub fn last_request(&self) -> Option<Exchange> {
        self.newest(Exchange::is_clients_request)
    }

    /// The newest exchange that is wanted.
    pub fn newest(&self, wanted: impl Fn(&Exchange) -> bool) -> Option<Exchange> {
        let record = self.lock();
        let mut newest_first = record.exchanges.iter().rev();
        newest_first.find(|exchange| wanted(exchange)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.record.lock()
    }

    fn changed(&self) {
        self.0.changes.send_replace(());
    }
}

impl Record {
    fn get(&self, index: Index) -> Option<&Exchange> {
        self.exchanges.get(index.0.checked_sub(self.forgotten)?)
    }

    fn get_mut(&mut self, index: Index) -> Option<&mut Exchange> {
        let place = index.0.checked_sub(self.forgotten)?;
        self.exchanges.get_mut(place)
    }

    /// The index that the next exchange gets.
    fn next(&self) -> Index {
        Index(self.forgotten + self.exchanges.len())
    }

    fn push(&mut self, exchange: Exchange) {
        self.exchanges.push_back(exchange);
        let Some(kept) = self.kept else {
            return;
        };
        // One that still waits is kept longer, unless there are very many.
        while self.exchanges.len() > kept
            && (self.exchanges.len() > 8 * kept
                || self.exchanges.front().is_some_and(Exchange::is_over))
        {
            let index = Index(self.forgotten);
            if let Some(oldest) = self.exchanges.pop_front()
                && let Some(id) = oldest.sent.request_id()
            {
                let key = (oldest.connection, oldest.sent.from, id.to_string());
                if self.requests.get(&key) == Some(&index) {
                    self.requests.remove(&key);
                }
            }
            self.forgotten += 1;
        }
    }

    fn receive(&mut self, index: Index, received: Received) {
        let most = self.kept.unwrap_or(usize::MAX);
        if let Some(exchange) = self.get_mut(index) {
            exchange.took = exchange.begin.elapsed();
            exchange.received.push(received);
            exchange.forget_all_but(most);
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
