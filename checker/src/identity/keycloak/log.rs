//! What Keycloak says: in a file, and the end of it where it dies.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::escape::one_line;
use crate::subject::process::Process;

/// How long the last words may take to the file.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// So many lines are repeated.
const LINES: usize = 4;

/// The file that is being written.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    writing: Vec<JoinHandle<()>>,
}

impl Log {
    /// Writes what the process says to a new file, for as long as it says something.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(super) fn follow(process: &mut Process, path: &Path) -> Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        File::create(path).with_context(cannot)?;
        let open = || File::options().append(true).open(path).with_context(cannot);
        let mut writing = Vec::new();
        if let Some(stdout) = process.take_stdout() {
            writing.push(tokio::spawn(copy(stdout, open()?)));
        }
        let (stderr, mut file) = (process.stderr().clone(), open()?);
        writing.push(tokio::spawn(async move {
            let mut seen = 0;
            while let Some((lines, total)) = stderr.lines_after(seen).await {
                seen = total;
                for line in lines {
                    let _ = writeln!(file, "{line}");
                }
            }
        }));
        Ok(Self {
            path: path.to_owned(),
            writing,
        })
    }

    /// Why the process ended, as far as the log says.
    pub(super) async fn why(self) -> String {
        for writing in self.writing {
            let _ = timeout(LAST_WORDS, writing).await;
        }
        let text = fs::read(self.path).unwrap_or_default();
        why(&String::from_utf8_lossy(&text))
    }
}

/// A disk that is full loses the log, and stops nobody.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: File) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let _ = to.write_all(buffer.get(..length).unwrap_or_default());
    }
}

/// The errors in a log, else its last lines.
fn why(log: &str) -> String {
    // `2026-11-27 20:10:00,000 ERROR [org.keycloak.…] (main) ERROR: Port already bound`
    let errors = log.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" ERROR [")?;
        let (_, words) = rest.split_once(") ")?;
        let words = words.trim_start_matches("ERROR: ");
        (!words.starts_with("For more details run")).then_some(words)
    });
    let mut lines: Vec<&str> = errors.collect();
    lines.dedup();
    if lines.is_empty() {
        lines = log.lines().filter(|line| !line.trim().is_empty()).collect();
        lines.drain(..lines.len().saturating_sub(LINES));
    }
    lines.truncate(LINES);
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    let lines = lines.iter().map(|line| one_line(line.trim()));
    lines.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_a_log_say_why() {
        let log = "\
2026-11-27 20:10:00,000 INFO  [io.quarkus] (main) Keycloak started
2026-11-27 20:10:00,000 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: Failed to start server in (development) mode
2026-11-27 20:10:00,000 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: Port already bound: 8180
2026-11-27 20:10:00,000 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) For more details run the same command passing the '--verbose' option.";
        let said = "Failed to start server in (development) mode; Port already bound: 8180";
        assert_eq!(why(log), said);
    }

    #[test]
    fn where_there_is_none_its_end_does() {
        assert_eq!(why(""), "it said nothing");
        assert_eq!(why("a\nb\n\nc\nd\ne\u{1b}[2J\n"), "b; c; d; e\\u{1b}[2J");
    }
}
