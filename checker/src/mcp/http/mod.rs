//! The HTTP side of the wire: sends a message, records and bounds what comes back.

mod events;
mod for_rmcp;

use std::error::Error;
use std::io;

use futures::stream::{BoxStream, Stream, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, Method};
use reqwest::Url;
use rmcp::transport::streamable_http_client::SseError;
use serde_json::Value;
use sse_stream::Sse;

use crate::mcp::bearer::Bearer;
use crate::mcp::error::{ErrorKind, MAX_RESPONSE_BYTES, RequestError};
use crate::mcp::message::{Message, Side};
use crate::mcp::profile::ClientProfile;
use crate::mcp::transcript::{Connection, Index, Transcript};

/// How much of something that is not JSON is kept to be shown.
const PREVIEW_BYTES: usize = 2_000;

/// Both kinds of answer that a client of Streamable HTTP must accept.
const ACCEPTED: &str = "application/json, text/event-stream";

/// A client of one endpoint. Clones share its connections and its part of the record.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    url: Url,
    /// Sent with every request.
    headers: HeaderMap,
    bearer: Bearer,
    /// Whether the server may begin to talk by itself, so that it needs a stream to do so.
    listens: bool,
    connection: Connection,
}

/// A response whose body has not been read yet.
#[derive(Debug)]
pub struct Pending {
    /// Status line and headers.
    pub response: reqwest::Response,
    index: Index,
}

impl Http {
    /// A client of `url` with the headers of `profile`, recorded in `transcript`.
    ///
    /// # Errors
    ///
    /// When the system gives no randomness or no resolver.
    pub fn new(
        url: Url,
        profile: &ClientProfile,
        transcript: &Transcript,
    ) -> Result<Self, RequestError> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("workshop-checker/", env!("CARGO_PKG_VERSION")))
            // A redirect is an answer that the check should see.
            .redirect(reqwest::redirect::Policy::none());
        let builder = if is_loopback(&url) {
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
        let client = builder.build().map_err(|error| RequestError {
            sent: String::new(),
            kind: unreachable(&error),
        })?;
        Ok(Self {
            client,
            url,
            headers: profile.headers.clone(),
            bearer: profile.bearer.clone(),
            listens: profile.capabilities.elicitation.is_some(),
            connection: transcript.connect(),
        })
    }

    /// The same client, which sends nothing of its profile any more, and this in the address.
    pub fn bare(mut self, query: Option<&str>) -> Self {
        self.headers = HeaderMap::new();
        self.bearer = Bearer::default();
        self.url.set_query(query);
        self
    }

    /// What every request carries.
    fn own_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        self.bearer.put_into(&mut headers);
        headers
    }

    /// Its part of the record.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Where it sends to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a message as the body of a POST.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreachable`] when there is no response.
    pub async fn post(
        &self,
        message: Value,
        headers: HeaderMap,
        body: reqwest::Body,
    ) -> Result<Pending, ErrorKind> {
        let index = self
            .connection
            .send(self.via(&Method::POST, &headers), message);
        let request = self
            .client
            .post(self.url.clone())
            .header(ACCEPT, ACCEPTED)
            .header(CONTENT_TYPE, "application/json")
            .headers(self.own_headers())
            .headers(headers)
            .body(body);
        self.sent(index, request).await
    }

    /// Sends a request without a body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreachable`] when there is no response.
    pub async fn request(&self, method: Method, headers: HeaderMap) -> Result<Pending, ErrorKind> {
        let via = self.via(&method, &headers);
        let index = self.connection.send(via, Value::Null);
        let request = self
            .client
            .request(method, self.url.clone())
            .header(ACCEPT, ACCEPTED)
            .headers(self.own_headers())
            .headers(headers);
        self.sent(index, request).await
    }

    async fn sent(
        &self,
        index: Index,
        request: reqwest::RequestBuilder,
    ) -> Result<Pending, ErrorKind> {
        match request.send().await {
            Ok(response) => {
                self.connection
                    .head(index, response.status(), response.headers());
                Ok(Pending { response, index })
            }
            Err(error) => {
                self.connection.end(index);
                Err(unreachable(&error))
            }
        }
    }

    /// Reads a body until the answer to `request` has come, or to its end.
    ///
    /// # Errors
    ///
    /// When it is too large, or the connection ends before it does.
    pub async fn read(&self, pending: Pending, request: &Message) -> Result<(), ErrorKind> {
        let index = pending.index;
        let result = async {
            if is_event_stream(&pending.response) {
                let mut events = self.events(pending);
                while let Some(event) = events.next().await {
                    let event = event.map_err(|error| ErrorKind::Unreachable(error.to_string()))?;
                    let data = event.data.unwrap_or_default();
                    let message = serde_json::from_str(&data).unwrap_or_default();
                    if Message::new(Side::Server, message).answers(request) {
                        break;
                    }
                }
                Ok(())
            } else {
                self.body(pending).await.map(|_| ())
            }
        };
        let result = result.await;
        self.connection.end(index);
        result
    }

    /// The whole body, recorded.
    ///
    /// # Errors
    ///
    /// When it is too large, or the connection ends before it does.
    pub async fn body(&self, pending: Pending) -> Result<Vec<u8>, ErrorKind> {
        let Pending { response, index } = pending;
        let chunks = bounded(response.bytes_stream(), self.connection.clone(), index);
        let mut chunks = std::pin::pin!(chunks);
        let mut body = Vec::new();
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => body.extend_from_slice(&chunk),
                Err(error) => {
                    self.connection.receive_text(index, preview(&body));
                    return Err(of_stream(&error));
                }
            }
        }
        if !body.is_empty() {
            match serde_json::from_slice(&body) {
                Ok(json) => self.connection.receive(index, json),
                Err(_) => self.connection.receive_text(index, preview(&body)),
            }
        }
        Ok(body)
    }

    /// The events of the body, recorded as they come.
    fn events(&self, pending: Pending) -> BoxStream<'static, Result<Sse, SseError>> {
        let connection = self.connection.clone();
        let index = pending.index;
        let ends = EndOnDrop(connection.clone(), index);
        let bytes = bounded(pending.response.bytes_stream(), connection.clone(), index);
        events::messages(bytes)
            .inspect(move |event| {
                let _open = &ends;
                match data(event).map(|data| (serde_json::from_str(data), data)) {
                    Some((Ok(json), _)) => connection.receive(index, json),
                    Some((Err(_), data)) => {
                        connection.receive_text(index, preview(data.as_bytes()))
                    }
                    None => (),
                }
            })
            .boxed()
    }

    /// The events of a stream that belongs to no request: what the server says by itself.
    fn listened(&self, response: reqwest::Response) -> BoxStream<'static, Result<Sse, SseError>> {
        let connection = self.connection.clone();
        let bytes = response.bytes_stream();
        let bytes = bytes.map(|chunk| chunk.map_err(|error| io::Error::other(root_cause(&error))));
        events::messages(bytes)
            .inspect(move |event| {
                match data(event).map(|data| (serde_json::from_str(data), data)) {
                    Some((Ok(json), _)) => connection.receive_unordered(json),
                    Some((Err(_), data)) => {
                        connection.receive_text_unordered(preview(data.as_bytes()));
                    }
                    None => (),
                }
            })
            .boxed()
    }

    /// `POST /mcp`, with the headers that a reader of the trace wants to see.
    fn via(&self, method: &Method, headers: &HeaderMap) -> String {
        let is_of_interest =
            |name: &str| name == ORIGIN || name == HOST || name.starts_with("mcp-");
        let headers = worth_seeing(headers, is_of_interest);
        format!("{method} {}{headers}", self.url.path())
    }
}

/// Marks the exchange as ended when rmcp lets go of the stream, or it runs out.
struct EndOnDrop(Connection, Index);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

/// Whether a URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// What an event says. Legacy streams begin with an empty one, to be resumed from.
fn data(event: &Result<Sse, SseError>) -> Option<&str> {
    let data = event.as_ref().ok()?.data.as_deref()?;
    (!data.trim().is_empty()).then_some(data)
}

fn is_event_stream(response: &reqwest::Response) -> bool {
    header(response, "content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// The headers that a reader of the trace wants to see: `  mcp-method: tools/call`.
pub fn worth_seeing(headers: &HeaderMap, is_of_interest: impl Fn(&str) -> bool) -> String {
    let shown = headers
        .iter()
        .filter(|(name, _)| is_of_interest(name.as_str()));
    shown
        .map(|(name, value)| format!("  {name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

/// A header's value as text.
pub fn header(response: &reqwest::Response, name: &str) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The same bytes, counted in the record, and an error after too many of them.
fn bounded<S, B>(
    stream: S,
    connection: Connection,
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
        connection.more_bytes(index, chunk.as_ref().len());
        if total > MAX_RESPONSE_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(chunk)
    })
}

fn of_stream(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::FileTooLarge => ErrorKind::TooMuch {
            limit: MAX_RESPONSE_BYTES,
        },
        _ => ErrorKind::Unreachable(format!("a connection that closed early: {error}")),
    }
}

/// The beginning of something that is not JSON.
pub fn preview(bytes: &[u8]) -> String {
    let end = bytes.len().min(PREVIEW_BYTES);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn unreachable(error: &reqwest::Error) -> ErrorKind {
    let words = format!("no answer: {}", root_cause(error));
    if causes(error).any(is_not_http) {
        ErrorKind::NotHttp(words)
    } else {
        ErrorKind::Unreachable(words)
    }
}

fn is_not_http(cause: &(dyn Error + 'static)) -> bool {
    cause
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_parse)
}

/// The innermost error: reqwest's own words only repeat the URL.
pub fn root_cause(error: &(dyn Error + 'static)) -> String {
    let innermost = causes(error).last();
    innermost.map(ToString::to_string).unwrap_or_default()
}

/// An error and what caused it, from the outside in.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
