//! Speaking MCP. Knows no exercise.
//!
//! - [`session`] is a client as attendees' users have it: rmcp's, on one era, over HTTP or
//!   stdio,
//! - [`http`] and [`stdio`] are the wire under it, which records every exchange; checks use
//!   them directly for what a client hides,
//! - [`raw`] speaks HTTP by hand, with any header,
//! - [`probe`] finds out whether something speaks MCP at all,
//! - [`transcript`] is the record: what was sent, why, and what came back,
//! - [`trouble`] is everything that can come instead of a result.

pub mod http;
pub mod probe;
pub mod raw;
pub mod session;
pub mod stdio;
pub mod transcript;
pub mod trouble;

use std::fmt;

use rmcp::model::ProtocolVersion;
use serde::{Deserialize, Serialize};

pub use self::session::{Called, Session};
pub use self::transcript::Transcript;
pub use self::trouble::{Failure, Trouble};

/// The protocol generation that a check speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// 2026-07-28: stateless, `server/discover`.
    Modern,
    /// 2025-11-25: `initialize`.
    Legacy,
    /// Whichever: for a step that does not depend on it.
    Any,
}

impl Era {
    /// The two that are spoken, newest first.
    pub const ALL: [Self; 2] = [Self::Modern, Self::Legacy];

    /// The revision of the specification that stands for the era.
    pub fn version(self) -> ProtocolVersion {
        match self {
            Self::Modern | Self::Any => ProtocolVersion::V_2026_07_28,
            Self::Legacy => ProtocolVersion::V_2025_11_25,
        }
    }
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Modern => "modern",
            Self::Legacy => "legacy",
            Self::Any => "any",
        })
    }
}
