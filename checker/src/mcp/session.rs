//! A client session on one era: rmcp's client, with deadlines and the record beside it.

use std::time::Duration;

use rmcp::model::*;
use rmcp::service::{ClientInitializeError, ClientServiceExt};
use rmcp::service::{ClientLifecycleMode, PeerRequestOptions, RunningService, ServiceError};
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use rmcp::{ClientCacheConfig, RoleClient};
use serde_json::Value;
use tokio::time::{Instant, interval_at, timeout};

use super::Era;
use super::http::Http;
use super::stdio::Stdio;
use super::transcript::{Exchange, Transcript};
use super::trouble::{Failure, Trouble};

/// How long any one answer may take. Generous: a debug build answers in a millisecond.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long the first answer of a fresh process may take. It contains the start, and an
/// interpreter with its libraries takes seconds on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(15);

/// How often the record is looked at for an exchange that ended without an answer.
const TICK: Duration = Duration::from_millis(10);

/// No list has more pages than this.
const MAX_PAGES: usize = 100;

/// A session with a server. Dropping it ends it.
#[derive(Debug)]
pub struct Session {
    era: Era,
    client: RunningService<RoleClient, ClientConfig>,
    transcript: Transcript,
}

/// The result of a tool call.
#[derive(Clone, Debug)]
pub struct Called {
    /// The request, as findings show it.
    pub sent: String,
    /// The result as rmcp understands it.
    pub result: CallToolResult,
    /// The result as it crossed the wire.
    pub raw: Value,
}

impl Session {
    /// Opens a session over HTTP.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of the handshake.
    pub async fn over_http(era: Era, http: Http, transcript: Transcript) -> Result<Self, Failure> {
        let mut config = StreamableHttpClientTransportConfig::with_uri(http.url().as_str());
        config.reinit_on_expired_session = false;
        config.max_concurrent_requests = 64;
        let transport = StreamableHttpClientTransport::with_client(http, config);
        let opening = client().serve_with_lifecycle(transport, lifecycle(era));
        Self::open(era, transcript, PATIENCE, opening).await
    }

    /// Opens a session over the pipes of a child process.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of the handshake.
    pub async fn over_stdio(
        era: Era,
        pipes: Stdio,
        transcript: Transcript,
    ) -> Result<Self, Failure> {
        let opening = client().serve_with_lifecycle(pipes, lifecycle(era));
        Self::open(era, transcript, START_PATIENCE, opening).await
    }

    async fn open(
        era: Era,
        transcript: Transcript,
        patience: Duration,
        opening: impl Future<Output = Result<Running, ClientInitializeError>>,
    ) -> Result<Self, Failure> {
        let mut opening = std::pin::pin!(opening);
        let opened = tokio::select! {
            opened = &mut opening => opened.map_err(|error| of_handshake(era, &error)),
            trouble = without_answer(&transcript, patience) => {
                return Err(failure(transcript.last_request().as_ref(), trouble));
            }
        };
        match opened {
            Ok(client) => {
                let no_cache = ClientCacheConfig::disabled();
                client.set_response_cache_config(no_cache).await;
                Ok(Self {
                    era,
                    client,
                    transcript,
                })
            }
            Err(error) => {
                let last = transcript.last_request();
                let known = last.as_ref().and_then(Trouble::of);
                Err(failure(last.as_ref(), known.unwrap_or(error)))
            }
        }
    }

    /// The era that it was opened on.
    pub fn era(&self) -> Era {
        self.era
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
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Calls a tool with these arguments, which must be an object.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when there is no result. A tool error is a result.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<Called, Failure> {
        let mut params = CallToolRequestParams::new(tool.to_owned());
        params.arguments = arguments.as_object().cloned();
        let (result, exchange) = self
            .request(ClientRequest::CallToolRequest(Request::new(params)))
            .await?;
        let raw = result_of(&exchange);
        match result {
            ServerResult::CallToolResult(result) => Ok(Called {
                sent: describe(&exchange.sent),
                result,
                raw,
            }),
            _ => Err(shape(&exchange, "a tool result")),
        }
    }

    /// Every tool, across pages.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when a page does not come, or the same cursor comes twice.
    pub async fn tools(&self) -> Result<Vec<Tool>, Failure> {
        let request =
            |page| ClientRequest::ListToolsRequest(RequestOptionalParam::with_param(page));
        self.pages(request, |result| match result {
            ServerResult::ListToolsResult(page) => Some((page.tools, page.next_cursor)),
            _ => None,
        })
        .await
    }

    /// Every resource, across pages.
    ///
    /// # Errors
    ///
    /// As [`Session::tools`].
    pub async fn resources(&self) -> Result<Vec<Resource>, Failure> {
        let request =
            |page| ClientRequest::ListResourcesRequest(RequestOptionalParam::with_param(page));
        self.pages(request, |result| match result {
            ServerResult::ListResourcesResult(page) => Some((page.resources, page.next_cursor)),
            _ => None,
        })
        .await
    }

    /// Every resource template, across pages.
    ///
    /// # Errors
    ///
    /// As [`Session::tools`].
    pub async fn resource_templates(&self) -> Result<Vec<ResourceTemplate>, Failure> {
        let request = |page| {
            ClientRequest::ListResourceTemplatesRequest(RequestOptionalParam::with_param(page))
        };
        self.pages(request, |result| match result {
            ServerResult::ListResourceTemplatesResult(page) => {
                Some((page.resource_templates, page.next_cursor))
            }
            _ => None,
        })
        .await
    }

    /// Every prompt, across pages.
    ///
    /// # Errors
    ///
    /// As [`Session::tools`].
    pub async fn prompts(&self) -> Result<Vec<Prompt>, Failure> {
        let request =
            |page| ClientRequest::ListPromptsRequest(RequestOptionalParam::with_param(page));
        self.pages(request, |result| match result {
            ServerResult::ListPromptsResult(page) => Some((page.prompts, page.next_cursor)),
            _ => None,
        })
        .await
    }

    /// The contents behind a URI.
    ///
    /// # Errors
    ///
    /// A [`Failure`], also for a URI that the server does not know.
    pub async fn read(&self, uri: &str) -> Result<Vec<ResourceContents>, Failure> {
        let params = ReadResourceRequestParams::new(uri);
        let request = ClientRequest::ReadResourceRequest(Request::new(params));
        match self.request(request).await? {
            (ServerResult::ReadResourceResult(result), _) => Ok(result.contents),
            (_, exchange) => Err(shape(&exchange, "the contents of a resource")),
        }
    }

    /// A prompt, filled in with these arguments, which must be an object.
    ///
    /// # Errors
    ///
    /// A [`Failure`], also for a prompt that the server does not know.
    pub async fn prompt(
        &self,
        name: &str,
        arguments: Value,
    ) -> Result<Vec<PromptMessage>, Failure> {
        let mut params = GetPromptRequestParams::new(name);
        params.arguments = arguments.as_object().cloned();
        let request = ClientRequest::GetPromptRequest(Request::new(params));
        match self.request(request).await? {
            (ServerResult::GetPromptResult(result), _) => Ok(result.messages),
            (_, exchange) => Err(shape(&exchange, "the messages of a prompt")),
        }
    }

    /// What the server would complete a prompt's argument to.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when there is no list of values.
    pub async fn complete(
        &self,
        prompt: &str,
        argument: &str,
        typed: &str,
    ) -> Result<Vec<String>, Failure> {
        let argument = ArgumentInfo::new(argument, typed);
        let params = CompleteRequestParams::new(Reference::for_prompt(prompt), argument);
        let request = ClientRequest::CompleteRequest(Request::new(params));
        match self.request(request).await? {
            (ServerResult::CompleteResult(result), _) => Ok(result.completion.values),
            (_, exchange) => Err(shape(&exchange, "a list of completions")),
        }
    }

    async fn pages<T>(
        &self,
        request: impl Fn(PaginatedRequestParams) -> ClientRequest,
        page: impl Fn(ServerResult) -> Option<(Vec<T>, Option<String>)>,
    ) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let asked = PaginatedRequestParams::default().with_cursor(cursor.clone());
            let (result, exchange) = self.request(request(asked)).await?;
            let Some((items, next)) = page(result) else {
                return Err(shape(&exchange, "a page of a list"));
            };
            all.extend(items);
            match next {
                None => return Ok(all),
                Some(next) if cursor.as_ref() == Some(&next) => {
                    let wrong = format!("the same nextCursor twice: {next:?}");
                    return Err(failure(Some(&exchange), Trouble::Shape(wrong)));
                }
                next => cursor = next,
            }
        }
        let wrong = format!("more than {MAX_PAGES} pages");
        Err(failure(
            self.transcript.last_request().as_ref(),
            Trouble::Shape(wrong),
        ))
    }

    async fn request(&self, request: ClientRequest) -> Result<(ServerResult, Exchange), Failure> {
        let options = PeerRequestOptions::no_options();
        let sending = self.client.send_cancellable_request(request, options);
        let handle = sending.await.map_err(|error| {
            let trouble = Trouble::Unreachable(error.to_string());
            failure(self.transcript.last_request().as_ref(), trouble)
        })?;
        let id = serde_json::to_value(&handle.id).unwrap_or_default();
        let answer = tokio::select! {
            answer = handle.await_response() => answer,
            trouble = without_answer_to(&self.transcript, &id) => {
                return Err(failure(self.transcript.of_request(&id).as_ref(), trouble));
            }
        };
        let exchange = self.transcript.of_request(&id);
        match (answer, exchange) {
            (Ok(result), Some(exchange)) => Ok((result, exchange)),
            (Err(ServiceError::McpError(error)), exchange) => {
                let trouble = Trouble::Refused {
                    code: error.code.0.into(),
                    message: error.message.into_owned(),
                };
                Err(failure(exchange.as_ref(), trouble))
            }
            (Err(error), exchange) => {
                let known = exchange.as_ref().and_then(Trouble::of);
                let trouble = known.unwrap_or_else(|| match &error {
                    ServiceError::TransportSend(error) => of_transport(error),
                    other => Trouble::Unreachable(other.to_string()),
                });
                Err(failure(exchange.as_ref(), trouble))
            }
            (Ok(_), None) => Err(failure(
                None,
                Trouble::Shape("an answer to nothing".to_owned()),
            )),
        }
    }
}

type Running = RunningService<RoleClient, ClientConfig>;

/// Who the checker says it is.
pub fn client() -> ClientConfig {
    let name = Implementation::new("workshop-checker", env!("CARGO_PKG_VERSION"));
    let mut config = ClientConfig::new(ClientCapabilities::default(), name);
    config.protocol_version = Era::Legacy.version();
    config
}

/// Why rmcp's client did not accept an answer that was one.
fn of_handshake(era: Era, error: &ClientInitializeError) -> Trouble {
    match error {
        ClientInitializeError::ConnectionClosed(_) => {
            Trouble::Unreachable("the connection ended before the answer".to_owned())
        }
        ClientInitializeError::TransportError { error, .. } => of_transport(error),
        ClientInitializeError::NoCompatibleProtocolVersion {
            server_supported, ..
        } => {
            let supported: Vec<&str> = server_supported
                .iter()
                .map(ProtocolVersion::as_str)
                .collect();
            let supported = supported.join(", ");
            Trouble::Shape(format!(
                "supportedVersions without {}: {supported}",
                era.version()
            ))
        }
        ClientInitializeError::ExpectedInitResult(_) => {
            Trouble::Shape("a result that lacks some of the fields that it must have".to_owned())
        }
        other => Trouble::Shape(other.to_string()),
    }
}

/// What the wire under rmcp said, without what rmcp says around it.
fn of_transport(error: &DynamicTransportError) -> Trouble {
    let words = error.error.to_string();
    let cause = words.strip_prefix("unexpected server response: ");
    Trouble::Unreachable(cause.unwrap_or(&words).to_owned())
}

/// Each era is asked for outright: rmcp's `Auto` would fall back in silence.
fn lifecycle(era: Era) -> ClientLifecycleMode {
    match era {
        Era::Modern | Era::Any => ClientLifecycleMode::Discover {
            preferred_versions: vec![era.version()],
        },
        Era::Legacy => ClientLifecycleMode::Initialize,
    }
}

/// Returns when the newest request will not be answered any more, or has not been in time.
async fn without_answer(transcript: &Transcript, patience: Duration) -> Trouble {
    watch(|| transcript.last_request(), patience).await
}

/// The same, for one request.
async fn without_answer_to(transcript: &Transcript, id: &Value) -> Trouble {
    watch(|| transcript.of_request(id), PATIENCE).await
}

async fn watch(exchange: impl Fn() -> Option<Exchange>, patience: Duration) -> Trouble {
    let ended_without_answer = async {
        let mut tick = interval_at(Instant::now() + TICK, TICK);
        let mut seen_before = false;
        loop {
            tick.tick().await;
            let hopeless = exchange().filter(|exchange| {
                exchange.sent.get("id").is_some() && exchange.ended && exchange.answer().is_none()
            });
            // rmcp gets one tick to say it better.
            match hopeless {
                Some(exchange) if seen_before => break Trouble::of(&exchange),
                hopeless => seen_before = hopeless.is_some(),
            }
        }
    };
    match timeout(patience, ended_without_answer).await {
        Ok(Some(trouble)) => trouble,
        Ok(None) => Trouble::Unreachable("the connection ended before the answer".to_owned()),
        Err(_) => silent(exchange().as_ref(), patience),
    }
}

fn silent(exchange: Option<&Exchange>, after: Duration) -> Trouble {
    if let Some(trouble @ Trouble::WrongId { .. }) = exchange.and_then(Trouble::of) {
        return trouble;
    }
    Trouble::Silent {
        after,
        bytes: exchange.map_or(0, |exchange| exchange.bytes),
    }
}

/// A failure of the request in this exchange.
pub fn failure(exchange: Option<&Exchange>, trouble: Trouble) -> Failure {
    Failure {
        sent: exchange
            .map(|exchange| describe(&exchange.sent))
            .unwrap_or_default(),
        trouble,
    }
}

fn shape(exchange: &Exchange, wanted: &str) -> Failure {
    let wrong = format!("a result that is not {wanted}: {}", result_of(exchange));
    failure(Some(exchange), Trouble::Shape(wrong))
}

fn result_of(exchange: &Exchange) -> Value {
    let result = exchange.answer().and_then(|answer| answer.get("result"));
    result.cloned().unwrap_or_default()
}

/// A request in a line: `tools/call buy_product {"product_name":"Croissant","quantity":0}`.
pub fn describe(request: &Value) -> String {
    let method = request["method"]
        .as_str()
        .unwrap_or("a message without a method");
    let params = &request["params"];
    let about = ["name", "uri"].iter().find_map(|key| params[key].as_str());
    let mut words = vec![method.to_owned()];
    words.extend(about.map(str::to_owned));
    match method {
        "tools/call" | "prompts/get" => {
            words.extend(params.get("arguments").map(Value::to_string));
        }
        "completion/complete" => {
            let (of, argument) = (&params["ref"], &params["argument"]);
            let of = of["name"].as_str().or_else(|| of["uri"].as_str());
            let argument_name = argument["name"].as_str().unwrap_or_default();
            words.push(format!(
                "{}, {argument_name} {}",
                of.unwrap_or_default(),
                argument["value"]
            ));
        }
        _ => (),
    }
    words.join(" ")
}
