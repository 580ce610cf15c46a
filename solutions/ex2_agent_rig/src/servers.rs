//! MCP servers as rig's tools. rig-rmcp does this for rmcp 2, and these lines for rmcp 3.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use rig_core::message::ToolName;
use rig_core::tool::{DynamicTool, ToolExecutionError, ToolOutput};
use rmcp::RoleClient;
use rmcp::model::*;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::human::Human;

/// How long a server may take for the greeting, and to answer a call.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most pages of tools that a server may have.
const MAX_PAGES: usize = 100;

type Client = RunningService<RoleClient, ClientConfig>;

/// The longest name that OpenAI accepts for a tool.
const MAX_NAME: usize = 64;

/// Every tool of a server, under names that are not `taken` yet. Adds them to `taken`.
pub async fn tools(
    url: &str,
    human: &Arc<Human>,
    taken: &mut HashSet<String>,
) -> Result<Vec<DynamicTool>> {
    let client = Arc::new(timeout(PATIENCE, connect(url)).await??);
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let page = PaginatedRequestParams::default().with_cursor(cursor);
        let page = timeout(PATIENCE, client.list_tools(Some(page))).await??;
        for tool in page.tools {
            let name = free_name(&tool.name, taken);
            taken.insert(name.clone());
            tools.push(as_rig(&name, tool, &client, human)?);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(tools);
        }
    }
    bail!("its list of tools has more than {MAX_PAGES} pages")
}

/// A name that OpenAI accepts and no other tool has.
fn free_name(declared: &str, taken: &HashSet<String>) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let letters = declared.chars();
    let letters = letters.map(|letter| if fits(letter) { letter } else { '_' });
    let name: String = letters.take(MAX_NAME).collect();
    let numbered = (2..).map(|number: u32| {
        let end = format!("_{number}");
        name[..name.len().min(MAX_NAME - end.len())].to_owned() + &end
    });
    let mut names = std::iter::once(name.clone()).chain(numbered);
    let free = names.find(|name| !taken.contains(name));
    free.unwrap_or(name)
}

async fn connect(url: &str) -> Result<Client> {
    let me = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let lifecycle = ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::V_2025_11_25),
    };
    let client = ClientConfig::new(ClientCapabilities::default(), me)
        .serve_with_lifecycle(StreamableHttpClientTransport::from_uri(url), lifecycle)
        .await?;
    Ok(client)
}

// ANCHOR: as_rig
fn as_rig(name: &str, tool: Tool, client: &Arc<Client>, human: &Arc<Human>) -> Result<DynamicTool> {
    let name = ToolName::new(name.to_owned()).map_err(|error| anyhow!("{error}"))?;
    let description = tool.description.clone().unwrap_or_default();
    // OpenAI requires `properties` even if a tool takes no arguments.
    let mut schema = tool.input_schema.as_ref().clone();
    schema.entry("properties").or_insert_with(|| json!({}));
    let parameters = Value::Object(schema);
    let hints = tool.annotations.as_ref();
    let only_reads = hints.and_then(|hints| hints.read_only_hint) == Some(true);
    let (client, human) = (Arc::clone(client), Arc::clone(human));
    let call = move |arguments: Value| -> rig_core::wasm_compat::WasmBoxedFuture<'static, _> {
        let (client, human, name) = (Arc::clone(&client), Arc::clone(&human), tool.name.clone());
        Box::pin(async move {
            if !only_reads && !human.agrees(&name, &arguments) {
                return Err(told("The user does not want this call."));
            }
            let mut params = CallToolRequestParams::new(name);
            params.arguments = arguments.as_object().cloned();
            let answer = timeout(PATIENCE, client.call_tool(params)).await;
            let result = answer
                .map_err(|_| told("The tool has not answered in time."))?
                .map_err(|error| told(&error.to_string()))?;
            let texts = result.content.iter().filter_map(ContentBlock::as_text);
            let texts: Vec<&str> = texts.map(|text| text.text.as_str()).collect();
            match result.is_error {
                Some(true) => Err(told(&texts.join("\n"))),
                _ => Ok(ToolOutput::text(texts.join("\n"))),
            }
        })
    };
    Ok(DynamicTool::new(name, description, parameters, call))
}
// ANCHOR_END: as_rig

/// An error that the model reads. rig itself would only tell it the kind.
fn told(words: &str) -> ToolExecutionError {
    ToolExecutionError::other(words).with_model_feedback(words)
}
