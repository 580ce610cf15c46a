//! What a delivery costs, as another company's HTTP API says: `GET /quotes/{postcode}` of a carrier.
//!
//! The carrier may be slow, busy or down. [`Carrier::quote`] waits for a limited time, tries again where that
//! is safe, and fails with a message that a model can act on.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::retry;

/// Tells the carrier's operators which program this is, and how to reach its maintainers.
const USER_AGENT: &str = concat!(
    "corner-bakery/",
    env!("CARGO_PKG_VERSION"),
    " (+https://bakery.example/contact)"
);

/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(2);

/// How long all attempts may take together. Clients have timeouts of their own, often a minute.
const ALL: Duration = Duration::from_secs(20);

/// An answer has a few bytes. A longer one is not a quote.
const LONGEST_ANSWER: usize = 16 * 1024;

/// The carrier's address, and how long to wait for it.
#[derive(Debug)]
pub struct Settings {
    /// Where the API is. `None` if the store has no carrier.
    pub url: Option<Url>,
    /// The API key. A `SecretString` does not show what is in it.
    pub key: SecretString,
    /// How long one attempt may take.
    pub answer: Duration,
    /// The pause after the first attempt.
    pub pause: Duration,
    /// The most requests at a time.
    pub at_once: usize,
}

/// What a delivery costs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// The price, in cents.
    pub cents: u32,
    /// How many days it takes.
    pub days: u32,
}

/// Why there is no quote, in words for a model: what happened, and what to do now.
#[derive(Debug, Error)]
pub enum Failure {
    /// The argument is wrong.
    #[error("This is not a postal code. Ask the user for one, such as 10115 or SW1A 1AA.")]
    NoPostcode,
    /// The carrier has said no, and will say it again.
    #[error("The carrier does not deliver to this postal code. Check it with the user.")]
    NoDelivery,
    /// The carrier has too much to do.
    #[error("The carrier is busy. Try again {}.", when(*after))]
    Busy {
        /// When the carrier wants to be asked again.
        after: Option<Duration>,
    },
    /// No answer came, or not in time.
    #[error("The carrier does not answer. Tell the user, and try again in a few minutes.")]
    Silent,
    /// Somebody has to repair something.
    #[error("Quotes do not work at the moment. Trying again does not help. Tell the user.")]
    Broken,
}

fn when(after: Option<Duration>) -> String {
    // Whole seconds, rounded up, so that nobody comes back too early.
    let seconds = after.map(|after| after.as_secs() + u64::from(after.subsec_nanos() > 0));
    seconds.map_or("in a minute".to_owned(), |seconds| {
        format!("in {seconds} seconds")
    })
}

/// The carrier's API.
#[derive(Debug)]
pub struct Carrier {
    client: Client,
    settings: Settings,
    turns: Semaphore,
}

impl Carrier {
    /// One client for the whole program. It keeps connections open, and reuses them.
    pub fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        // ANCHOR: step_6_3_client
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            // From connecting to the last byte of the answer.
            .timeout(settings.answer)
            // Never follow a redirect: the key is only for this carrier.
            .redirect(Policy::none())
            .build()?;
        // ANCHOR_END: step_6_3_client
        let turns = Semaphore::new(settings.at_once);
        Ok(Self {
            client,
            settings,
            turns,
        })
    }

    /// What a delivery to this postal code costs.
    pub async fn quote(&self, postcode: &str) -> Result<Quote, Failure> {
        let url = self.url(postcode)?;
        // All attempts together, with the pauses, and the wait for a turn.
        let all = timeout(ALL, self.attempts(&url));
        all.await.unwrap_or(Err(Failure::Silent))
    }

    async fn attempts(&self, url: &Url) -> Result<Quote, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(url).await {
                Ok(quote) => return Ok(quote),
                Err(failure) => failure,
            };
            let pause = retry::pause(attempt, self.settings.pause, &failure);
            // Without the postal code and the key: many people can read logs.
            warn!(attempt, ?pause, "the carrier gave no quote: {failure}");
            let Some(pause) = pause else {
                return Err(failure);
            };
            sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, url: &Url) -> Result<Quote, Failure> {
        // At most `at_once` requests at a time. The turn ends with this function, before any pause.
        let _turn = self.turns.acquire().await;
        let key = self.settings.key.expose_secret();
        let request = self.client.get(url.clone()).bearer_auth(key);
        // The error contains the address with the postal code, so it is not passed on.
        let response = request.send().await.map_err(|error| {
            if error.is_builder() {
                Failure::Broken
            } else {
                Failure::Silent
            }
        })?;
        understand(response).await
    }

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
        let mut url = self.settings.url.clone().ok_or(Failure::Broken)?;
        // It encodes what has to be encoded.
        let mut path = url.path_segments_mut().map_err(|()| Failure::Broken)?;
        path.pop_if_empty().extend(["quotes", postcode]);
        drop(path);
        Ok(url)
    }
}

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
