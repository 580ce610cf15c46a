//! A client session on one era: rmcp's client, with deadlines and the record beside it.

use std::time::Duration;

use futures::future::BoxFuture;
use rmcp::model::*;
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt};
use rmcp::service::{PeerRequestOptions, RunningService, ServiceError};
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use rmcp::{ClientCacheConfig, RoleClient};
use serde::de::DeserializeOwned;
use sync_wrapper::SyncWrapper;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::Era;
use super::error::{ErrorKind, RequestError, beginning};
use super::http::Http;
use super::misfit::misfit;
use super::profile::ClientProfile;
use super::responder::Responder;
use super::stdio::Stdio;
use super::transcript::{Connection, Exchange, Index, Transcript};

/// How long rmcp may take to say, better than the record does, why there is no answer.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// Where a server is reached.
#[derive(Debug)]
pub enum Endpoint {
    /// Streamable HTTP.
    Http(reqwest::Url),
    /// The pipes of a child process.
    Stdio(ChildStdin, ChildStdout),
}

/// A session with a server. Dropping it ends it.
#[derive(Debug)]
pub struct Session {
    client: RunningService<RoleClient, Responder>,
    responder: Responder,
    connection: Connection,
}

/// A request that was sent and is not answered yet.
pub(super) struct Pending {
    pub(super) id: RequestId,
    // Only ever polled by its owner, so that a call can be shared with whoever watches it.
    answer: SyncWrapper<BoxFuture<'static, Result<ServerResult, ServiceError>>>,
}

impl Session {
    /// Opens a session, and records it in `transcript`.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] of the handshake.
    pub async fn connect(
        endpoint: Endpoint,
        profile: ClientProfile,
        transcript: &Transcript,
    ) -> Result<Self, RequestError> {
        let lifecycle = lifecycle(profile.era);
        let patience = profile.patience;
        let responder = Responder::new(profile);
        let client = responder.clone();
        match endpoint {
            Endpoint::Http(url) => {
                let http = Http::new(url, responder.profile(), transcript)?;
                let connection = http.connection().clone();
                let mut config = StreamableHttpClientTransportConfig::with_uri(http.url().as_str());
                config.reinit_on_expired_session = false;
                config.max_concurrent_requests = 64;
                let transport = StreamableHttpClientTransport::with_client(http, config);
                let opening = client.serve_with_lifecycle(transport, lifecycle);
                Self::open(responder, connection, patience.answer, opening).await
            }
            Endpoint::Stdio(stdin, stdout) => {
                let stdio = Stdio::new(stdin, stdout, transcript);
                let connection = stdio.connection().clone();
                let opening = client.serve_with_lifecycle(stdio, lifecycle);
                Self::open(responder, connection, patience.first_answer, opening).await
            }
        }
    }

    async fn open(
        responder: Responder,
        connection: Connection,
        patience: Duration,
        opening: impl Future<Output = Result<Running, ClientInitializeError>>,
    ) -> Result<Self, RequestError> {
        let mut opening = std::pin::pin!(opening);
        let second_thoughts = responder.profile().patience.second_thoughts;
        let hopeless = async {
            let first = connection.first_request().await;
            without_answer(&connection, first, second_thoughts).await
        };
        let opened = tokio::select! {
            opened = &mut opening => Some(opened),
            () = hopeless => timeout(LAST_WORDS, &mut opening).await.ok(),
            () = tokio::time::sleep(patience) => {
                let last = connection.last_request();
                let kind = silent(last.as_ref(), patience);
                return Err(failure(last.as_ref(), kind));
            }
        };
        match opened {
            Some(Ok(client)) => {
                let no_cache = ClientCacheConfig::disabled();
                client.set_response_cache_config(no_cache).await;
                Ok(Self {
                    client,
                    responder,
                    connection,
                })
            }
            error => {
                let refused = connection.refused_notification();
                let last = refused.or_else(|| connection.last_request());
                let known = last.as_ref().and_then(ErrorKind::of);
                let era = responder.profile().era;
                let kind = known.unwrap_or_else(|| match error {
                    Some(Err(error)) => of_handshake(era, &error, last.as_ref()),
                    _ => unanswered(last.as_ref()),
                });
                Err(failure(last.as_ref(), kind))
            }
        }
    }

    /// The era that it was opened on.
    pub fn era(&self) -> Era {
        self.responder.profile().era
    }

    /// What the server said of itself in the handshake.
    pub fn server(&self) -> Option<std::sync::Arc<ServerPeerInfo>> {
        self.client.peer_info()
    }

    /// What the server declared that it can do.
    pub fn capabilities(&self) -> ServerCapabilities {
        self.server()
            .map(|server| server.capabilities.clone())
            .unwrap_or_default()
    }

    /// The record of this session.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn responder(&self) -> &Responder {
        &self.responder
    }

    pub(super) async fn request(
        &self,
        request: ClientRequest,
    ) -> Result<(ServerResult, Exchange), RequestError> {
        let pending = self.send(request).await?;
        self.answer(pending).await
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: ClientRequest) -> Result<Pending, RequestError> {
        let options = PeerRequestOptions::no_options();
        let sending = self.client.send_cancellable_request(request, options);
        let handle = sending.await.map_err(|error| {
            let kind = ErrorKind::Unreachable(error.to_string());
            failure(self.connection.last_request().as_ref(), kind)
        })?;
        Ok(Pending {
            id: handle.id.clone(),
            answer: SyncWrapper::new(Box::pin(handle.await_response())),
        })
    }

    /// Waits for the answer to a request.
    pub(super) async fn answer(
        &self,
        mut pending: Pending,
    ) -> Result<(ServerResult, Exchange), RequestError> {
        let answer = self.wait(&mut pending).await?;
        self.result(&pending, answer)
    }

    /// The same, in pieces for those that listen to something else meanwhile: gives up on an
    /// answer that is late or cannot come any more. Being dropped loses nothing.
    pub(super) async fn wait(&self, pending: &mut Pending) -> Result<Answered, RequestError> {
        let id = serde_json::to_value(&pending.id).unwrap_or_default();
        let patience = self.responder.profile().patience;
        let second_thoughts = patience.second_thoughts;
        let hopeless = async {
            let index = self.connection.request(&id).await;
            without_answer(&self.connection, index, second_thoughts).await;
        };
        let patience = patience.answer;
        let answer = tokio::select! {
            answer = pending.answer.get_mut() => answer,
            () = hopeless => match timeout(LAST_WORDS, pending.answer.get_mut()).await {
                Ok(answer) => answer,
                Err(_) => {
                    let exchange = self.exchange(pending);
                    let kind = unanswered(exchange.as_ref());
                    return Err(failure(exchange.as_ref(), kind));
                }
            },
            () = tokio::time::sleep(patience) => {
                let exchange = self.exchange(pending);
                let kind = silent(exchange.as_ref(), patience);
                return Err(failure(exchange.as_ref(), kind));
            }
        };
        Ok(Answered(answer))
    }

    /// What an answer says, with the exchange that brought it.
    pub(super) fn result(
        &self,
        pending: &Pending,
        Answered(answer): Answered,
    ) -> Result<(ServerResult, Exchange), RequestError> {
        match (answer, self.exchange(pending)) {
            (Ok(result), Some(exchange)) => Ok((result, exchange)),
            (Err(ServiceError::McpError(error)), exchange) => {
                let kind = ErrorKind::Refused {
                    code: error.code.0.into(),
                    message: error.message.into_owned(),
                };
                Err(failure(exchange.as_ref(), kind))
            }
            (Err(error), exchange) => {
                let known = exchange.as_ref().and_then(ErrorKind::of);
                let kind = known.unwrap_or_else(|| match &error {
                    ServiceError::TransportSend(error) => of_transport(error),
                    other => ErrorKind::Unreachable(other.to_string()),
                });
                Err(failure(exchange.as_ref(), kind))
            }
            (Ok(_), None) => {
                let kind = ErrorKind::Shape("an answer to nothing".to_owned());
                Err(failure(None, kind))
            }
        }
    }

    /// Tells the server that nobody waits for the answer any more. Over modern HTTP the stream is
    /// closed instead, which says the same.
    pub(super) async fn cancel(&self, pending: Pending, reason: &str) {
        let reason = Some(reason.to_owned());
        let cancelled = CancelledNotificationParam::new(Some(pending.id), reason);
        let cancelled = CancelledNotification::new(cancelled);
        // Where the connection is gone there is nothing to tell.
        let _ = self.client.send_notification(cancelled.into()).await;
    }

    /// The exchange of a request, once it is on its way.
    pub(super) async fn index(&self, pending: &Pending) -> Index {
        let id = serde_json::to_value(&pending.id).unwrap_or_default();
        self.connection.request(&id).await
    }

    fn exchange(&self, pending: &Pending) -> Option<Exchange> {
        let id = serde_json::to_value(&pending.id).unwrap_or_default();
        self.connection.get(self.connection.find(&id)?)
    }
}

/// What rmcp's client made of an answer.
pub(super) struct Answered(Result<ServerResult, ServiceError>);

type Running = RunningService<RoleClient, Responder>;

/// Why rmcp's client did not accept an answer that was one.
fn of_handshake(era: Era, error: &ClientInitializeError, exchange: Option<&Exchange>) -> ErrorKind {
    match error {
        ClientInitializeError::ConnectionClosed(_) => lost(),
        ClientInitializeError::TransportError { error, .. } => of_transport(error),
        ClientInitializeError::NoCompatibleProtocolVersion {
            server_supported, ..
        } => {
            let supported: Vec<&str> = server_supported
                .iter()
                .map(ProtocolVersion::as_str)
                .collect();
            let supported = supported.join(", ");
            ErrorKind::Shape(format!(
                "supportedVersions without {}: {supported}",
                era.version()
            ))
        }
        ClientInitializeError::ExpectedInitResult(_) => {
            let result = exchange.map(Exchange::result).cloned().unwrap_or_default();
            let wrong = match era {
                Era::Modern => misfit::<DiscoverResult>(&result),
                Era::Legacy => misfit::<InitializeResult>(&result),
            };
            ErrorKind::Shape(match wrong {
                Some(wrong) => format!("a result that cannot be read: {wrong}"),
                None => "a result of another request".to_owned(),
            })
        }
        other => ErrorKind::Shape(other.to_string()),
    }
}

/// What the wire under rmcp said, without what rmcp says around it.
fn of_transport(error: &DynamicTransportError) -> ErrorKind {
    let words = error.error.to_string();
    let cause = words.strip_prefix("unexpected server response: ");
    ErrorKind::Unreachable(cause.unwrap_or(&words).to_owned())
}

/// Each era is asked for outright: rmcp's `Auto` would fall back in silence.
fn lifecycle(era: Era) -> ClientLifecycleMode {
    match era {
        Era::Modern => ClientLifecycleMode::Discover {
            preferred_versions: vec![era.version()],
        },
        Era::Legacy => ClientLifecycleMode::Initialize,
    }
}

/// Returns when a request has ended without an answer, or with one that no client can read.
async fn without_answer(connection: &Connection, index: Index, second_thoughts: Duration) {
    let ended = |exchange: &Exchange| exchange.ended && exchange.answer().is_none();
    let ended = connection.until(index, ended);
    tokio::select! {
        () = ended => (),
        () = unreadable(connection, index, second_thoughts) => (),
    }
}

/// Returns when, on stdio, something came that rmcp's client cannot read, and nothing followed for
/// this long. Over HTTP the end of the response says it at once.
async fn unreadable(connection: &Connection, index: Index, second_thoughts: Duration) {
    let is_there = |exchange: &Exchange| {
        exchange.status.is_none()
            && (exchange.answer().is_some() || ErrorKind::of(exchange).is_some())
    };
    let so_far = || {
        connection
            .get(index)
            .map(|exchange| exchange.received.len())
    };
    loop {
        connection.until(index, is_there).await;
        let before = so_far();
        tokio::time::sleep(second_thoughts).await;
        if so_far() == before {
            return;
        }
    }
}

/// Why there is no answer where none will come.
fn unanswered(exchange: Option<&Exchange>) -> ErrorKind {
    let Some(exchange) = exchange else {
        return lost();
    };
    ErrorKind::of(exchange).unwrap_or_else(|| match exchange.answer() {
        Some(answer) => {
            let answer = beginning(&answer.to_string());
            ErrorKind::Shape(format!("a response that no client can read: {answer}"))
        }
        None => lost(),
    })
}

fn lost() -> ErrorKind {
    ErrorKind::Unreachable("the connection ended before the answer".to_owned())
}

fn silent(exchange: Option<&Exchange>, after: Duration) -> ErrorKind {
    // Something may have come that no client takes for the answer.
    if let Some(kind) = exchange.and_then(ErrorKind::of) {
        return kind;
    }
    ErrorKind::too_late(after, exchange.map_or(0, |exchange| exchange.bytes))
}

/// A failure of the request in this exchange.
pub(super) fn failure(exchange: Option<&Exchange>, kind: ErrorKind) -> RequestError {
    RequestError {
        sent: exchange
            .map(|exchange| exchange.sent.describe())
            .unwrap_or_default(),
        kind,
    }
}

/// A result that is not the one of its request: which part of it cannot be read or, where it is
/// all of it, what came.
pub(super) fn shape<T: DeserializeOwned>(exchange: &Exchange, wanted: &str) -> RequestError {
    let result = exchange.result();
    let wrong = misfit::<T>(result).unwrap_or_else(|| beginning(&result.to_string()));
    let wrong = format!("{wanted} that cannot be read: {wrong}");
    failure(Some(exchange), ErrorKind::Shape(wrong))
}
