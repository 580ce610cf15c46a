//! A session in a person's hands: any request, by its method and params, answered whenever the
//! server gets to it, and taken back at any time. What comes of it is given as it crossed the wire.

use rmcp::model::ClientRequest;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::error::{ErrorKind, RequestError};
use super::responder::Held;
use super::session::{Pending, Session, failure};
use super::transcript::Index;

/// A request that was sent, and is not answered yet.
pub struct Sent {
    pending: Pending,
    /// Its exchange in the record.
    pub index: Index,
}

impl Session {
    /// From here on, what the server asks is answered by whoever reads this. Not to be mixed with
    /// [`Session::begin`] and all that stands on it, which read it too.
    pub fn questions(&self) -> UnboundedReceiver<Held> {
        self.responder().hold()
    }

    /// Sends a request, and returns as soon as it is on its way.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when it cannot be sent.
    pub async fn ask(&self, method: &str, params: Value) -> Result<Sent, RequestError> {
        let request = json!({ "method": method, "params": params });
        let request: ClientRequest = serde_json::from_value(request).map_err(|error| {
            let wrong = format!("a request that cannot be written: {error}");
            failure(None, ErrorKind::Shape(wrong))
        })?;
        let pending = self.send(request).await?;
        let index = self.index(&pending).await;
        Ok(Sent { pending, index })
    }

    /// Waits for the result. Being dropped loses nothing.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] when there is none.
    pub async fn told(&self, sent: &mut Sent) -> Result<Value, RequestError> {
        let answered = self.wait(&mut sent.pending).await?;
        let (_, exchange) = self.result(&sent.pending, answered)?;
        Ok(exchange.result().clone())
    }

    /// Takes a request back, and tells the server so: over modern HTTP by closing the stream, else
    /// by a notification.
    pub async fn take_back(&self, sent: Sent, reason: &str) {
        self.cancel(sent.pending, reason).await;
    }
}
