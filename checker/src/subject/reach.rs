//! Subjects that nobody has to build: a URL that answers, a command that starts.

use anyhow::{Result, bail};
use reqwest::Url;
use tokio::process::Command;

use super::guard::Guard;
use super::process::Process;
use super::{CommandLine, Subject};
use crate::escape::one_line;
use crate::mcp::probe::{Probe, probe};
use crate::shell::Shell;

/// A URL behind which something speaks MCP.
///
/// # Errors
///
/// When nothing does.
pub async fn url(url: &Url) -> Result<Subject> {
    if !matches!(url.scheme(), "http" | "https") {
        bail!("{url} is no http:// or https:// URL");
    }
    match probe(url).await {
        Probe::Mcp => Ok(Subject::Url(url.clone())),
        Probe::NeedsToken => bail!(
            "the server at {url} asks for a token (401), and the checker has none. Check it where it lets everyone in"
        ),
        Probe::Silent(why) => bail!(
            "nothing answers at {url} ({why}). Start the server, or start it again if it hangs: `cargo run --bin ex3_store` listens on http://127.0.0.1:8420/mcp"
        ),
        Probe::NotMcp(got) => bail!(
            "what answers at {url} is not MCP: {}. Is the path right? It is usually /mcp",
            one_line(&got)
        ),
    }
}

/// A command line that names a program which can be started.
///
/// # Errors
///
/// When it cannot.
pub async fn command(command: &str, guard: &Guard) -> Result<Subject> {
    let Some(words) = Shell::HERE.split(command) else {
        bail!("--command {command:?} is no command line: is a quote left open?");
    };
    let Some((program, arguments)) = words.split_first() else {
        bail!("--command names no program. It takes one string: --command \"python store.py\"");
    };
    let mut trial = Command::new(program);
    trial.args(arguments);
    match Process::start(trial, guard) {
        Ok(process) => process.stop().await,
        Err(error) => {
            bail!("`{program}` cannot be started: {error}. Is it spelled right, and on your PATH?")
        }
    }
    Ok(Subject::Command(CommandLine {
        program: program.clone(),
        arguments: arguments.to_vec(),
        guard: guard.clone(),
    }))
}
