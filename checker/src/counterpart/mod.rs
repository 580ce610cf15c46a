//! What the checker plays when the attendee's program is the client.

pub mod model;
