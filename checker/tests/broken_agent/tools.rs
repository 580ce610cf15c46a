//! MCP servers, with rmcp's client.

use anyhow::{Result, bail};
use rmcp::model::*;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceError};
use serde_json::{Value, json};

use crate::flaw::{Flaw, Flaws};
use crate::model::plain_http;
use crate::quiet::Quiet;

type Client = RunningService<RoleClient, ClientConfig>;

pub struct Tools {
    flaws: Flaws,
    clients: Vec<Client>,
    all: Vec<Known>,
}

pub struct Known {
    /// What the model calls it.
    name: String,
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
        let mut tools = Self {
            flaws,
            clients: Vec::new(),
            all: Vec::new(),
        };
        for url in urls {
            let has = |flaw| tools.flaws.has(flaw);
            if has(Flaw::FirstServerOnly) && !tools.clients.is_empty() {
                break;
            }
            if let Err(error) = tools.add(url).await {
                let has = |flaw| tools.flaws.has(flaw);
                assert!(!has(Flaw::PanicsAtDownServer), "{url}: {error}");
                if has(Flaw::EndsAtDownServer) || has(Flaw::EndsWellAtDownServer) {
                    bail!("{url} cannot be used: {error}");
                }
                if !has(Flaw::HidesDownServer) {
                    eprintln!("{url} cannot be used: {error}");
                }
                if has(Flaw::StopsAtDownServer) {
                    break;
                }
            }
        }
        Ok(tools)
    }

    async fn add(&mut self, url: &str) -> Result<()> {
        let config = StreamableHttpClientTransportConfig::with_uri(url);
        let http = Quiet {
            http: plain_http(),
            is_quiet: self.flaws.has(Flaw::NeverInitialized),
        };
        let transport = StreamableHttpClientTransport::with_client(http, config);
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        let name = Implementation::new("broken-agent", "1.0.0");
        let client = ClientConfig::new(ClientCapabilities::default(), name)
            .serve_with_lifecycle(transport, lifecycle)
            .await?;
        for tool in self.list(&client).await? {
            let taken = self.all.iter().any(|known| known.tool.name == tool.name);
            if taken && self.flaws.has(Flaw::SharedNameOnce) {
                continue;
            }
            let name = self.free_name(&tool.name);
            let client = self.clients.len();
            self.all.push(Known { name, tool, client });
        }
        self.clients.push(client);
        Ok(())
    }

    /// Every tool of a server, across pages.
    async fn list(&self, client: &Client) -> Result<Vec<Tool>> {
        let mut tools = Vec::new();
        let mut cursor = None;
        loop {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let page = client.list_tools(Some(page)).await?;
            let is_enough = self.flaws.has(Flaw::FirstPageOnly)
                || (self.flaws.has(Flaw::StopsAtEmptyPage) && page.tools.is_empty());
            tools.extend(page.tools);
            cursor = page.next_cursor;
            if cursor.is_none() || is_enough {
                return Ok(tools);
            }
        }
    }

    /// A name that OpenAI takes and no other tool has.
    fn free_name(&self, declared: &str) -> String {
        if self.flaws.has(Flaw::RawNames) {
            return declared.to_owned();
        }
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        let letters = declared.chars();
        let name: String = letters
            .map(|letter| if fits(letter) { letter } else { '_' })
            .take(60)
            .collect();
        let is_taken = |name: &String| self.all.iter().any(|known| known.name == *name);
        let is_shared = self.all.iter().any(|known| known.tool.name == declared);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        let keeps = self.flaws.has(Flaw::CutNames) && !is_shared
            || self.flaws.has(Flaw::SharedNameTwice) && is_shared;
        names.find(|name| keeps || !is_taken(name)).unwrap_or(name)
    }

    /// As the model's API has them.
    pub fn offered(&self) -> Vec<Value> {
        if self.flaws.has(Flaw::NoTools) {
            return Vec::new();
        }
        let offer = |known: &Known| {
            let tool = &known.tool;
            let name = if self.flaws.has(Flaw::DottedNames) {
                format!("shop.{}", known.name)
            } else {
                known.name.clone()
            };
            let mut function = json!({ "name": name });
            if !self.flaws.has(Flaw::NoDescriptions) {
                function["description"] = json!(tool.description);
            }
            let takes_nothing = !tool.input_schema.contains_key("properties");
            if !(takes_nothing && self.flaws.has(Flaw::NoEmptySchema)) {
                function["parameters"] = if self.flaws.has(Flaw::NoSchemas) {
                    json!({ "type": "object", "properties": {} })
                } else {
                    self.parameters(tool)
                };
            }
            if takes_nothing && self.flaws.has(Flaw::RequiresNothing) {
                function["parameters"]["required"] = json!([]);
            }
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
        self.all.iter().find(|known| known.name == name)
    }

    pub async fn call(&self, known: &Known, arguments: &Value) -> Outcome {
        let name = if self.flaws.has(Flaw::OfferedNames) {
            known.name.clone()
        } else {
            known.tool.name.to_string()
        };
        let mut servers = self
            .all
            .iter()
            .filter(|one| one.tool.name == known.tool.name);
        let client = match servers.next() {
            Some(first) if self.flaws.has(Flaw::FirstOfName) => first.client,
            _ => known.client,
        };
        let mut call = CallToolRequestParams::new(name);
        call.arguments = arguments.as_object().cloned();
        match self.clients[client].call_tool(call).await {
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
