//! The HTTP side of the wire: sends a message, records and bounds what comes back.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::Arc;

use futures::stream::{BoxStream, Stream, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::Url;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, SseError, StreamableHttpClient, StreamableHttpError,
    StreamableHttpPostResponse,
};
use serde_json::Value;
use sse_stream::{Sse, SseStream};

use super::transcript::{Index, Received, Transcript, answers};
use super::trouble::{MAX_RESPONSE_BYTES, Trouble};

/// How much of something that is not JSON is kept to be shown.
const PREVIEW_BYTES: usize = 2_000;

/// Both kinds of answer that a client of Streamable HTTP must accept.
const ACCEPTED: &str = "application/json, text/event-stream";

/// A client of one endpoint. Clones share connections and transcript.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    url: Url,
    transcript: Transcript,
}

/// A response whose body has not been read yet.
#[derive(Debug)]
pub struct Pending {
    /// Status line and headers.
    pub response: reqwest::Response,
    index: Index,
}

impl Http {
    /// A client of `url` that records in `transcript`.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness or no resolver.
    pub fn new(url: Url, transcript: Transcript) -> Result<Self, Trouble> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("workshop-checker/", env!("CARGO_PKG_VERSION")))
            // A redirect is an answer that the check should see.
            .redirect(reqwest::redirect::Policy::none());
        let on_this_machine = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let builder = if on_this_machine {
            builder.no_proxy()
        } else {
            builder
        };
        let builder = match url.scheme() {
            "https" => builder,
            // To read the system's certificates takes a debug build 20 ms, and a check opens
            // dozens of sessions.
            _ => builder.tls_certs_only([]),
        };
        let client = builder.build().map_err(|error| unreachable(&error))?;
        Ok(Self {
            client,
            url,
            transcript,
        })
    }

    /// Where it sends to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a message as the body of a POST.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] when there is no response.
    pub async fn post(
        &self,
        message: Value,
        headers: HeaderMap,
        body: reqwest::Body,
    ) -> Result<Pending, Trouble> {
        let index = self.transcript.send(self.via(&headers), message);
        let request = self
            .client
            .post(self.url.clone())
            .header(ACCEPT, ACCEPTED)
            .header(CONTENT_TYPE, "application/json")
            .headers(headers)
            .body(body);
        match request.send().await {
            Ok(response) => {
                self.transcript.status(index, response.status().to_string());
                Ok(Pending { response, index })
            }
            Err(error) => {
                self.transcript.end(index);
                Err(unreachable(&error))
            }
        }
    }

    /// Reads a body until the answer to the request `id` has come, or to its end.
    ///
    /// # Errors
    ///
    /// When it is too large, or the connection ends before it does.
    pub async fn read(&self, pending: Pending, id: &Value) -> Result<(), Trouble> {
        let index = pending.index;
        let result = async {
            if is_event_stream(&pending.response) {
                let mut events = self.events(pending);
                while let Some(event) = events.next().await {
                    let event = event.map_err(|error| Trouble::Unreachable(error.to_string()))?;
                    let data = event.data.unwrap_or_default();
                    let message = serde_json::from_str(&data).unwrap_or_default();
                    if answers(&message, id) {
                        break;
                    }
                }
                Ok(())
            } else {
                self.body(pending).await.map(|_| ())
            }
        };
        let result = result.await;
        self.transcript.end(index);
        result
    }

    /// The whole body, recorded.
    async fn body(&self, pending: Pending) -> Result<Vec<u8>, Trouble> {
        let Pending { response, index } = pending;
        let chunks = bounded(response.bytes_stream(), self.transcript.clone(), index);
        let mut chunks = std::pin::pin!(chunks);
        let mut body = Vec::new();
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => body.extend_from_slice(&chunk),
                Err(error) => {
                    self.transcript.receive(index, preview(&body));
                    return Err(of_stream(&error));
                }
            }
        }
        if !body.is_empty() {
            let received =
                serde_json::from_slice(&body).map_or_else(|_| preview(&body), Received::Json);
            self.transcript.receive(index, received);
        }
        Ok(body)
    }

    /// The events of the body, recorded as they come.
    fn events(&self, pending: Pending) -> BoxStream<'static, Result<Sse, SseError>> {
        let transcript = self.transcript.clone();
        let index = pending.index;
        let ends = EndOnDrop(transcript.clone(), index);
        let bytes = bounded(pending.response.bytes_stream(), transcript.clone(), index);
        SseStream::from_bytes_stream(bytes)
            .inspect(move |event| {
                let _open = &ends;
                let Ok(Sse {
                    data: Some(data), ..
                }) = event
                else {
                    return;
                };
                // Legacy streams begin with an empty event, to be resumed from.
                if !data.trim().is_empty() {
                    let received = serde_json::from_str(data)
                        .map_or_else(|_| preview(data.as_bytes()), Received::Json);
                    transcript.receive(index, received);
                }
            })
            .boxed()
    }

    /// `POST /mcp`, with the headers that a reader of the trace wants to see.
    fn via(&self, headers: &HeaderMap) -> String {
        let worth_seeing = headers.iter().filter(|(name, _)| {
            *name == ORIGIN || *name == HOST || name.as_str().starts_with("mcp-")
        });
        let headers: String = worth_seeing
            .map(|(name, value)| format!("  {name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        format!("POST {}{headers}", self.url.path())
    }
}

/// Marks the exchange as ended when rmcp lets go of the stream, or it runs out.
struct EndOnDrop(Transcript, Index);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

/// rmcp's client rides on this wire, so that all its messages are recorded and bounded.
impl StreamableHttpClient for Http {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        _uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_token: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, HttpError> {
        let message = serde_json::to_value(&message)?;
        let mut headers: HeaderMap = custom_headers.into_iter().collect();
        let extra = [
            ("mcp-session-id", session_id.map(|id| id.to_string())),
            (
                "authorization",
                auth_token.map(|token| format!("Bearer {token}")),
            ),
        ];
        for (name, value) in extra {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        }
        let body = message.to_string().into();
        let id = message.get("id").cloned();
        let pending = self
            .post(message, headers, body)
            .await
            .map_err(as_unexpected)?;
        let response = &pending.response;
        if let (StatusCode::UNAUTHORIZED, Some(challenge)) =
            (response.status(), header(response, "www-authenticate"))
        {
            self.transcript.end(pending.index);
            return Err(StreamableHttpError::AuthRequired(AuthRequiredError::new(
                challenge,
            )));
        }
        let session = header(response, "mcp-session-id");
        if response.status().is_success() && is_event_stream(response) {
            return Ok(StreamableHttpPostResponse::Sse(
                self.events(pending),
                session,
            ));
        }
        let index = pending.index;
        let body = self.body(pending).await;
        self.transcript.end(index);
        let body = body.map_err(as_unexpected)?;
        let Some(id) = id else {
            return Ok(StreamableHttpPostResponse::Accepted);
        };
        // An answer to something else would leave rmcp waiting for ever.
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !answers(&answer, &id) {
            let wrong = Trouble::NotMcp(String::new());
            return Err(as_unexpected(wrong));
        }
        let answer: ServerJsonRpcMessage = serde_json::from_value(answer)?;
        Ok(StreamableHttpPostResponse::Json(answer, session))
    }

    async fn get_stream(
        &self,
        _uri: Arc<str>,
        _session_id: Option<Arc<str>>,
        _last_event_id: Option<String>,
        _auth_token: Option<String>,
        _custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, HttpError> {
        // Everything that the exercises send belongs to a request and comes on its stream.
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }

    async fn delete_session(
        &self,
        _uri: Arc<str>,
        session_id: Arc<str>,
        _auth_token: Option<String>,
        _custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), HttpError> {
        let request = self.client.delete(self.url.clone());
        let _ = request
            .header("mcp-session-id", session_id.as_ref())
            .send()
            .await;
        Ok(())
    }
}

type HttpError = StreamableHttpError<reqwest::Error>;

fn as_unexpected(trouble: Trouble) -> HttpError {
    StreamableHttpError::UnexpectedServerResponse(trouble.to_string().into())
}

fn is_event_stream(response: &reqwest::Response) -> bool {
    header(response, "content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// A header's value as text.
pub fn header(response: &reqwest::Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The same bytes, counted in the record, and an error after too many of them.
fn bounded<S, B>(
    stream: S,
    transcript: Transcript,
    index: Index,
) -> impl Stream<Item = io::Result<B>> + Send
where
    S: Stream<Item = Result<B, reqwest::Error>> + Send,
    B: AsRef<[u8]> + Send,
{
    let mut total = 0;
    stream.map(move |chunk| {
        let chunk = chunk.map_err(|error| io::Error::other(root_cause(&error)))?;
        total += chunk.as_ref().len();
        transcript.more_bytes(index, chunk.as_ref().len());
        if total > MAX_RESPONSE_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(chunk)
    })
}

fn of_stream(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Trouble::TooMuch {
            limit: MAX_RESPONSE_BYTES,
        },
        _ => Trouble::Unreachable(format!("a connection that ended early: {error}")),
    }
}

fn preview(bytes: &[u8]) -> Received {
    let end = bytes.len().min(PREVIEW_BYTES);
    Received::Text(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

fn unreachable(error: &reqwest::Error) -> Trouble {
    Trouble::Unreachable(format!("no answer: {}", root_cause(error)))
}

/// The innermost error: reqwest's own words only repeat the URL.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
