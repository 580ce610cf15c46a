//! The model that is asked: any endpoint that speaks OpenAI's chat completions API, named by the same
//! three settings as in exercise 2.

use std::collections::HashMap;
use std::env;
use std::ops::AddAssign;
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use reqwest::Url;
use rmcp::model::Tool;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long one answer may take: a model on a laptop takes its time.
const PATIENCE: Duration = Duration::from_secs(120);
const TO_CONNECT: Duration = Duration::from_secs(10);

const SETTINGS: [&str; 3] = ["OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"];

/// A model behind an endpoint.
pub struct Model {
    /// What the endpoint calls it.
    pub name: String,
    client: Client<OpenAIConfig>,
    key: SecretString,
}

/// What a model answers first.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The calls that it proposes.
    pub calls: Vec<Call>,
    /// What it says.
    pub text: Option<String>,
    /// What the answer took.
    pub usage: Usage,
}

/// A call that a model proposes.
#[derive(Clone, Debug)]
pub struct Call {
    /// The tool's name.
    pub tool: String,
    /// Text that should be a JSON object.
    pub arguments: String,
}

/// How many tokens were used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Those that were sent: instructions, tools, question.
    pub sent: u64,
    /// Those that came back.
    pub received: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
    }
}

/// Why there is no reply.
#[derive(Debug)]
pub enum Failure {
    /// No question can be asked, and what to do.
    Setting(String),
    /// This answer was none.
    Answer(String),
}

// Only what is judged. Endpoints differ in the rest.
#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

impl Model {
    /// The model that the settings name, in the environment or in a file named `.env`; `None` where they
    /// name none.
    ///
    /// # Errors
    ///
    /// A setting that is missing beside the others, or cannot be right. Never says the key.
    pub fn from_settings() -> Result<Option<Self>, String> {
        let settings = settings()?;
        if settings.is_empty() {
            return Ok(None);
        }
        let setting = |name: &str| {
            settings.get(name).cloned().ok_or_else(|| {
                format!(
                    "{name} is not set: put it into the environment or into a file named .env; exercises/ex2_agent/.env.example shows how"
                )
            })
        };
        let base = setting("OPENAI_BASE_URL")?;
        let is_http = |url: &Url| matches!(url.scheme(), "http" | "https");
        if !Url::parse(&base).is_ok_and(|url| is_http(&url)) {
            return Err(
                "OPENAI_BASE_URL is not an address such as https://api.openai.com/v1".to_owned(),
            );
        }
        let key = SecretString::from(setting("OPENAI_API_KEY")?);
        let is_graphic = |byte: u8| byte.is_ascii_graphic();
        if !key.expose_secret().bytes().all(is_graphic) {
            return Err(
                "OPENAI_API_KEY has a character that no key has. Did you copy all of the key, and nothing else?"
                    .to_owned(),
            );
        }
        let config = OpenAIConfig::new()
            .with_api_base(base.trim_end_matches('/'))
            .with_api_key(key.expose_secret());
        let http = reqwest::Client::builder()
            .connect_timeout(TO_CONNECT)
            .timeout(PATIENCE)
            .build()
            .map_err(|error| format!("this machine's TLS cannot be set up: {error}"))?;
        Ok(Some(Self {
            name: setting("OPENAI_MODEL")?,
            client: Client::with_config(config).with_http_client(http),
            key,
        }))
    }

    /// Asks one question, with these tools on offer.
    ///
    /// # Errors
    ///
    /// A [`Failure`].
    pub async fn ask(
        &self,
        instructions: Option<&str>,
        question: &str,
        offered: &Value,
    ) -> Result<Reply, Failure> {
        let system = instructions.map(|words| json!({ "role": "system", "content": words }));
        let user = json!({ "role": "user", "content": question });
        let messages: Vec<Value> = system.into_iter().chain([user]).collect();
        let mut request = json!({ "model": self.name, "messages": messages });
        // OpenAI takes no empty list.
        if offered.as_array().is_some_and(|tools| !tools.is_empty()) {
            request["tools"] = offered.clone();
        }
        let chat = self.client.chat();
        let asked = timeout(PATIENCE, chat.create_byot(request)).await;
        let asked = asked.map_err(|_| {
            let seconds = PATIENCE.as_secs();
            Failure::Answer(format!("no answer within {seconds} seconds"))
        })?;
        let completion: Completion = asked.map_err(|error| self.explain(&error))?;
        let usage = completion.usage.map_or(Usage::default(), |tokens| Usage {
            sent: tokens.prompt_tokens,
            received: tokens.completion_tokens,
        });
        let choice = completion.choices.into_iter().next();
        let message = choice
            .map(|choice| choice.message)
            .ok_or_else(|| Failure::Answer("the endpoint answered without a choice".to_owned()))?;
        let calls = message.tool_calls.unwrap_or_default().into_iter();
        Ok(Reply {
            calls: calls
                .map(|call| Call {
                    tool: call.function.name,
                    arguments: call.function.arguments,
                })
                .collect(),
            text: message.content,
            usage,
        })
    }

    /// What went wrong, without the key: some endpoints repeat it in what they say.
    fn explain(&self, error: &OpenAIError) -> Failure {
        let setting = |words: &str| Failure::Setting(words.to_owned());
        let said = match error {
            OpenAIError::ApiError(error) => match error.status_code.as_u16() {
                401 | 403 => {
                    return setting("OPENAI_API_KEY is refused by the endpoint at OPENAI_BASE_URL");
                }
                404 => {
                    return setting(
                        "the endpoint at OPENAI_BASE_URL does not know the model that OPENAI_MODEL names, or is not OpenAI's API",
                    );
                }
                _ => format!("the endpoint answered {error}"),
            },
            OpenAIError::JSONDeserialize(_, body) => {
                format!("the endpoint does not answer as OpenAI's API: {body}")
            }
            OpenAIError::Reqwest(error) if error.is_connect() => {
                return setting(
                    "nothing answers at OPENAI_BASE_URL: is the address right, and the endpoint up?",
                );
            }
            other => format!("the model could not be asked: {other}"),
        };
        Failure::Answer(said.replace(self.key.expose_secret(), "[the key]"))
    }
}

/// The tools as OpenAI's API takes them.
pub fn offer(tools: &[Tool]) -> Value {
    let offered = tools.iter().map(|tool| {
        json!({
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.input_schema,
            },
        })
    });
    offered.collect()
}

/// The settings that are there. Variables of the environment come before those in `.env`.
fn settings() -> Result<HashMap<String, String>, String> {
    let mut settings = HashMap::new();
    match dotenvy::dotenv_iter() {
        Ok(lines) => {
            for line in lines {
                // What dotenvy says of it quotes the line, and the key may be in it.
                let (name, value) = line.map_err(|_| {
                    "the file .env cannot be read: each line must be NAME=value".to_owned()
                })?;
                settings.insert(name, value);
            }
        }
        Err(error) if error.not_found() => (),
        Err(_) => return Err("the file .env cannot be read".to_owned()),
    }
    for name in SETTINGS {
        if let Ok(value) = env::var(name) {
            settings.insert(name.to_owned(), value);
        }
    }
    settings.retain(|name, value| {
        *value = value.trim().to_owned();
        SETTINGS.contains(&name.as_str()) && !value.is_empty()
    });
    Ok(settings)
}
