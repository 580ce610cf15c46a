//! Which requests to another API are tried again, and when.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderValue;

use crate::delivery::Failure;

/// The most attempts.
const ATTEMPTS: u32 = 3;

/// The longest pause. If the carrier asks for a longer one, the call fails and says so.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait after this attempt, counted from 1, or `None` if there must not be another one.
/// `first` is the pause after the first attempt.
pub fn pause(attempt: u32, first: Duration, failure: &Failure) -> Option<Duration> {
    // ANCHOR: step_6_3
    let asked = match failure {
        // A GET changes nothing, so it does not matter whether the carrier has seen the first one.
        Failure::Silent => None,
        Failure::Busy { after } => *after,
        // The answer would be the same.
        Failure::NoPostcode | Failure::NoDelivery | Failure::Broken => return None,
    };
    if attempt >= ATTEMPTS {
        return None;
    }
    // Twice as long each time, and a little random, so that not all clients come back at once.
    let factor = 2_u32.saturating_pow(attempt - 1);
    let backoff = first.saturating_mul(factor);
    let backoff = backoff.mul_f64(0.5 + rand::random::<f64>() / 2.0);
    let pause = asked.unwrap_or(backoff).max(backoff);
    // Somebody is waiting for us. Rather than wait for long, tell the caller when to try again.
    (pause <= LONGEST_PAUSE).then_some(pause)
    // ANCHOR_END: step_6_3
}

/// `Retry-After: 120`, or `Retry-After: Fri, 27 Nov 2026 09:00:00 GMT` (RFC 9110, 10.2.3).
pub fn after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    // A time in the past means now.
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}
