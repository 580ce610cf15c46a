//! Docker or Podman, where one of them answers.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::guard::Guard;
use super::process::Process;

/// How long an engine may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(3);

/// A program that runs containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine(String);

/// What one of its commands said.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The exit code, if it has one.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// The last lines of what it complained about.
    pub stderr: Vec<String>,
}

impl Engine {
    /// The first one that answers.
    pub async fn find() -> Option<Self> {
        for name in ["docker", "podman"] {
            let engine = Self::named(name);
            if engine.answers().await {
                return Some(engine);
            }
        }
        None
    }

    /// The engine with this command, whether it answers or not.
    pub fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    async fn answers(&self) -> bool {
        let mut command = self.command();
        command
            .arg("info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let status = timeout(PATIENCE, command.status()).await;
        matches!(status, Ok(Ok(status)) if status.success())
    }

    /// `docker` or `podman`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Its command, without arguments.
    pub fn command(&self) -> Command {
        Command::new(&self.0)
    }

    /// Runs one of its commands to the end.
    ///
    /// # Errors
    ///
    /// When the system cannot start it, or read what it prints.
    pub async fn run(&self, arguments: &[&str], guard: &Guard) -> io::Result<Ran> {
        let mut command = self.command();
        command.args(arguments);
        let mut process = Process::start(command, guard)?;
        let mut stdout = Vec::new();
        if let Some(mut printed) = process.take_stdout() {
            printed.read_to_end(&mut stdout).await?;
        }
        let status = process.monitor().ended_with_words().await;
        Ok(Ran {
            code: status.and_then(|status| status.code()),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: process.stderr().last_lines(),
        })
    }
}

impl Ran {
    /// Whether it did what it was asked to.
    pub fn is_done(&self) -> bool {
        self.code == Some(0)
    }

    /// The last lines that it said, on either side.
    pub fn last_words(&self, most: usize) -> String {
        let lines = self.stdout.lines();
        let lines = lines.chain(self.stderr.iter().map(String::as_str));
        let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(most)..].join("\n")
    }
}
