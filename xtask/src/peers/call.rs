//! One command of a peer: with a deadline, and with its words if it fails.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use checker::subject::guard::Guard;
use checker::subject::process::Process;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

/// More than any peer has to say. What comes after it is read and forgotten.
const STDOUT_BYTES: u64 = 16 << 20;

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// The command line, for messages.
    command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    /// The last lines of stderr.
    pub(crate) stderr: Vec<String>,
}

/// Runs `command` to its end, with nothing on stdin. Its processes end with this call.
///
/// # Errors
///
/// When it cannot be started, or has not ended after `patience`; then with its last words.
pub(crate) async fn call(command: Command, guard: &Guard, patience: Duration) -> Result<Said> {
    let line = line(&command);
    let mut process =
        Process::start(command, guard).with_context(|| format!("cannot start `{line}`"))?;
    let stdout = process.take_stdio().map(|(_stdin, stdout)| stdout);
    let monitor = process.monitor();
    let mut heard = Vec::new();
    let ended = timeout(patience, async {
        if let Some(mut stdout) = stdout {
            (&mut stdout)
                .take(STDOUT_BYTES)
                .read_to_end(&mut heard)
                .await?;
            tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await?;
        }
        anyhow::Ok(monitor.ended_with_words().await)
    })
    .await;
    let stdout = String::from_utf8_lossy(&heard).into_owned();
    let stderr = monitor.stderr.last_lines();
    let Ok(status) = ended else {
        bail!(
            "`{line}` did not exit within {} s{}",
            patience.as_secs(),
            words(&stdout, &stderr)
        );
    };
    Ok(Said {
        command: line,
        status: status?.context("the process was lost")?,
        stdout,
        stderr,
    })
}

impl Said {
    /// What it said on stdout, if it ended well.
    ///
    /// # Errors
    ///
    /// Otherwise how it ended, and all that it said.
    pub(crate) fn ended_well(self) -> Result<String> {
        if self.status.success() {
            Ok(self.stdout)
        } else {
            bail!("{self}")
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = words(&self.stdout, &self.stderr);
        write!(formatter, "`{}`: {}{words}", self.command, self.status)
    }
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// The end of what it said on stdout, then on stderr, indented.
fn words(stdout: &str, stderr: &[String]) -> String {
    const LINES: usize = 40;
    let skipped = stdout.lines().count().saturating_sub(LINES);
    let stderr = stderr.iter().map(String::as_str);
    let lines = stdout.lines().skip(skipped).chain(stderr);
    lines.map(|line| format!("\n    {line}")).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn shell(script: &str, patience: Duration) -> Result<Said> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        call(command, &Guard::none(), patience).await
    }

    #[tokio::test]
    async fn a_command_that_fails_is_quoted() {
        let script = "echo half done; echo 'no space' >&2; exit 3";
        let said = shell(script, Duration::from_secs(10)).await.unwrap();
        let error = said.ended_well().unwrap_err().to_string();
        for words in ["exit status: 3", "\n    half done\n    no space"] {
            assert!(error.contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_and_quoted() {
        let said = shell("echo waiting; sleep 60", Duration::from_millis(500)).await;
        let error = said.unwrap_err().to_string();
        assert!(
            error.ends_with("did not exit within 0 s\n    waiting"),
            "{error}"
        );
    }
}
