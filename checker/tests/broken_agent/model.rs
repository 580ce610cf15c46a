//! The model's API by hand, as a stream.

use std::env;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::flaw::{Flaw, Flaws};
use crate::mangle::mangle;

pub struct Model {
    flaws: Flaws,
    http: reqwest::Client,
    base_url: String,
    key: String,
    name: String,
}

/// What the model says.
#[derive(Default)]
pub struct Reply {
    pub text: String,
    pub calls: Vec<Call>,
}

/// A call that it proposes.
#[derive(Default)]
pub struct Call {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

impl Call {
    pub fn as_json(&self) -> Value {
        let function = json!({ "name": self.name, "arguments": self.arguments });
        json!({ "id": self.id, "type": "function", "function": function })
    }
}

impl Model {
    pub fn from_environment(flaws: Flaws) -> Result<Self> {
        let setting = |name: &str| env::var(name).with_context(|| format!("{name} is not set"));
        let model = Self {
            http: plain_http(),
            base_url: setting("OPENAI_BASE_URL")?,
            key: setting("OPENAI_API_KEY")?,
            name: setting("OPENAI_MODEL")?,
            flaws,
        };
        if model.flaws.has(Flaw::PrintsKey) {
            eprintln!("asking {} with the key {}", model.name, model.key);
        }
        Ok(model)
    }

    pub async fn ask(&self, talk: &[Value], offered: &[Value]) -> Result<Reply> {
        let mut body = json!({ "model": self.name, "messages": talk, "stream": true });
        if !offered.is_empty() {
            body["tools"] = json!(offered);
        }
        mangle("chat/completions", &mut body);
        let asking = self
            .http
            .post(format!("{}/chat/completions", self.base_url))
            .header("content-type", "application/json");
        let asking = if self.flaws.has(Flaw::BareKey) {
            asking.header("authorization", &self.key)
        } else if self.flaws.has(Flaw::NoKey) {
            asking
        } else {
            asking.bearer_auth(&self.key)
        };
        let answer = asking.body(body.to_string()).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("the model answers {status}: {text}");
        }
        let mut reply = Reply::default();
        let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
        for event in events.filter(|event| *event != "[DONE]") {
            let chunk: Value = serde_json::from_str(event)?;
            reply.take(&chunk["choices"][0]["delta"]);
        }
        Ok(reply)
    }
}

/// For loopback: the system's certificates are not read, which takes longer than a whole answer.
pub fn plain_http() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    builder.build().unwrap_or_default()
}

impl Reply {
    fn take(&mut self, delta: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.text += &text(&delta["content"]);
        for piece in delta["tool_calls"].as_array().into_iter().flatten() {
            if piece["id"].is_string() {
                self.calls.push(Call {
                    id: text(&piece["id"]),
                    name: text(&piece["function"]["name"]),
                    ..Call::default()
                });
            }
            let index = piece["index"].as_u64().unwrap_or_default();
            let call = usize::try_from(index)
                .ok()
                .and_then(|index| self.calls.get_mut(index));
            if let Some(call) = call {
                call.arguments += &text(&piece["function"]["arguments"]);
            }
        }
    }
}
