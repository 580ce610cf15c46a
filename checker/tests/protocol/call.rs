//! A request that is being answered, and what can be said to its client meanwhile.

use std::sync::Arc;

use axum::http::Extensions;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::elicit::States;
use super::message::{Era, INTERNAL_ERROR, Request, RpcError};

pub struct Call {
    pub request: Request,
    pub connection: Arc<Connection>,
    /// What something in front of the server has found out about the request; nothing over stdio.
    pub extensions: Extensions,
    /// What goes to the client before the answer, on the stream of the call or on the pipe.
    outbox: UnboundedSender<Value>,
    token: CancellationToken,
    pub(super) states: Arc<States>,
    /// What the client was asked in earlier rounds of this call, with its answers.
    pub(super) answers: Map<String, Value>,
}

/// Why a call ends before it is done.
pub enum Stop {
    Error(RpcError),
    /// With a result all the same: a tool error, or the wish for more input.
    Result(Value),
}

impl Stop {
    pub fn tool_error(text: impl Into<String>) -> Self {
        let text: String = text.into();
        let content = json!([{ "type": "text", "text": text }]);
        Self::Result(json!({ "content": content, "isError": true }))
    }
}

impl From<RpcError> for Stop {
    fn from(error: RpcError) -> Self {
        Self::Error(error)
    }
}

impl Call {
    /// Begins to answer a request. What the call sends goes to `outbox`.
    pub fn begin(
        request: Request,
        connection: Arc<Connection>,
        outbox: UnboundedSender<Value>,
        states: Arc<States>,
    ) -> Self {
        Self {
            token: connection.begin(&request),
            answers: Map::new(),
            extensions: Extensions::new(),
            request,
            connection,
            outbox,
            states,
        }
    }

    pub fn era(&self) -> Era {
        self.request.era
    }

    pub fn params(&self) -> &Value {
        &self.request.params
    }

    /// What the client can do, as it says.
    pub fn client_capabilities(&self) -> &Value {
        match self.era() {
            Era::Modern => self
                .request
                .meta("clientCapabilities")
                .unwrap_or(&Value::Null),
            Era::Legacy => self.connection.capabilities(),
        }
    }

    /// Sends the client a request on the stream of this call, and waits for the answer. Modern
    /// clients take no requests: see [`Self::elicit`].
    pub async fn ask(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        let failed = |why: &str| RpcError::new(INTERNAL_ERROR, format!("{method}: {why}"));
        if self.era() == Era::Modern {
            return Err(failed("a modern client takes no requests"));
        }
        let (id, answer) = self.connection.ask();
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        tokio::select! {
            answer = answer => answer.unwrap_or_else(|_| Err(failed("the client is gone"))),
            () = self.cancelled() => Err(failed("the call was cancelled")),
        }
    }

    pub fn notify(&self, method: &str, params: &Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Reports how far the call is, if the client wants to know.
    pub fn progress(&self, done: u64, total: u64) {
        let token = &self.params()["_meta"]["progressToken"];
        if !token.is_null() {
            let params = json!({ "progressToken": token, "progress": done, "total": total });
            self.notify("notifications/progress", &params);
        }
    }

    /// Ends when the client no longer wants an answer.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Cancels the call when it is dropped.
    pub fn cancels_when_dropped(&self) -> tokio_util::sync::DropGuard {
        self.token.clone().drop_guard()
    }

    fn send(&self, message: Value) {
        // Nobody listens to a call that was given up.
        let _ = self.outbox.send(message);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.connection.end(&self.request);
    }
}
