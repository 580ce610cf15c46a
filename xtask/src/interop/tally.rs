//! A check, its line on the screen, and what passed so far.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use anyhow::Result;

pub(super) const STRONG: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// How many checks passed, and how many failed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: AtomicUsize,
    failed: AtomicUsize,
}

impl Tally {
    /// Says which peer comes next.
    pub(super) fn peer(&self, name: &str) {
        anstream::println!("\n{STRONG}{name}{STRONG:#}");
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
                self.failed.fetch_add(1, Relaxed);
                anstream::println!(" {BAD}✗{BAD:#} {sentence} ({seconds:.1} s)");
                for line in format!("{error:#}").lines() {
                    println!("     {line}");
                }
            }
        }
    }

    /// Passed, failed.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.passed.load(Relaxed), self.failed.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_passes_and_what_fails_is_counted() {
        let tally = Tally::default();
        tally
            .check("the sun shines", async { Ok("22 °C".to_owned()) })
            .await;
        tally
            .check("pigs fly", async { anyhow::bail!("not one") })
            .await;
        assert_eq!(tally.counts(), (1, 1));
    }
}
