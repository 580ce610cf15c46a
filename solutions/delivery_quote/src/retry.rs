//! What is tried again, and when.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderValue;

use crate::{Failure, Settings};

// ANCHOR: pause
/// How long to wait before the next attempt, or `None` if there must not be another one.
pub(crate) fn pause(settings: &Settings, attempt: u32, failure: &Failure) -> Option<Duration> {
    let asked = match failure {
        // A GET changes nothing, so it does not matter whether the carrier has seen the first one.
        Failure::Silent => None,
        Failure::Busy { after } => *after,
        // The answer would be the same.
        Failure::NoPostcode | Failure::NoDelivery | Failure::Broken => return None,
    };
    if attempt >= settings.attempts {
        return None;
    }
    // Twice as long each time, and a little random, so that not all clients come back at once.
    let factor = 2_u32.saturating_pow(attempt - 1);
    let backoff = settings.pause.saturating_mul(factor);
    let backoff = backoff.mul_f64(0.5 + rand::random::<f64>() / 2.0);
    let pause = asked.unwrap_or(backoff).max(backoff);
    // Somebody is waiting for us. Rather than wait for long, tell the caller when to try again.
    (pause <= settings.longest_pause).then_some(pause)
}
// ANCHOR_END: pause

// ANCHOR: after
/// `Retry-After: 120`, or `Retry-After: Fri, 27 Nov 2026 09:00:00 GMT`.
pub(crate) fn after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    // A time in the past means now.
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}
// ANCHOR_END: after

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("http://127.0.0.1".parse().unwrap(), "key".into())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let of = |text| after(&HeaderValue::from_static(text));
        assert_eq!(of("120"), Some(Duration::from_secs(120)));
        assert_eq!(of("Fri, 27 Nov 2015 09:00:00 GMT"), Some(Duration::ZERO));
        assert!(of("Fri, 27 Nov 2093 09:00:00 GMT") > Some(Duration::from_secs(1)));
        assert_eq!(of("soon"), None);
        assert_eq!(of("-1"), None);
    }

    #[test]
    fn pauses_grow_and_end() {
        let settings = Settings {
            attempts: 4,
            pause: Duration::from_millis(100),
            ..settings()
        };
        for (attempt, longest) in [(1, 100), (2, 200), (3, 400)] {
            let pause = pause(&settings, attempt, &Failure::Silent).unwrap();
            let longest = Duration::from_millis(longest);
            assert!(pause >= longest / 2 && pause <= longest, "{pause:?}");
        }
        assert_eq!(pause(&settings, 4, &Failure::Silent), None);
    }

    #[test]
    fn the_carrier_is_not_asked_before_it_wants_to_be() {
        let settings = settings();
        let busy = |seconds| Failure::Busy {
            after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(pause(&settings, 1, &busy(3)), Some(Duration::from_secs(3)));
        assert!(pause(&settings, 1, &busy(0)).unwrap() >= settings.pause / 2);
        assert_eq!(pause(&settings, 1, &busy(3600)), None);
        assert_eq!(pause(&settings, 1, &busy(u64::MAX)), None);
    }

    #[test]
    fn a_refusal_is_final() {
        for failure in [Failure::NoPostcode, Failure::NoDelivery, Failure::Broken] {
            assert_eq!(pause(&settings(), 1, &failure), None);
        }
    }
}
