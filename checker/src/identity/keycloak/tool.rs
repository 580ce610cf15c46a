//! A program that does one thing and ends, such as `mvn` or `tar`.

use anyhow::{Context, Result, bail};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::escape::one_line;
use crate::subject::guard::Guard;
use crate::subject::process::Process;

/// So many lines of what it said are repeated where it fails.
const LINES: usize = 6;

/// Runs it to its end.
///
/// # Errors
///
/// When it cannot be started or fails, with its last words.
pub(super) async fn run(command: Command, guard: &Guard) -> Result<()> {
    let program = command.as_std().get_program().display().to_string();
    let cannot = || format!("`{program}` cannot be started");
    let mut process = Process::start(command, guard).with_context(cannot)?;
    let mut said = Vec::new();
    if let Some((stdin, mut stdout)) = process.take_stdio() {
        drop(stdin);
        stdout.read_to_end(&mut said).await.with_context(cannot)?;
    }
    let status = process.monitor().ended_with_words().await;
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&said);
    let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
    lines.extend(process.stderr().last_lines());
    lines.retain(|line| !line.trim().is_empty());
    let last = &lines[lines.len().saturating_sub(LINES)..];
    let last = last.iter().map(|line| one_line(line.trim()));
    let last = last.collect::<Vec<_>>().join("; ");
    bail!("`{program}` failed: {last}")
}
