//! What the checker plays for clients, when the attendee's program is the client.
//!
//! - [`house`] is what the server offers: its name, tools and resources, as data,
//! - [`server`] serves a house over HTTP, on one era,
//! - [`record`] notes every message as it crossed the wire,
//! - [`lock`] lets in only those with the key, and says where others can log in,
//! - [`model`] is the model of an agent: an endpoint that speaks the API of OpenAI.

pub mod house;
pub mod lock;
pub mod model;
pub mod record;
pub mod server;

pub use self::house::{Answer, House, OfferedResource, OfferedTool};
pub use self::lock::{Lock, METADATA};
pub use self::record::{Record, Request};
pub use self::server::Counterpart;
