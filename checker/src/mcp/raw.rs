//! HTTP by hand, with any header and any body: what no client would send.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::Url;
use rmcp::model::Tool;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::http::{Http, header};
use super::message::{Message, Side};
use super::param_headers;
use super::profile::ClientProfile;
use super::session::failure;
use super::transcript::{Exchange, Transcript};
use super::{Era, ErrorKind, RequestError};

/// So many bytes of a refusal are there as soon as its head is.
const SHORT: u64 = 4096;

/// A hand-made session with an HTTP server. Clones share it.
#[derive(Clone, Debug)]
pub struct Raw {
    profile: ClientProfile,
    http: Http,
    session: Option<HeaderValue>,
    /// What it knows of the server's tools: some want arguments in headers too.
    tools: Vec<Tool>,
    next_id: Arc<AtomicU64>,
}

/// What came back for a hand-made request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status, as a number.
    pub status: u16,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The exchange as it was recorded.
    pub exchange: Exchange,
}

impl Raw {
    /// Does the handshake that the era asks for, by hand. Modern has none.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] of the legacy handshake.
    pub async fn open(
        url: Url,
        profile: ClientProfile,
        transcript: &Transcript,
    ) -> Result<Self, RequestError> {
        let mut raw = Self::without_handshake(url, profile, transcript)?;
        if raw.profile.era == Era::Legacy {
            raw.initialize().await?;
        }
        Ok(raw)
    }

    /// A client that has not greeted the server yet.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness or no resolver.
    pub fn without_handshake(
        url: Url,
        profile: ClientProfile,
        transcript: &Transcript,
    ) -> Result<Self, RequestError> {
        Ok(Self {
            http: Http::new(url, &profile, transcript)?,
            profile,
            session: None,
            tools: Vec::new(),
            // As no client counts, so that a trace shows at once what was sent by hand.
            next_id: Arc::new(AtomicU64::new(1000)),
        })
    }

    /// The message with which an older client greets the server.
    pub fn greeting(&self) -> Value {
        let params = serde_json::to_value(self.profile.config()).unwrap_or_default();
        self.message("initialize", params)
    }

    /// The same session, in which nothing of the profile's headers is sent any more: what goes into a
    /// header is for each request to say; and this goes into the address.
    pub fn bare(self, query: Option<&str>) -> Self {
        Self {
            http: self.http.bare(query),
            ..self
        }
    }

    /// Sends a request without a message, for which only the head of the answer is awaited: `GET`
    /// for a stream, `DELETE` for the end of the session.
    ///
    /// # Errors
    ///
    /// As [`Raw::send`].
    pub async fn send_nothing(
        &self,
        method: Method,
        extra: HeaderMap,
    ) -> Result<(u16, HeaderMap), RequestError> {
        let mut headers = self.headers(&Value::Null);
        headers.extend(extra);
        let patience = self.profile.patience.answer;
        let sent = format!("{method} {}", self.http.url().path());
        let asked = timeout(patience, self.http.request(method, headers)).await;
        let asked = asked.unwrap_or(Err(ErrorKind::Silent {
            after: patience,
            bytes: 0,
        }));
        let pending = asked.map_err(|kind| RequestError { sent, kind })?;
        let headers = pending.response.headers().clone();
        let status = pending.response.status();
        let is_short = pending
            .response
            .content_length()
            .is_some_and(|length| length < SHORT);
        if is_short && !status.is_success() {
            // A connection is used again where an answer was read to its end.
            let _ = timeout(patience, self.http.body(pending)).await;
        }
        Ok((status.as_u16(), headers))
    }

    /// Opens the stream on which a server of the legacy era speaks by itself, and leaves it open until the
    /// response is dropped.
    ///
    /// # Errors
    ///
    /// As [`Raw::send`].
    pub async fn listen(&self) -> Result<reqwest::Response, RequestError> {
        let patience = self.profile.patience.answer;
        let asked = self.http.request(Method::GET, self.headers(&Value::Null));
        let asked = timeout(patience, asked)
            .await
            .unwrap_or(Err(ErrorKind::Silent {
                after: patience,
                bytes: 0,
            }));
        let sent = format!("GET {}", self.http.url().path());
        Ok(asked.map_err(|kind| RequestError { sent, kind })?.response)
    }

    /// The same, which has seen the declaration of this tool.
    pub fn knowing(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    async fn initialize(&mut self) -> Result<(), RequestError> {
        let request = self.greeting();
        let (reply, session) = self.send_for_session(request, HeaderMap::new()).await?;
        if let Some(kind) = ErrorKind::of(&reply.exchange) {
            return Err(failure(Some(&reply.exchange), kind));
        }
        self.session = session;
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let reply = self.send(initialized, HeaderMap::new()).await?;
        match ErrorKind::of(&reply.exchange) {
            Some(kind) => Err(failure(Some(&reply.exchange), kind)),
            None => Ok(()),
        }
    }

    /// A request with an id of its own and, in the modern era, the metadata it must carry.
    pub fn message(&self, method: &str, mut params: Value) -> Value {
        if self.profile.era == Era::Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.profile.era.version(),
                "io.modelcontextprotocol/clientInfo": self.profile.config().client_info,
                "io.modelcontextprotocol/clientCapabilities": self.profile.capabilities,
            });
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    /// Sends a message with the headers of the era, and with `extra` in front of them.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] only when no HTTP response came: any status is a reply.
    pub async fn send(&self, message: Value, extra: HeaderMap) -> Result<Reply, RequestError> {
        let (reply, _) = self.send_for_session(message, extra).await?;
        Ok(reply)
    }

    async fn send_for_session(
        &self,
        message: Value,
        extra: HeaderMap,
    ) -> Result<(Reply, Option<HeaderValue>), RequestError> {
        let body = message.to_string();
        self.send_body(message, extra, body.into()).await
    }

    /// Sends `message`, with a body that the caller feeds as slowly as it likes. The time
    /// runs from the last byte if `patience` begins then, so the caller bounds it.
    ///
    /// # Errors
    ///
    /// As [`Raw::send`].
    pub async fn send_body(
        &self,
        message: Value,
        extra: HeaderMap,
        body: reqwest::Body,
    ) -> Result<(Reply, Option<HeaderValue>), RequestError> {
        let sent = Message::new(Side::Client, message.clone());
        let mut headers = self.headers(&message);
        headers.extend(extra);
        let patience = self.profile.patience.answer;
        let exchange = async {
            let pending = self.http.post(message, headers, body).await?;
            let status = pending.response.status().as_u16();
            let session = header(&pending.response, "mcp-session-id");
            let headers = pending.response.headers().clone();
            self.http.read(pending, &sent).await?;
            Ok((status, headers, session))
        };
        let outcome = match timeout(patience, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let bytes = self.recorded(&sent).map_or(0, |exchange| exchange.bytes);
                Err(ErrorKind::too_late(patience, bytes))
            }
        };
        let recorded = self.recorded(&sent);
        match (outcome, recorded) {
            (Ok((status, headers, session)), Some(exchange)) => {
                let session = session.and_then(|session| HeaderValue::from_str(&session).ok());
                let reply = Reply {
                    status,
                    headers,
                    exchange,
                };
                Ok((reply, session))
            }
            (Err(kind), exchange) => Err(failure(exchange.as_ref(), kind)),
            (Ok(_), None) => Err(failure(
                None,
                ErrorKind::Shape("an unrecorded message".to_owned()),
            )),
        }
    }

    fn recorded(&self, message: &Message) -> Option<Exchange> {
        let transcript = self.http.connection().transcript();
        transcript.newest(|exchange| exchange.sent == *message)
    }

    fn headers(&self, message: &Value) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut insert = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        let method = message["method"].as_str().unwrap_or_default();
        if method != "initialize" {
            insert("mcp-protocol-version", self.profile.era.version().as_str());
        }
        if self.profile.era == Era::Modern && !method.is_empty() {
            insert("mcp-method", method);
            let params = &message["params"];
            if let Some(name) = params["name"].as_str().or_else(|| params["uri"].as_str()) {
                insert("mcp-name", name);
            }
            let called = |tool: &&Tool| params["name"] == tool.name.as_ref();
            if method == "tools/call"
                && let Some(tool) = self.tools.iter().find(called)
            {
                headers.extend(param_headers::of(tool, &params["arguments"]));
            }
        }
        if let Some(session) = &self.session {
            headers.insert(HeaderName::from_static("mcp-session-id"), session.clone());
        }
        headers
    }
}
