//! A server with the test tools that the official conformance suite calls, by the names that it has for
//! them: those about asking back, progress and tasks, which a store cannot have.
//!
//! It does with rmcp what the solution of exercise 4 does: a sealed `requestState`, an
//! `InputRequiredResult` on 2026-07-28 and a request on 2025-11-25, and a `TaskManager`. `cargo interop
//! conformance` holds the suite against it.

mod asks;
mod tasks;

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use clap::Parser;
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::task_manager::TaskManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A server with the conformance suite's test tools
#[derive(Parser)]
struct Options {
    /// The port to listen on
    #[arg(long, env = "STORE_PORT", default_value_t = 8420)]
    port: u16,
}

#[derive(Clone)]
struct Conformance {
    codec: Arc<RequestStateCodec>,
    tasks: TaskManager,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let server = Conformance {
        codec: Arc::new(RequestStateCodec::new_unchecked(rand::random::<[u8; 32]>())),
        tasks: TaskManager::new(),
    };
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    eprintln!("serving MCP at http://{}/mcp", listener.local_addr()?);
    axum::serve(listener, Router::new().route_service("/mcp", service)).await?;
    Ok(())
}

impl ServerHandler for Conformance {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools();
        let capabilities = capabilities.enable_prompts().enable_tasks().build();
        ServerConfig::new(capabilities).with_server_info(Implementation::new(
            "conformance",
            env!("CARGO_PKG_VERSION"),
        ))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let any = json!({ "type": "object" });
        let schema = any.as_object().cloned().unwrap_or_default();
        let tools = asks::TOOLS.iter().chain(tasks::TOOLS);
        let tools = tools.map(|name| Tool::new(*name, "A test tool", Arc::new(schema.clone())));
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if tasks::TOOLS.contains(&request.name.as_ref()) {
            self.work(request, &context).await
        } else {
            self.ask(&request, &context).await
        }
    }

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompt = Prompt::new(asks::PROMPT, Some("A test prompt"), None);
        Ok(ListPromptsResult::with_all_items(vec![prompt]))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        asks::prompt(&request)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let task = self.tasks.get_task(&request.task_id);
        task.map(GetTaskResult::new)
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks
            .update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.cancel_task(&request.task_id)
    }
}

/// A result with this text.
fn text(text: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

/// Something of rmcp's, as it is on the wire.
fn from_json<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

fn invalid(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::invalid_params(error.to_string(), None)
}
