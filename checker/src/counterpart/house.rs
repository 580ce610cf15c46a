//! What the counterpart's server offers, as data: a check draws one at random for each run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, Implementation, JsonObject, Resource, ResourceContents, Tool};

/// What a server offers.
#[derive(Clone, Debug)]
pub struct House {
    /// Its name and version.
    pub name: Implementation,
    /// What a model should know before it calls a tool.
    pub instructions: Option<String>,
    /// Its tools, in the order in which they are listed.
    pub tools: Vec<OfferedTool>,
    /// Its resources.
    pub resources: Vec<OfferedResource>,
    /// How many tools or resources go on one page of a list.
    pub page: usize,
}

/// A tool and how it answers.
#[derive(Clone)]
pub struct OfferedTool {
    /// As `tools/list` has it.
    pub definition: Tool,
    answer: Arc<dyn Fn(&JsonObject) -> Answer + Send + Sync>,
    /// Whether the connection breaks at each call of it.
    pub breaks: bool,
}

/// What a tool answers to a call.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A result, or a tool error.
    Result(CallToolResult),
    /// A protocol error.
    Refused(ErrorData),
    /// Another answer, this much later.
    After(Duration, Box<Answer>),
}

/// A resource and what is in it.
#[derive(Clone, Debug)]
pub struct OfferedResource {
    /// As `resources/list` has it.
    pub definition: Resource,
    /// What `resources/read` brings.
    pub contents: Vec<ResourceContents>,
}

impl House {
    /// A house with a name and nothing in it; everything on one page.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: Implementation::new(name, version),
            instructions: None,
            tools: Vec::new(),
            resources: Vec::new(),
            page: usize::MAX,
        }
    }

    /// The same with one tool more.
    pub fn with_tool(mut self, tool: OfferedTool) -> Self {
        self.tools.push(tool);
        self
    }

    /// The names of the tools at whose call the connection breaks.
    pub fn breaking_tools(&self) -> impl Iterator<Item = String> {
        let breaking = self.tools.iter().filter(|tool| tool.breaks);
        breaking.map(|tool| tool.definition.name.to_string())
    }

    /// The same with one resource more.
    pub fn with_resource(mut self, definition: Resource, contents: Vec<ResourceContents>) -> Self {
        self.resources.push(OfferedResource {
            definition,
            contents,
        });
        self
    }

    /// The same with this many tools or resources on a page.
    pub fn with_pages_of(mut self, page: usize) -> Self {
        self.page = page.max(1);
        self
    }
}

impl OfferedTool {
    /// A tool that answers to its arguments.
    pub fn new(
        definition: Tool,
        answer: impl Fn(&JsonObject) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self {
            definition,
            answer: Arc::new(answer),
            breaks: false,
        }
    }

    /// A tool at whose call the connection breaks, as where a server is started anew.
    pub fn breaking(definition: Tool) -> Self {
        let answer = |_: &_| Answer::Result(CallToolResult::success(Vec::new()));
        Self {
            breaks: true,
            ..Self::new(definition, answer)
        }
    }

    /// What it answers to these arguments.
    pub fn answer(&self, arguments: &JsonObject) -> Answer {
        (self.answer)(arguments)
    }
}

impl fmt::Debug for OfferedTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OfferedTool")
            .field(&self.definition.name)
            .finish()
    }
}
