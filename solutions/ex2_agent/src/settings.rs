//! Which model to ask: three settings, from the environment or from a file named `.env`.

use std::env;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// The address of the endpoint, its key, and the name of the model.
#[derive(Debug)]
pub struct Settings {
    /// `https://api.openai.com/v1`: the part before `/chat/completions`.
    pub base_url: Url,
    /// A secret, which `Debug` does not show.
    pub key: SecretString,
    /// `gpt-5-mini`
    pub model: String,
}

/// A setting that is missing or wrong, in one sentence. It never contains the key.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct WrongSetting(pub String);

impl Settings {
    /// Reads `OPENAI_BASE_URL`, `OPENAI_API_KEY` and `OPENAI_MODEL`. Variables of
    /// the environment take precedence over `.env`.
    ///
    /// # Errors
    ///
    /// The first setting that is missing or cannot be right.
    pub fn read() -> Result<Self, WrongSetting> {
        if let Err(error) = dotenvy::dotenv()
            && !error.not_found()
        {
            // dotenvy's error quotes the line, which may contain the key.
            return Err(WrongSetting(
                "The file .env cannot be read. Each line must be NAME=value.".to_owned(),
            ));
        }
        let base_url = setting("OPENAI_BASE_URL")?;
        let base_url = Url::parse(&base_url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let base_url = base_url.ok_or_else(|| {
            WrongSetting(
                "OPENAI_BASE_URL is not an address such as https://api.openai.com/v1.".to_owned(),
            )
        })?;
        let key = SecretString::from(setting("OPENAI_API_KEY")?);
        if !key
            .expose_secret()
            .bytes()
            .all(|byte| byte.is_ascii_graphic())
        {
            return Err(WrongSetting(
                "OPENAI_API_KEY has a character that keys do not have. Did you copy exactly the key?"
                    .to_owned(),
            ));
        }
        let model = setting("OPENAI_MODEL")?;
        Ok(Self {
            base_url,
            key,
            model,
        })
    }
}

fn setting(name: &str) -> Result<String, WrongSetting> {
    let value = env::var(name).unwrap_or_default();
    let value = value.trim();
    if value.is_empty() {
        return Err(WrongSetting(format!(
            "{name} is not set. Put it into the environment or into a file named .env, as in \
             exercises/ex2_agent/.env.example."
        )));
    }
    Ok(value.to_owned())
}
