//! What a user may ask of the store: so many calls a minute, so much time, so many bytes.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::bakery::tools::error;
use crate::flaw::{Flaw, Flaws};
use crate::protocol::{Call, INTERNAL_ERROR, RpcError, Stop};
use crate::user::User;

/// The most that is read at all.
const MOST_BYTES: usize = 100_000_000;

pub struct Limits {
    flaws: Flaws,
    per_minute: f64,
    deadline: Duration,
    bytes: usize,
    users: Mutex<HashMap<String, Share>>,
}

/// What is left of a user's minute.
struct Share {
    calls: f64,
    since: Instant,
}

/// The token that a request came with.
#[derive(Clone)]
pub struct Token(String);

impl Limits {
    pub fn from_environment(flaws: Flaws) -> Arc<Self> {
        let per_minute = setting("STORE_CALLS_PER_MINUTE", 60.0);
        let is_low = flaws.has(Flaw::HalfTheCalls);
        Arc::new(Self {
            per_minute: if is_low { per_minute / 2.0 } else { per_minute },
            deadline: Duration::from_secs_f64(setting("STORE_DEADLINE_SECONDS", 30.0)),
            bytes: setting("STORE_BODY_BYTES", 1_000_000),
            users: Mutex::default(),
            flaws,
        })
    }

    /// Takes one call from a user's minute, or says after how many seconds there is one.
    fn take(&self, user: &str) -> Result<(), u64> {
        let flaws = &self.flaws;
        if flaws.has_any(&[Flaw::CountsNoCalls, Flaw::NoLimits]) {
            return Ok(());
        }
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let share = users.entry(user.to_owned()).or_insert(Share {
            calls: self.per_minute,
            since: now,
        });
        if flaws.has_any(&[Flaw::ComesBackTooSoon, Flaw::CountsByTheMinute]) {
            // A window of a minute, which begins with the first call.
            let passed = now - share.since;
            if passed > Duration::from_secs(60) {
                (share.calls, share.since) = (self.per_minute, now);
            }
            if share.calls < 1.0 {
                let left = 60_u64.saturating_sub(passed.as_secs());
                let is_short = flaws.has(Flaw::ComesBackTooSoon);
                return Err(if is_short { 1 } else { left });
            }
        } else {
            let earned = (now - share.since).as_secs_f64() * self.per_minute / 60.0;
            share.calls = (share.calls + earned).min(self.per_minute);
            share.since = now;
            if share.calls < 1.0 {
                let wait = (1.0 - share.calls) * 60.0 / self.per_minute;
                return Err(wait as u64 + 1);
            }
        }
        share.calls -= 1.0;
        Ok(())
    }

    /// Runs a request within the limits.
    pub async fn run(
        &self,
        call: &Call,
        user: &User,
        work: impl Future<Output = Result<Value, Stop>>,
    ) -> Result<Value, Stop> {
        let flaws = &self.flaws;
        let method = call.request.method.as_str();
        if method == "tools/list" && flaws.has(Flaw::CountsLists) {
            self.within(call, user)?;
        }
        if method != "tools/call" {
            return work.await;
        }
        if !flaws.has(Flaw::AnswersWith429)
            && let Err(refused) = self.within(call, user)
        {
            return Err(refused);
        }
        let name = call.params()["name"].as_str().unwrap_or_default();
        let asks = ["buy_product", "connect_payments"].contains(&name);
        if asks && !flaws.has(Flaw::NoTimeToThink)
            || flaws.has_any(&[Flaw::TakesItsTime, Flaw::NoLimits])
        {
            return work.await;
        }
        tokio::select! {
            result = work => result,
            () = sleep(self.deadline) => match () {
                () if flaws.has(Flaw::DeadlineIsNoResult) => {
                    Err(RpcError::new(INTERNAL_ERROR, "deadline exceeded").into())
                }
                () => Ok(error("This took too long. Ask for less.")),
            },
        }
    }

    fn within(&self, call: &Call, user: &User) -> Result<(), Stop> {
        let flaws = &self.flaws;
        let token = call.extensions.get::<Token>();
        let key = match token {
            Some(Token(token)) if flaws.has(Flaw::CountsByToken) => token,
            _ if flaws.has(Flaw::CountsEverybody) => "everybody",
            _ => &user.id,
        };
        self.take(key).map_err(|seconds| match () {
            () if flaws.has(Flaw::RefusesWithError) => {
                RpcError::new(INTERNAL_ERROR, "too many calls").into()
            }
            () if flaws.has(Flaw::NotSaysWhen) => Stop::tool_error("Too many calls. Come later."),
            () => Stop::tool_error(format!("Too many calls. Try again in {seconds} seconds.")),
        })
    }
}

fn setting<T: FromStr>(name: &str, default: T) -> T {
    let set = std::env::var(name).ok();
    set.and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The layer that counts the bytes of a request.
pub async fn guard(
    State(limits): State<Arc<Limits>>,
    mut request: Request,
    next: Next,
) -> Response {
    let flaws = &limits.flaws;
    let token = request.headers().get(AUTHORIZATION);
    let token = token
        .and_then(|token| token.to_str().ok())
        .map(str::to_owned);
    let extensions = request.extensions_mut();
    extensions.insert(Token(token.unwrap_or_default()));
    let (parts, body) = request.into_parts();
    let said = parts.headers.get(CONTENT_LENGTH);
    let said: Option<usize> = said.and_then(|said| said.to_str().ok()?.parse().ok());
    let too_large = StatusCode::PAYLOAD_TOO_LARGE.into_response();
    let most = match () {
        () if flaws.has_any(&[Flaw::CountsNoBytes, Flaw::BelievesLength, Flaw::ReadsFirst]) => {
            MOST_BYTES
        }
        () if flaws.has(Flaw::OneByteLess) => limits.bytes - 1,
        () => limits.bytes,
    };
    let believes = flaws.has_any(&[Flaw::BelievesLength, Flaw::SaysAtOnce]);
    if believes && said.is_some_and(|said| said > limits.bytes) {
        return too_large;
    }
    let Ok(body) = read(body, most).await else {
        return if flaws.has(Flaw::BadRequestInstead) {
            StatusCode::BAD_REQUEST.into_response()
        } else {
            too_large
        };
    };
    if flaws.has(Flaw::ReadsFirst) && body.len() > limits.bytes {
        return too_large;
    }
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    if flaws.has(Flaw::AnswersWith429)
        && message["method"] == "tools/call"
        && let Some(user) = parts.extensions.get::<User>()
        && limits.take(&user.id).is_err()
    {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Stops reading when there is too much.
async fn read(body: Body, most: usize) -> Result<Bytes, axum::Error> {
    let mut count = 0;
    let counted = body.into_data_stream().map(move |chunk| {
        count += chunk.as_ref().map_or(0, Bytes::len);
        if count > most {
            return Err(axum::Error::new(std::io::Error::other("too much")));
        }
        chunk
    });
    to_bytes(Body::from_stream(counted), MOST_BYTES).await
}
