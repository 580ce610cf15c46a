//! What the scripted model was sent.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde_json::Value;

use super::Script;

/// One request for a completion.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Whether it came with the key.
    pub key: Key,
    /// The headers, in lower case, without the one that holds the key.
    pub headers: Vec<(String, String)>,
    /// The body; `null` when it was not JSON.
    pub body: Value,
    /// Why it was refused, in OpenAI's words. `None`: it was answered.
    pub refused: Option<String>,
}

/// What a request had for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The right one.
    Right,
    /// Another one.
    Wrong,
    /// None.
    Missing,
}

impl Key {
    pub(super) fn of(headers: &HeaderMap, script: &Script) -> Self {
        let Some(sent) = headers.get(AUTHORIZATION) else {
            return Self::Missing;
        };
        let right = format!("Bearer {}", script.key);
        if sent.as_bytes() == right.as_bytes() {
            Self::Right
        } else {
            Self::Wrong
        }
    }
}

impl Heard {
    pub(super) fn new(headers: &HeaderMap, body: Value, script: &Script) -> Self {
        let text = |value: &axum::http::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Self {
            key: Key::of(headers, script),
            headers: headers
                .iter()
                .filter(|(name, _)| *name != AUTHORIZATION)
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body,
            refused: None,
        }
    }

    /// The conversation, oldest first.
    pub fn messages(&self) -> &[Value] {
        self.list("messages")
    }

    /// The functions on offer: `{name, description, parameters}`.
    pub fn functions(&self) -> Vec<&Value> {
        let tools = self.list("tools").iter();
        tools.map(|tool| &tool["function"]).collect()
    }

    /// Whether the answer is wanted as a stream.
    pub fn wants_stream(&self) -> bool {
        self.body["stream"] == true
    }

    /// The messages of role `tool` that answer the call of this id, as text.
    pub fn results_of(&self, id: &str) -> Vec<String> {
        let results = self
            .messages()
            .iter()
            .filter(|message| message["role"] == "tool" && message["tool_call_id"] == id);
        results
            .map(|message| text_of(&message["content"]))
            .collect()
    }

    /// The ids that messages of role `tool` name, in order.
    pub fn result_ids(&self) -> Vec<String> {
        let results = self.messages().iter().filter(|one| one["role"] == "tool");
        let ids = results.map(|one| one["tool_call_id"].as_str().unwrap_or_default().to_owned());
        ids.collect()
    }

    /// The function that stands for the MCP tool of this name. An agent may put the server's
    /// name in front of it.
    pub fn function_of(&self, tool: &str) -> Option<&Value> {
        let name = |function: &Value| function["name"].as_str().unwrap_or_default().to_owned();
        let functions = self.functions();
        let exactly = functions.iter().find(|one| name(one) == tool);
        let behind = || functions.iter().find(|one| name(one).ends_with(tool));
        exactly.or_else(behind).copied()
    }

    /// What the agent calls the MCP tool of this name; the name itself if it does not offer it.
    pub fn offered_as(&self, tool: &str) -> String {
        let function = self.function_of(tool);
        let name = function.and_then(|function| function["name"].as_str());
        name.unwrap_or(tool).to_owned()
    }

    fn list(&self, field: &str) -> &[Value] {
        self.body[field].as_array().map_or(&[], Vec::as_slice)
    }
}

/// The text of a message: a string, or parts of type `text`.
pub fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("")
        }
        _ => String::new(),
    }
}
