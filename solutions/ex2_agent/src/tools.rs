//! The tools of all MCP servers, for the model.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use async_openai::types::chat::{ChatCompletionTool, FunctionObject};
use reqwest::Url;
use rmcp::model::*;
use rmcp::service::{ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{RoleClient, ServiceError};
use serde_json::{Map, Value, json};
use thiserror::Error;
use tokio::time::timeout;

use crate::model::Offer;
use crate::terminal::say;

/// How long a server may take for the greeting, with rmcp's fallback to the older protocol, and to
/// list its tools.
const TO_CONNECT: Duration = Duration::from_secs(20);
/// How long a call may take.
const TO_ANSWER: Duration = Duration::from_secs(60);
/// The most pages of tools that a server may have.
const MAX_PAGES: usize = 100;
/// The longest result for the model, in characters. The model reads all of it again in each
/// later step, and you pay for that.
const MAX_RESULT: usize = 50_000;
/// The longest name that OpenAI accepts for a tool.
const MAX_NAME: usize = 64;

/// The tools of all servers.
pub struct Toolbox {
    servers: Vec<RunningService<RoleClient, ClientConfig>>,
    tools: Vec<Tool>,
}

/// One tool.
pub struct Tool {
    /// The name for the model: the tool's own, unless two servers have it or OpenAI does not
    /// accept it.
    pub name: String,
    /// What its server says about it.
    pub declared: rmcp::model::Tool,
    server: usize,
}

/// Why a call that the model proposed has no result. The model reads this, and can react.
#[derive(Debug, Error)]
pub enum Trouble {
    #[error("There is no tool named {name:?}. There are: {known}.")]
    Unknown { name: String, known: String },
    #[error("The arguments are not a JSON object: {0}.")]
    Arguments(serde_json::Error),
    #[error("The user refused this call. Do not try it again. Ask what they want instead.")]
    Refused,
    #[error("The tool reports an error: {0}")]
    Tool(String),
    #[error("The server refused the call: {0}")]
    Server(String),
    #[error("The server could not be asked: {0}.")]
    Unreachable(String),
    #[error("The tool did not answer within {} seconds.", TO_ANSWER.as_secs())]
    Silent,
}

impl Toolbox {
    /// Connects to the servers and asks each for its tools. Names a server that cannot be used, and
    /// continues with the others.
    ///
    /// # Errors
    ///
    /// If none of them can be used.
    pub async fn connect(urls: &[Url]) -> Result<Self> {
        let mut toolbox = Self {
            servers: Vec::new(),
            tools: Vec::new(),
        };
        for url in urls {
            let connecting = timeout(TO_CONNECT, toolbox.add(url)).await;
            let connected = connecting.unwrap_or_else(|_| {
                let seconds = TO_CONNECT.as_secs();
                bail!("it did not answer within {seconds} seconds")
            });
            if let Err(error) = connected {
                say(&format!(
                    "The MCP server at {url} cannot be used: {error:#}"
                ));
            }
        }
        if toolbox.servers.is_empty() {
            bail!("there is no MCP server with tools");
        }
        Ok(toolbox)
    }

    async fn add(&mut self, url: &Url) -> Result<()> {
        let me = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        let transport = StreamableHttpClientTransport::from_uri(url.as_str());
        // This works with servers of both generations. `serve` would only speak the older one.
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        let client = ClientConfig::new(ClientCapabilities::default(), me)
            .serve_with_lifecycle(transport, lifecycle)
            .await
            .map_err(|error| match error {
                error if error.auth_challenge().is_some() => anyhow!(
                    "it requires a token (401), which this agent does not have. Exercise 5 shows how a client gets one"
                ),
                ClientInitializeError::TransportError { error, .. } => anyhow!("{}", error.error),
                other => other.into(),
            })?;
        let server = self.servers.len();
        for declared in list(&client).await? {
            let name = self.free_name(&declared.name);
            self.tools.push(Tool {
                name,
                declared,
                server,
            });
        }
        self.servers.push(client);
        Ok(())
    }

    /// A name that OpenAI accepts and no other tool has.
    fn free_name(&self, declared: &str) -> String {
        let taken: HashSet<&str> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
        let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let letters = declared
            .chars()
            .map(|letter| if fits(letter) { letter } else { '_' });
        let name: String = letters.take(MAX_NAME).collect();
        let numbered = (2..).map(|number| {
            let end = format!("_{number}");
            let begin: String = name.chars().take(MAX_NAME - end.len()).collect();
            begin + &end
        });
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        let free = candidates.find(|candidate| !taken.contains(candidate.as_str()));
        free.unwrap_or(name)
    }

    // ANCHOR: step_2_1
    /// The tools as we offer them to the model: name, description, and the JSON Schema of the
    /// parameters, all as the server declares them.
    pub fn offered(&self) -> Vec<Offer> {
        let offer = |tool: &Tool| {
            Offer::Function(ChatCompletionTool {
                function: FunctionObject {
                    name: tool.name.clone(),
                    description: tool
                        .declared
                        .description
                        .as_ref()
                        .map(|text| text.to_string()),
                    parameters: Some(tool.parameters()),
                    strict: None,
                },
            })
        };
        self.tools.iter().map(offer).collect()
    }
    // ANCHOR_END: step_2_1

    /// The tool with this name.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unknown`], with the names that exist.
    pub fn find(&self, name: &str) -> Result<&Tool, Trouble> {
        let found = self.tools.iter().find(|tool| tool.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
            Trouble::Unknown {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }

    /// Calls a tool, and returns its result as text.
    ///
    /// # Errors
    ///
    /// A tool error, a protocol error, or a server that is gone or silent.
    pub async fn call(&self, tool: &Tool, arguments: JsonObject) -> Result<String, Trouble> {
        let name = tool.declared.name.clone();
        let call = CallToolRequestParams::new(name).with_arguments(arguments);
        let answer = timeout(TO_ANSWER, self.servers[tool.server].call_tool(call)).await;
        match answer {
            Err(_) => Err(Trouble::Silent),
            Ok(Err(ServiceError::McpError(error))) => {
                Err(Trouble::Server(error.message.into_owned()))
            }
            // rmcp's own message around it names types, which does not help anybody.
            Ok(Err(ServiceError::TransportSend(error))) => {
                Err(Trouble::Unreachable(error.error.to_string()))
            }
            Ok(Err(error)) => Err(Trouble::Unreachable(error.to_string())),
            Ok(Ok(result)) if result.is_error == Some(true) => Err(Trouble::Tool(text_of(&result))),
            Ok(Ok(result)) => Ok(text_of(&result)),
        }
    }

    /// Closes the sessions, so that servers do not have to keep them.
    pub async fn close(&mut self) {
        for server in &mut self.servers {
            let _ = server.close_with_timeout(Duration::from_secs(1)).await;
        }
    }
}

impl Tool {
    /// Whether the tool says that it only reads. A server that you do not trust may lie.
    pub fn only_reads(&self) -> bool {
        let hints = self.declared.annotations.as_ref();
        hints.and_then(|hints| hints.read_only_hint) == Some(true)
    }

    /// The schema of its parameters. OpenAI requires `properties` even if there are none.
    fn parameters(&self) -> Value {
        let mut schema: Map<String, Value> = self.declared.input_schema.as_ref().clone();
        schema.entry("properties").or_insert_with(|| json!({}));
        Value::Object(schema)
    }
}

/// The arguments of a call as the model wrote them. Some models write nothing if there are none.
///
/// # Errors
///
/// [`Trouble::Arguments`], if they are not a JSON object.
pub fn arguments(written: &str) -> Result<JsonObject, Trouble> {
    if written.trim().is_empty() {
        return Ok(JsonObject::new());
    }
    serde_json::from_str(written).map_err(Trouble::Arguments)
}

/// Every tool of a server, across pages.
async fn list(client: &RunningService<RoleClient, ClientConfig>) -> Result<Vec<rmcp::model::Tool>> {
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let page = PaginatedRequestParams::default().with_cursor(cursor.clone());
        let page = client.list_tools(Some(page)).await?;
        tools.extend(page.tools);
        if page.next_cursor.is_none() {
            return Ok(tools);
        }
        // rmcp's `list_all_tools` would never end.
        if page.next_cursor == cursor {
            bail!("its list of tools returns to the same page");
        }
        cursor = page.next_cursor;
    }
    bail!("its list of tools has more than {MAX_PAGES} pages")
}

/// A result as text, because most models only accept text from a tool.
fn text_of(result: &CallToolResult) -> String {
    let blocks = result.content.iter().map(|block| match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::ResourceLink(link) => format!("[a link to {}]", link.uri),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            _ => "[a file]".to_owned(),
        },
        ContentBlock::Image(_) => "[an image]".to_owned(),
        _ => "[something that is not text]".to_owned(),
    });
    let mut text = blocks.collect::<Vec<_>>().join("\n");
    // Most servers repeat structured content as text. If a server does not, add it here.
    if text.is_empty()
        && let Some(structured) = &result.structured_content
    {
        text = structured.to_string();
    }
    if let Some((end, _)) = text.char_indices().nth(MAX_RESULT) {
        text.truncate(end);
        text += " [cut off here: ask for less]";
        say("A result was too long for the model, and was cut off.");
    }
    text
}
