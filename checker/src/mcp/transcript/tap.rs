//! Looking on while messages cross the wire.

use super::connection::Connection;
use super::{Index, Received, Record};
use crate::mcp::message::{Message, Side};

/// Is shown everything, in the order in which it crosses. It is called while the record is locked:
/// it must be quick, and leave the record alone.
pub type Tap = Box<dyn Fn(&Crossed<'_>) + Send + Sync>;

/// Something that has crossed the wire.
#[derive(Clone, Copy, Debug)]
pub struct Crossed<'r> {
    /// The exchange that it belongs to. What a server asks belongs to the one that it came with.
    pub index: Index,
    /// Who sent it.
    pub from: Side,
    /// What the exchange is for.
    pub purpose: &'r str,
    /// How the exchange was sent: `POST /mcp`, or `stdin`.
    pub via: &'r str,
    /// What the exchange began with.
    pub sent: Option<&'r Message>,
    /// What it is.
    pub what: &'r Received,
}

impl Crossed<'_> {
    /// Whether it belongs to an exchange of messages, and not to the web beside it.
    pub fn carries_messages(&self) -> bool {
        self.sent.is_none_or(|message| !message.json.is_null())
    }
}

impl Connection {
    pub(super) fn show(&self, record: &Record, index: Index, from: Side, what: &Received) {
        let Some(tap) = &self.transcript.0.tap else {
            return;
        };
        let exchange = record.get(index);
        tap(&Crossed {
            index,
            from,
            purpose: exchange.map_or("", |exchange| &exchange.purpose),
            via: exchange.map_or("", |exchange| &exchange.via),
            sent: exchange.map(|exchange| &exchange.sent),
            what,
        });
    }
}
