//! A check, its line on the screen, and what passed so far.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use anyhow::Result;

pub(super) const STRONG: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// How many checks passed, and which failed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: AtomicUsize,
    peer: Mutex<String>,
    failed: Mutex<Vec<Failure>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Failure {
    peer: String,
    sentence: String,
    reason: String,
}

impl Tally {
    /// Says which peer comes next.
    pub(super) fn peer(&self, name: &str) {
        anstream::println!("\n{STRONG}{name}{STRONG:#}");
        name.clone_into(&mut self.peer.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Awaits a check and says in one line what came of it. A check gives what it saw, in a few
    /// words, or why it failed.
    pub(super) async fn check(&self, sentence: &str, check: impl Future<Output = Result<String>>) {
        let begin = Instant::now();
        let outcome = check.await;
        let seconds = begin.elapsed().as_secs_f64();
        match outcome {
            Ok(seen) => {
                self.passed.fetch_add(1, Relaxed);
                anstream::println!(" {GOOD}✓{GOOD:#} {sentence}: {seen} ({seconds:.1} s)");
            }
            Err(error) => {
                anstream::println!(" {BAD}✗{BAD:#} {sentence} ({seconds:.1} s)");
                let failure = Failure {
                    peer: self
                        .peer
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .clone(),
                    sentence: sentence.to_owned(),
                    reason: format!("{error:#}"),
                };
                failure.tell_reason();
                self.failed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(failure);
            }
        }
    }

    /// Passed, failed.
    pub(super) fn counts(&self) -> (usize, usize) {
        (
            self.passed.load(Relaxed),
            self.failed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .len(),
        )
    }

    /// Says once more what failed: where it was said first may be thousands of lines above.
    pub(super) fn tell_failures(&self) {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_empty() {
            return;
        }
        anstream::println!("\n{STRONG}what failed{STRONG:#}");
        for failure in failed.iter() {
            let Failure { peer, sentence, .. } = failure;
            anstream::println!(" {BAD}✗{BAD:#} {peer}: {sentence}");
            failure.tell_reason();
        }
    }
}

impl Failure {
    fn tell_reason(&self) {
        for line in self.reason.lines() {
            println!("     {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_passes_and_what_fails_is_counted() {
        let tally = Tally::default();
        tally.peer("Nature");
        tally
            .check("the sun shines", async { Ok("22 °C".to_owned()) })
            .await;
        tally
            .check("pigs fly", async { anyhow::bail!("not one") })
            .await;
        assert_eq!(tally.counts(), (1, 1));
        let failure = Failure {
            peer: "Nature".to_owned(),
            sentence: "pigs fly".to_owned(),
            reason: "not one".to_owned(),
        };
        assert_eq!(*tally.failed.lock().unwrap(), [failure]);
    }
}
