//! The carrier's address, and how long to wait for it.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

/// The carrier's address, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the API is.
    pub url: Url,
    /// The API key. A `SecretString` does not show what is in it.
    pub key: SecretString,
    /// How long it may take to connect.
    pub connect: Duration,
    /// How long one attempt may take.
    pub answer: Duration,
    /// How long all attempts may take together. Clients have timeouts of their own, often a minute.
    pub all: Duration,
    /// The most attempts.
    pub attempts: u32,
    /// The pause after the first attempt.
    pub pause: Duration,
    /// The longest pause. If the carrier asks for a longer one, the call fails and says so.
    pub longest_pause: Duration,
    /// The most requests at a time.
    pub at_once: usize,
}

impl Settings {
    // ANCHOR: settings
    /// Sensible values for most APIs.
    #[must_use]
    pub fn new(url: Url, key: SecretString) -> Self {
        Self {
            url,
            key,
            connect: Duration::from_secs(2),
            answer: Duration::from_secs(5),
            all: Duration::from_secs(20),
            attempts: 3,
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            at_once: 4,
        }
    }
    // ANCHOR_END: settings
}
