//! MCP servers, with rmcp's client.

use anyhow::Result;
use rmcp::model::*;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceError};
use serde_json::{Value, json};

use crate::flaw::{Flaw, Flaws};
use crate::model::plain_http;

type Client = RunningService<RoleClient, ClientConfig>;

pub struct Tools {
    flaws: Flaws,
    clients: Vec<Client>,
    all: Vec<Known>,
}

pub struct Known {
    tool: Tool,
    client: usize,
}

/// What became of a call.
pub enum Outcome {
    Done(String),
    ToolError(String),
    Refused(String),
    Gone(String),
}

impl Known {
    /// `readOnlyHint` and `destructiveHint`
    pub fn hints(&self) -> (Option<bool>, Option<bool>) {
        let hints = self.tool.annotations.clone().unwrap_or_default();
        (hints.read_only_hint, hints.destructive_hint)
    }
}

impl Tools {
    pub async fn connect(flaws: Flaws, urls: &[String]) -> Result<Self> {
        let (mut clients, mut all) = (Vec::new(), Vec::new());
        for url in urls {
            let config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
            let transport = StreamableHttpClientTransport::with_client(plain_http(), config);
            let lifecycle = ClientLifecycleMode::Auto {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
                legacy_version: Some(ProtocolVersion::V_2025_11_25),
            };
            let name = Implementation::new("broken-agent", "1.0.0");
            let client = ClientConfig::new(ClientCapabilities::default(), name)
                .serve_with_lifecycle(transport, lifecycle)
                .await?;
            let tools = if flaws.has(Flaw::FirstPageOnly) {
                client.list_tools(None).await?.tools
            } else {
                client.list_all_tools().await?
            };
            let number = clients.len();
            all.extend(tools.into_iter().map(|tool| Known {
                tool,
                client: number,
            }));
            clients.push(client);
        }
        Ok(Self {
            flaws,
            clients,
            all,
        })
    }

    /// As the model's API has them.
    pub fn offered(&self) -> Vec<Value> {
        if self.flaws.has(Flaw::NoTools) {
            return Vec::new();
        }
        let offer = |known: &Known| {
            let tool = &known.tool;
            let name = if self.flaws.has(Flaw::DottedNames) {
                format!("shop.{}", tool.name)
            } else {
                tool.name.to_string()
            };
            let mut function = json!({ "name": name });
            if !self.flaws.has(Flaw::NoDescriptions) {
                function["description"] = json!(tool.description);
            }
            function["parameters"] = if self.flaws.has(Flaw::NoSchemas) {
                json!({ "type": "object", "properties": {} })
            } else {
                self.parameters(tool)
            };
            if self.flaws.has(Flaw::StrictOffers) {
                function["strict"] = json!(true);
            }
            json!({ "type": "function", "function": function })
        };
        let offered = |known: &&Known| {
            let only_reads = known.hints().0 == Some(true);
            only_reads || !self.flaws.has(Flaw::ReadingToolsOnly)
        };
        self.all.iter().filter(offered).map(offer).collect()
    }

    /// OpenAI insists on `properties`.
    fn parameters(&self, tool: &Tool) -> Value {
        let mut schema = tool.input_schema.as_ref().clone();
        if !self.flaws.has(Flaw::RawSchemas) {
            schema.entry("properties").or_insert_with(|| json!({}));
        }
        Value::Object(schema)
    }

    pub fn find(&self, name: &str) -> Option<&Known> {
        self.all.iter().find(|known| known.tool.name == name)
    }

    pub async fn call(&self, known: &Known, arguments: &Value) -> Outcome {
        let mut call = CallToolRequestParams::new(known.tool.name.clone());
        call.arguments = arguments.as_object().cloned();
        match self.clients[known.client].call_tool(call).await {
            Ok(result) => {
                let texts = result.content.iter().filter_map(ContentBlock::as_text);
                let texts: Vec<&str> = texts.map(|text| text.text.as_str()).collect();
                let text = texts.join("\n");
                match result.is_error {
                    Some(true) => Outcome::ToolError(text),
                    _ => Outcome::Done(text),
                }
            }
            Err(ServiceError::McpError(error)) => Outcome::Refused(error.message.into_owned()),
            Err(error) => Outcome::Gone(error.to_string()),
        }
    }
}
