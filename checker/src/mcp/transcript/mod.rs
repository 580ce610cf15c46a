//! The record of what crossed the wire, with what each message was for.
//!
//! It is kept in exchanges: a message and what came back for it. Requests go both ways, and client
//! and server number theirs independently, each connection anew: so an exchange is found by the
//! connection, who asked, and the id.

mod connection;
mod exchange;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

pub use self::connection::Connection;
pub use self::exchange::{Exchange, Received};
use super::message::Side;

/// The record of a check: a growing list of exchanges. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    record: Mutex<Record>,
    /// Told of each change, for those that wait for one.
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Record {
    purpose: String,
    exchanges: Vec<Exchange>,
    /// The newest exchange of each request.
    requests: HashMap<Key, Index>,
    connections: usize,
}

/// What a request is found by: the connection, who asked, and the id as JSON.
type Key = (usize, Side, String);

/// Which exchange is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index(usize);

impl Transcript {
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
    fn receive(&mut self, index: Index, received: Received) {
        if let Some(exchange) = self.exchanges.get_mut(index.0) {
            exchange.took = exchange.begin.elapsed();
            exchange.received.push(received);
        }
    }
}
