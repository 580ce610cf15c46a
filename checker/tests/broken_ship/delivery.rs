//! `delivery_quote`, which asks a carrier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, LOCATION, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::bakery::tools::{error, structured};
use crate::flaw::{Flaw, Flaws};
use crate::protocol::{Call, Stop};
use crate::user::User;

/// Whoever has to wait for longer is told so.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// No quote is longer.
const LONGEST_ANSWER: usize = 10_000;

#[derive(Clone)]
pub struct Carrier {
    flaws: Flaws,
    client: Client,
    url: String,
    key: String,
    answer: Duration,
    pause: Duration,
    at_once: usize,
    turns: Arc<Semaphore>,
    turns_of_users: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// Why there is no quote.
struct Failure {
    words: String,
    /// Whether another attempt may help, and when.
    again: Option<Duration>,
}

impl Failure {
    fn last(words: &str) -> Self {
        let words = words.to_owned();
        Self { words, again: None }
    }

    fn again(words: &str) -> Self {
        let words = words.to_owned();
        let again = Some(Duration::ZERO);
        Self { words, again }
    }
}

impl Carrier {
    pub fn from_environment(flaws: Flaws) -> Self {
        let text = |name: &str| std::env::var(name).unwrap_or_default();
        let seconds = |name: &str, default: f64| {
            Duration::from_secs_f64(text(name).parse().unwrap_or(default))
        };
        let at_once = text("CARRIER_AT_ONCE").parse().unwrap_or(4);
        let at_once = if flaws.has(Flaw::AsksOneAtATime) {
            1
        } else {
            at_once
        };
        let policy = if flaws.has(Flaw::FollowsRedirects) {
            Policy::default()
        } else {
            Policy::none()
        };
        let client = Client::builder().redirect(policy).build();
        Self {
            client: client.unwrap_or_else(|error| panic!("{error}")),
            url: text("CARRIER_URL").trim_end_matches('/').to_owned(),
            key: text("CARRIER_KEY"),
            answer: seconds("CARRIER_SECONDS", 5.0),
            pause: seconds("CARRIER_PAUSE_SECONDS", 0.2),
            at_once,
            turns: Arc::new(Semaphore::new(at_once)),
            turns_of_users: Arc::default(),
            flaws,
        }
    }

    pub fn declaration() -> Value {
        let number = json!({ "type": "integer" });
        json!({
            "name": "delivery_quote",
            "description": "Says what a delivery costs.",
            "inputSchema": {
                "type": "object",
                "properties": { "postcode": { "type": "string" } },
                "required": ["postcode"],
            },
            "outputSchema": {
                "type": "object",
                "properties": { "cents": number, "days": number },
                "required": ["cents", "days"],
            },
        })
    }

    pub async fn answer(&self, call: &Call, user: &User) -> Result<Value, Stop> {
        let postcode = call.params()["arguments"]["postcode"].as_str();
        let postcode = postcode.unwrap_or_default().trim().to_owned();
        let (carrier, user) = (self.clone(), user.clone());
        let work = async move { carrier.quote(&postcode, &user).await };
        if self.flaws.has(Flaw::AsksOnWhenCancelled) {
            // Whoever cancels drops the future of the call: this goes on.
            return Ok(tokio::spawn(work).await.unwrap_or_else(|_| error("gone")));
        }
        tokio::select! {
            result = work => Ok(result),
            () = call.cancelled() => Ok(error("The call was cancelled.")),
        }
    }

    async fn quote(&self, postcode: &str, user: &User) -> Value {
        let flaws = &self.flaws;
        let allowed = |one: char| one.is_ascii_alphanumeric() || " -".contains(one);
        let is_postcode = (3..=10).contains(&postcode.len()) && postcode.chars().all(allowed);
        if !is_postcode && !flaws.has_any(&[Flaw::AsksAnything, Flaw::EncodesAnything]) {
            return error("This is not a postal code, such as 10115.");
        }
        let url = if flaws.has(Flaw::EncodesAnything) {
            let encoded: String = utf8_percent_encode(postcode, NON_ALPHANUMERIC).collect();
            format!("{}/quotes/{encoded}", self.url)
        } else if flaws.has(Flaw::SpaceAsPlus) {
            format!("{}/quotes/{}", self.url, postcode.replace(' ', "+"))
        } else {
            format!("{}/quotes/{postcode}", self.url)
        };
        if flaws.has(Flaw::LogsAddress) {
            eprintln!("GET {url}");
        }
        if flaws.has(Flaw::LogsKey) {
            eprintln!("asking the carrier with {}", self.key);
        }
        let attempts = match () {
            () if flaws.has(Flaw::AsksOnce) => 1,
            () if flaws.has(Flaw::AsksFiveTimes) => 5,
            () => 3,
        };
        let mut backoff = self.pause;
        let mut attempt = 1;
        loop {
            let turn = self.turn(user).await;
            let failure = match self.attempt(&url).await {
                Ok(quote) => return structured(&quote),
                Err(failure) => failure,
            };
            let turn = flaws.has(Flaw::PausesInTurn).then_some(turn);
            let mut again = failure.again;
            if flaws.has(Flaw::RetriesEverything) {
                again = again.or(Some(Duration::ZERO));
            }
            let Some(asked) = again.filter(|_| attempt < attempts) else {
                return error(failure.words);
            };
            let pause = match () {
                () if flaws.has(Flaw::PausesNever) => asked,
                () if flaws.has(Flaw::PausesTheSame) => asked.max(self.pause / 2),
                () => asked.max(backoff),
            };
            if pause > LONGEST_PAUSE && !flaws.has(Flaw::WaitsAnHour) {
                let when = if flaws.has(Flaw::SaysLater) {
                    "later".to_owned()
                } else {
                    format!("in {} seconds", pause.as_secs() + 1)
                };
                return error(format!("The carrier is busy. Try again {when}."));
            }
            sleep(pause).await;
            drop(turn);
            backoff *= 2;
            attempt += 1;
        }
    }

    async fn turn(&self, user: &User) -> Option<tokio::sync::OwnedSemaphorePermit> {
        if self.flaws.has(Flaw::AsksAllAtOnce) {
            return None;
        }
        let turns = if self.flaws.has(Flaw::TurnsForEachUser) {
            let mut all = self
                .turns_of_users
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let turns = all.entry(user.id.clone());
            turns
                .or_insert_with(|| Arc::new(Semaphore::new(self.at_once)))
                .clone()
        } else {
            self.turns.clone()
        };
        turns.acquire_owned().await.ok()
    }

    async fn attempt(&self, url: &str) -> Result<Value, Failure> {
        let flaws = &self.flaws;
        let silent = || Failure::again("The carrier does not answer.");
        if flaws.has(Flaw::WaitsForBody) {
            let response = timeout(self.answer, self.send(url)).await;
            let response = response.map_err(|_| silent())??;
            return self.understand(response).await;
        }
        let whole = async { self.understand(self.send(url).await?).await };
        if flaws.has(Flaw::WaitsForAnswer) {
            return whole.await;
        }
        let answer = timeout(self.answer, whole).await;
        answer.unwrap_or_else(|_| Err(silent()))
    }

    async fn send(&self, url: &str) -> Result<Response, Failure> {
        let flaws = &self.flaws;
        let mut request = self.client.get(url);
        if !flaws.has(Flaw::SendsNoKey) {
            request = request.header(AUTHORIZATION, format!("Bearer {}", self.key));
        }
        if flaws.has(Flaw::IsALibrary) {
            request = request.header(USER_AGENT, "python-requests/2.32.5");
        } else if !flaws.has(Flaw::SaysNotWho) {
            request = request.header(USER_AGENT, "bakery/1.0 (+https://bakery.example)");
        }
        let response = request.send().await.map_err(|error| {
            if flaws.has(Flaw::TellsAddress) {
                Failure::again(&format!("{error}: {url}"))
            } else {
                Failure::again("The carrier does not answer.")
            }
        })?;
        let to = response.headers().get(LOCATION);
        if let (true, Some(to)) = (flaws.has(Flaw::KeyFollowsRedirects), to) {
            let to = to.to_str().unwrap_or_default();
            let request = self.client.get(to).bearer_auth(&self.key);
            return request.send().await.map_err(|_| Failure::again("gone"));
        }
        Ok(response)
    }

    async fn understand(&self, response: Response) -> Result<Value, Failure> {
        let flaws = &self.flaws;
        let status = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|after| self.after(after.to_str().ok()?));
        match status {
            200 => self.read(response).await,
            429 | 502..=504 => Err(Failure {
                words: "The carrier is busy. Try again in 60 seconds.".to_owned(),
                again: Some(after.unwrap_or_default()),
            }),
            500 if flaws.has(Flaw::RetriesBugs) => Err(Failure::again("The carrier fails.")),
            _ if flaws.has(Flaw::TellsPage) => {
                let page = response.text().await.unwrap_or_default();
                Err(Failure::last(&page))
            }
            401 if flaws.has(Flaw::TellsKey) => {
                Err(Failure::last(&format!("{} is a bad key", self.key)))
            }
            404 if flaws.has(Flaw::FailsSilently) => Ok(json!({ "cents": 0, "days": 0 })),
            _ => Err(Failure::last("There is no quote. Ask the user.")),
        }
    }

    fn after(&self, text: &str) -> Option<Duration> {
        if self.flaws.has(Flaw::IgnoresRetryAfter) {
            return None;
        }
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        if self.flaws.has(Flaw::ReadsSecondsOnly) {
            return None;
        }
        let at = DateTime::parse_from_rfc2822(text).ok()?;
        Some((at.to_utc() - Utc::now()).to_std().unwrap_or_default())
    }

    async fn read(&self, mut response: Response) -> Result<Value, Failure> {
        let flaws = &self.flaws;
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|_| Failure::again("The carrier does not answer."));
            let Some(chunk) = chunk? else { break };
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER && !flaws.has(Flaw::ReadsEverything) {
                return Err(Failure::last("The carrier answers nonsense."));
            }
        }
        let nonsense = || Failure::last("The carrier answers nonsense.");
        let quote: Value = serde_json::from_slice(&body).map_err(|_| nonsense())?;
        let number = |name: &str| match quote[name].as_u64() {
            None if flaws.has(Flaw::FreeByDefault) && !quote.is_null() => Some(0),
            number => number,
        };
        let (cents, days) = (
            number("cents").ok_or_else(nonsense)?,
            number("days").ok_or_else(nonsense)?,
        );
        if flaws.has(Flaw::QuotesDollars) {
            return Ok(json!({ "cents": cents / 100, "days": days }));
        }
        if flaws.has(Flaw::QuotesFloats) {
            return Ok(json!({ "cents": cents as f64, "days": days as f64 }));
        }
        Ok(json!({ "cents": cents, "days": days }))
    }
}
