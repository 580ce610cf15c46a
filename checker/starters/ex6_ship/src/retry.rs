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
    // TODO 6.3: say which failures are worth another attempt, and how long to wait before it: as long as the
    // carrier asks, or `first`, twice as long each time, and a little random. Give up after `ATTEMPTS`, and
    // if the pause is longer than `LONGEST_PAUSE`.
    todo!("6.3")
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
