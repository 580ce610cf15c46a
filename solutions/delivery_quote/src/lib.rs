//! What a delivery costs, as another company's HTTP API says: `GET /quotes/{postcode}` of a carrier.
//!
//! The carrier may be slow, busy or down. [`Carrier::quote`] waits for a limited time, tries again where that
//! is safe, and fails with a message that a model can act on.

mod failure;
mod retry;
pub mod server;
mod settings;

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time;
use tracing::warn;

pub use crate::failure::Failure;
pub use crate::settings::Settings;

/// Tells the carrier's operators which program this is, and how to reach its maintainers.
const USER_AGENT: &str = concat!(
    "corner-bakery/",
    env!("CARGO_PKG_VERSION"),
    " (+https://bakery.example/contact)"
);

/// An answer has a few bytes. A longer one is not a quote.
const LONGEST_ANSWER: usize = 16 * 1024;

/// What a delivery costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// The price, in cents.
    pub cents: u32,
    /// How many days it takes.
    pub days: u32,
}

/// The carrier's API.
#[derive(Debug)]
pub struct Carrier {
    client: Client,
    settings: Settings,
    turns: Semaphore,
}

impl Carrier {
    // ANCHOR: client
    /// One client for the whole program. It keeps connections open, and reuses them.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(settings.connect)
            // From connecting to the last byte of the answer.
            .timeout(settings.answer)
            // Never follow a redirect: the key is only for this carrier.
            .redirect(Policy::none())
            .build()?;
        let turns = Semaphore::new(settings.at_once);
        Ok(Self {
            client,
            settings,
            turns,
        })
    }
    // ANCHOR_END: client

    // ANCHOR: quote
    /// What a delivery to this postal code costs.
    ///
    /// # Errors
    ///
    /// When there is no quote, for whatever reason.
    pub async fn quote(&self, postcode: &str) -> Result<Quote, Failure> {
        let url = self.url(postcode)?;
        // All attempts together, with the pauses, and the wait for a turn.
        let all = time::timeout(self.settings.all, self.attempts(&url));
        all.await.unwrap_or(Err(Failure::Silent))
    }

    async fn attempts(&self, url: &Url) -> Result<Quote, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(url).await {
                Ok(quote) => return Ok(quote),
                Err(failure) => failure,
            };
            let pause = retry::pause(&self.settings, attempt, &failure);
            // Without the postal code and the key: many people can read logs.
            warn!(attempt, ?pause, "the carrier gave no quote: {failure}");
            let Some(pause) = pause else {
                return Err(failure);
            };
            time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, url: &Url) -> Result<Quote, Failure> {
        // At most `at_once` requests at a time. The turn ends with this function, before any pause.
        let _turn = self.turns.acquire().await;
        let key = self.settings.key.expose_secret();
        let request = self.client.get(url.clone()).bearer_auth(key);
        let response = request.send().await.map_err(|error| unsent(&error))?;
        understand(response).await
    }
    // ANCHOR_END: quote

    // ANCHOR: url
    /// The address to ask. The postal code comes from a model, so it could be `../admin?x=`.
    fn url(&self, postcode: &str) -> Result<Url, Failure> {
        let postcode = postcode.trim();
        let is_plausible = (3..=10).contains(&postcode.len())
            && postcode
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || matches!(one, ' ' | '-'));
        if !is_plausible {
            return Err(Failure::NoPostcode);
        }
        let mut url = self.settings.url.clone();
        // It encodes what has to be encoded.
        let mut path = url.path_segments_mut().map_err(|()| Failure::Broken)?;
        path.pop_if_empty().extend(["quotes", postcode]);
        drop(path);
        Ok(url)
    }
    // ANCHOR_END: url
}

/// Why no answer came. The error itself contains the address with the postal code, so it is not passed on.
fn unsent(error: &reqwest::Error) -> Failure {
    if error.is_builder() {
        return Failure::Broken;
    }
    Failure::Silent
}

// ANCHOR: understand
/// What the carrier's answer means.
async fn understand(response: Response) -> Result<Quote, Failure> {
    let after = response.headers().get(RETRY_AFTER).and_then(retry::after);
    match response.status() {
        StatusCode::OK => read(response).await,
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {
            Err(Failure::NoDelivery)
        }
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Err(Failure::Busy { after }),
        // 401 and 403 are about our key, and 500 is a bug of the carrier: no retry helps.
        _ => Err(Failure::Broken),
    }
}

/// The quote, from an answer of a reasonable length.
async fn read(mut response: Response) -> Result<Quote, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Silent)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(Failure::Broken);
        }
    }
    serde_json::from_slice(&body).map_err(|_| Failure::Broken)
}
// ANCHOR_END: understand

/// Whole seconds, rounded up, so that nobody comes back too early.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
