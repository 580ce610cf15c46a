//! Speaking MCP. Knows no exercise.
//!
//! - [`profile`] describes a client: what it speaks, what it can do, what its user says,
//! - [`session`] is such a client as attendees' users have it: rmcp's, over HTTP or stdio; `list`
//!   and [`call`] are what it asks, `responder` what it answers,
//! - [`hand`] is that client in a person's hands: any request, taken back at any time,
//! - [`task`] is for calls that go on in the background,
//! - [`raw`] is the same client by hand, with any header and any body; `param_headers` are those
//!   that a tool asks for,
//! - [`bearer`] is a token that may be renewed,
//! - [`login`] is how a client gets a token for its user,
//! - [`plain`] is HTTP without a message,
//! - [`http`] and [`stdio`] are the wire under both, which records every exchange,
//! - [`message`] and [`transcript`] are the record: what was sent by whom, why, and what came back,
//! - [`probe`] finds out whether something speaks MCP at all,
//! - [`error`] is everything that can come instead of a result; `misfit` says which part of one its
//!   type does not take.

pub mod bearer;
pub mod call;
pub mod error;
pub mod hand;
pub mod http;
mod list;
pub mod login;
pub mod message;
mod misfit;
mod param_headers;
pub mod plain;
pub mod probe;
pub mod profile;
pub mod raw;
mod responder;
pub mod session;
pub mod stdio;
pub mod task;
pub mod transcript;

use std::fmt;

use rmcp::model::ProtocolVersion;
use serde::{Deserialize, Serialize};

pub use self::call::{Call, Called, InputRequired, Question, Reply};
pub use self::error::{ErrorKind, RequestError};
pub(crate) use self::misfit::misfit;
pub use self::profile::{Answer, ClientProfile, ToolCall};
pub use self::responder::Held;
pub use self::session::{Endpoint, Session};
pub use self::transcript::Transcript;

/// The protocol generation that a check speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// 2026-07-28: stateless, `server/discover`.
    Modern,
    /// 2025-11-25: `initialize`.
    Legacy,
}

impl Era {
    /// The two that are spoken, newest first.
    pub const ALL: [Self; 2] = [Self::Modern, Self::Legacy];

    /// The revision of the specification that stands for the era.
    pub fn version(self) -> ProtocolVersion {
        match self {
            Self::Modern => ProtocolVersion::V_2026_07_28,
            Self::Legacy => ProtocolVersion::V_2025_11_25,
        }
    }
}

impl Era {
    /// `modern` or `legacy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Modern => "modern",
            Self::Legacy => "legacy",
        }
    }
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
