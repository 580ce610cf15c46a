//! A real MCP server over HTTP, which serves a [`House`] on one era.

use std::borrow::Cow;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use futures::future::BoxFuture;
use futures::stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use reqwest::Url;
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::house::{Answer, House};
use super::lock::{Lock, locked};
use super::record::{self, Message, Record};
use crate::mcp::Era;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Counterpart {
    url: Url,
    record: Record,
    _stop: DropGuard,
}

impl Counterpart {
    /// Opens a house on a free port of 127.0.0.1, for clients that speak `era`.
    ///
    /// # Errors
    ///
    /// When the system gives no port.
    pub async fn open(
        era: Era,
        house: House,
        lock: Option<Lock>,
        record: Record,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let origin = format!("http://127.0.0.1:{port}");
        let url = Url::parse(&format!("{origin}/mcp")).map_err(io::Error::other)?;

        let stop = CancellationToken::new();
        let breaking: Arc<[String]> = house.breaking_tools().collect();
        let service = service(era, house, stop.clone());
        let mut app = Router::new()
            .route_service("/mcp", service)
            .layer(middleware::from_fn_with_state(era, speak_one_era))
            .layer(middleware::from_fn_with_state(breaking, break_off));
        if let Some(lock) = lock {
            app = locked(app, lock, origin);
        }
        let app = app.layer(middleware::from_fn_with_state(record.clone(), record::note));
        let stopped = stop.clone().cancelled_owned();
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        tokio::spawn(async move {
            tokio::select! {
                _ = axum::serve(listener, app) => (),
                () = stopped => (),
            }
        });
        Ok(Self {
            url,
            record,
            _stop: stop.drop_guard(),
        })
    }

    /// `http://127.0.0.1:PORT/mcp`
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What was sent to it.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

fn service(
    era: Era,
    house: House,
    stop: CancellationToken,
) -> StreamableHttpService<Host, LocalSessionManager> {
    let host = Host {
        house: Arc::new(house),
        era,
    };
    let config = StreamableHttpServerConfig::default().with_cancellation_token(stop);
    StreamableHttpService::new(
        move || Ok(host.clone()),
        Arc::new(LocalSessionManager::default()),
        config,
    )
}

/// Begins to answer a call of one of these tools, and breaks the connection off.
async fn break_off(
    State(tools): State<Arc<[String]>>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let message = request.extensions().get::<Message>();
    let called = message.and_then(|message| message.0["params"]["name"].as_str());
    if !called.is_some_and(|name| tools.iter().any(|tool| tool == name)) {
        return next.run(request).await;
    }
    // hyper closes the connection where a body fails.
    let broken = stream::iter([
        Ok(Bytes::from_static(b"{\"jsonrpc\":")),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ]);
    let headers = [(CONTENT_TYPE, "application/json")];
    (headers, Body::from_stream(broken)).into_response()
}

/// Refuses the greeting of the other era, as servers do that have never heard of it.
async fn speak_one_era(
    State(era): State<Era>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let message = request.extensions().get::<Message>();
    let message = message.map_or(Value::Null, |message| message.0.clone());
    let refusal = match (era, message["method"].as_str()) {
        (Era::Legacy, Some("server/discover")) => Some("Bad Request: Server not initialized"),
        (Era::Modern, Some("initialize")) => Some("Method not found"),
        _ => None,
    };
    if let Some(words) = refusal {
        let code = if era == Era::Legacy { -32000 } else { -32601 };
        let error = json!({
            "jsonrpc": "2.0",
            "id": message["id"],
            "error": { "code": code, "message": words },
        });
        let headers = [(CONTENT_TYPE, "application/json")];
        return (StatusCode::BAD_REQUEST, headers, error.to_string()).into_response();
    }
    next.run(request).await
}

/// The house as rmcp asks for it.
#[derive(Clone)]
struct Host {
    house: Arc<House>,
    era: Era,
}

impl ServerHandler for Host {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::default();
        capabilities.tools = Some(ToolsCapability::default());
        if !self.house.resources.is_empty() {
            capabilities.resources = Some(ResourcesCapability::default());
        }
        let config = ServerConfig::new(capabilities).with_server_info(self.house.name.clone());
        match &self.house.instructions {
            Some(instructions) => config.with_instructions(instructions),
            None => config,
        }
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        match self.era {
            Era::Legacy => Cow::Borrowed(ProtocolVersion::known_up_to(&self.era.version())),
            Era::Modern | Era::Any => Cow::Owned(vec![self.era.version()]),
        }
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.house.tools.iter();
        let tools: Vec<Tool> = tools.map(|tool| tool.definition.clone()).collect();
        let (tools, next) = self.page(&tools, page)?;
        let mut result = ListToolsResult::with_all_items(tools);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resources = self.house.resources.iter();
        let resources: Vec<Resource> = resources.map(|one| one.definition.clone()).collect();
        let (resources, next) = self.page(&resources, page)?;
        let mut result = ListResourcesResult::with_all_items(resources);
        result.next_cursor = next;
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let mut resources = self.house.resources.iter();
        let found = resources.find(|one| one.definition.uri == request.uri);
        match found {
            Some(found) => Ok(ReadResourceResult::new(found.contents.clone()).into()),
            None => {
                let words = format!("there is no resource {:?}", request.uri);
                Err(ErrorData::resource_not_found(words, None))
            }
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let mut tools = self.house.tools.iter();
        let Some(tool) = tools.find(|tool| tool.definition.name == request.name) else {
            let words = format!("there is no tool {:?}", request.name);
            return Err(ErrorData::invalid_params(words, None));
        };
        let answer = tool.answer(&request.arguments.unwrap_or_default());
        given(answer).await.map(Into::into)
    }
}

impl Host {
    /// One page of a list, and the cursor of the next. Cursors mean nothing to clients.
    fn page<T: Clone>(
        &self,
        all: &[T],
        page: Option<PaginatedRequestParams>,
    ) -> Result<(Vec<T>, Option<String>), ErrorData> {
        let from = match page.and_then(|page| page.cursor) {
            None => 0,
            Some(cursor) => position(&cursor)
                .filter(|from| *from < all.len())
                .ok_or_else(|| ErrorData::invalid_params("this cursor is not mine", None))?,
        };
        let until = from.saturating_add(self.house.page).min(all.len());
        let next = (until < all.len()).then(|| cursor(until));
        Ok((all[from..until].to_vec(), next))
    }
}

/// As servers write them: it looks like base64, and is good only as it is.
fn cursor(position: usize) -> String {
    format!("Pg/{:x}+==", position * 7919)
}

fn position(given: &str) -> Option<usize> {
    let number = given.strip_prefix("Pg/")?.strip_suffix("+==")?;
    let position = usize::from_str_radix(number, 16).ok()? / 7919;
    (cursor(position) == given).then_some(position)
}

fn given(answer: Answer) -> BoxFuture<'static, Result<CallToolResult, ErrorData>> {
    Box::pin(async move {
        match answer {
            Answer::Result(result) => Ok(result),
            Answer::Refused(error) => Err(error),
            Answer::After(pause, answer) => {
                sleep(pause).await;
                given(*answer).await
            }
        }
    })
}
