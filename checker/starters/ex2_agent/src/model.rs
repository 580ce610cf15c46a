//! The model: any endpoint that speaks OpenAI's chat completions API.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::CreateChatCompletionRequest;
pub use async_openai::types::chat::{
    ChatCompletionMessageToolCall as ToolCall, ChatCompletionRequestMessage as Message,
    ChatCompletionTools as Offer,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::timeout;

use crate::settings::{Settings, WrongSetting};
use crate::terminal::say;

/// How long an answer may take, including retries when the endpoint is busy.
const PATIENCE: Duration = Duration::from_secs(120);
const TO_CONNECT: Duration = Duration::from_secs(10);

/// A model behind an endpoint. It remembers nothing from one request to the next.
pub struct Model {
    client: Client<OpenAIConfig>,
    name: String,
    key: SecretString,
}

/// The model's reply: text, or calls that it proposes.
#[derive(Debug, Deserialize)]
pub struct Reply {
    /// The text. With calls, it is what the model was thinking.
    pub content: Option<String>,
    /// The text, if the model refuses to answer.
    pub refusal: Option<String>,
    /// The calls, each with an id. Their arguments are text that should be JSON.
    pub tool_calls: Option<Vec<ToolCall>>,
}

// Only what the agent needs. Endpoints differ in the rest, but the client's own type only accepts
// what OpenAI sends.
#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Reply,
    finish_reason: Option<String>,
}

impl Model {
    /// The model in the settings. This does not send anything yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up on this machine.
    pub fn new(settings: Settings) -> Result<Self> {
        let base = settings.base_url.as_str().trim_end_matches('/');
        let config = OpenAIConfig::new()
            .with_api_base(base)
            .with_api_key(settings.key.expose_secret());
        let http = reqwest::Client::builder()
            .connect_timeout(TO_CONNECT)
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            client: Client::with_config(config).with_http_client(http),
            name: settings.model,
            key: settings.key,
        })
    }

    /// Sends the whole conversation and the tools, and returns what the model says
    /// next.
    ///
    /// # Errors
    ///
    /// A [`WrongSetting`] if the endpoint refuses the key or does not know the model, or anything
    /// else that keeps the model from answering.
    pub async fn reply(&self, conversation: &[Message], offered: &[Offer]) -> Result<Reply> {
        let request = CreateChatCompletionRequest {
            model: self.name.clone(),
            messages: conversation.to_vec(),
            // OpenAI does not accept an empty list.
            tools: (!offered.is_empty()).then(|| offered.to_vec()),
            ..Default::default()
        };
        let chat = self.client.chat();
        let asked = timeout(PATIENCE, chat.create_byot(request)).await;
        let asked = asked.with_context(|| {
            let seconds = PATIENCE.as_secs();
            format!("the model did not answer within {seconds} seconds")
        })?;
        let mut completion: Completion = asked.map_err(|error| self.explain(&error))?;
        if completion.choices.is_empty() {
            bail!("the endpoint's answer has no choices and gives no reason");
        }
        let choice = completion.choices.swap_remove(0);
        if choice.finish_reason.as_deref() == Some("length") {
            say("The model ran out of tokens, so the answer below is incomplete.");
        }
        Ok(choice.message)
    }

    /// What went wrong, without the key, which some endpoints repeat in their errors.
    fn explain(&self, error: &OpenAIError) -> anyhow::Error {
        let said = match error {
            OpenAIError::ApiError(error) => match error.status_code.as_u16() {
                401 | 403 => {
                    return WrongSetting(
                        "The endpoint at OPENAI_BASE_URL refuses OPENAI_API_KEY.".to_owned(),
                    )
                    .into();
                }
                404 => {
                    return WrongSetting(
                        "The endpoint at OPENAI_BASE_URL does not know the model that \
                         OPENAI_MODEL names, or is not OpenAI's API."
                            .to_owned(),
                    )
                    .into();
                }
                _ => format!("the model's endpoint answered {error}"),
            },
            OpenAIError::JSONDeserialize(_, body) => {
                format!("the endpoint at OPENAI_BASE_URL does not answer like OpenAI's API: {body}")
            }
            OpenAIError::Reqwest(error) if error.is_connect() => {
                "nothing answers at OPENAI_BASE_URL. Is the address right, and is the endpoint running?"
                    .to_owned()
            }
            other => format!("the model could not be asked: {other}"),
        };
        anyhow::Error::msg(said.replace(self.key.expose_secret(), "[the key]"))
    }
}
