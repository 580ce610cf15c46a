//! What a server writes to its log, which is stderr, while something is tried.

use std::time::Duration;

use anstream::adapter::strip_str;
use tokio::time::{sleep, timeout};

use crate::subject::stderr::Stderr;

/// How long a line may be on its way that was written before the answer.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

/// How long it takes to see whether there is a line.
const OFTEN: Duration = Duration::from_millis(1);

/// How many lines are worth quoting.
const QUOTED: usize = 3;

/// A place in a log. There is none of a server that the checker did not start.
#[derive(Debug)]
pub struct Log {
    stderr: Option<Stderr>,
    seen: usize,
}

impl Log {
    /// From here on.
    pub fn new(stderr: Option<Stderr>) -> Self {
        let seen = stderr.as_ref().map_or(0, Stderr::lines);
        Self { stderr, seen }
    }

    /// All lines that were written since and are still kept.
    pub async fn lines(&self) -> Vec<String> {
        let Some(stderr) = &self.stderr else {
            return Vec::new();
        };
        sleep(ON_ITS_WAY).await;
        let written = timeout(OFTEN, stderr.lines_after(self.seen)).await;
        let lines = written.ok().flatten().map(|(lines, _)| lines);
        let lines = lines.unwrap_or_default().into_iter();
        lines.map(|line| strip_str(&line).to_string()).collect()
    }

    /// The last lines that were written since, without colors and times.
    pub async fn words(&self) -> Option<String> {
        let written = self.stderr.as_ref()?.lines_after(self.seen);
        let (lines, _) = timeout(ON_ITS_WAY, written).await.ok()??;
        let from = lines.len().saturating_sub(QUOTED);
        let lines = lines[from..].iter().map(|line| plain(line));
        Some(lines.collect::<Vec<_>>().join("\n"))
    }
}

/// A line as its author wrote it.
fn plain(line: &str) -> String {
    let line = strip_str(line).to_string();
    match line.trim_start().split_once(char::is_whitespace) {
        Some((time, rest)) if is_time(time) => rest.trim_start().to_owned(),
        _ => line,
    }
}

/// `2026-07-28T12:00:00.123Z`
fn is_time(word: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((date, time)) = word.split_once('T') else {
        return false;
    };
    date.len() == 10 && date.split('-').all(digits) && time.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_quoted_without_colors_and_without_its_time() {
        let line = "\u{1b}[2m2026-07-28T12:00:00.123456Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m \u{1b}[2mex5_auth::auth\u{1b}[0m\u{1b}[2m:\u{1b}[0m a token was refused: InvalidAudience";
        let words = "INFO ex5_auth::auth: a token was refused: InvalidAudience";
        assert_eq!(plain(line), words);
        for line in ["Traceback: none", "INFO at 12:00", "T: no time", ""] {
            assert_eq!(plain(line), line);
        }
    }
}
