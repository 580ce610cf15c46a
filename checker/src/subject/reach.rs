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

/// A URL behind which something speaks MCP; or where it asks for a token, if the checker has one.
///
/// # Errors
///
/// When nothing does.
pub async fn url(url: &Url, has_tokens: bool) -> Result<Subject> {
    if !matches!(url.scheme(), "http" | "https") {
        bail!("{url} is not an http:// or https:// URL");
    }
    match probe(url).await {
        Probe::Mcp => Ok(Subject::Url(url.clone())),
        Probe::NeedsToken if has_tokens => Ok(Subject::Url(url.clone())),
        Probe::NeedsToken => bail!(
            "the server at {url} asks for a token (401), but the checker has none. Check the server without authentication"
        ),
        Probe::Silent(why) => bail!("nothing answers at {url} ({why}). {}", how_to_start(url)),
        Probe::NotMcp(got) => bail!(
            "the answer at {url} is not MCP: {}. Is the path right? It is usually /mcp",
            one_line(&got)
        ),
    }
}

/// What to do when nothing answers at a URL.
fn how_to_start(url: &Url) -> String {
    if !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        return "Is the address right, is the server running, and can this machine reach it?"
            .into();
    }
    let ours = PORTS.iter().find(|(port, _)| url.port() == Some(*port));
    match ours {
        Some((_, command)) => {
            format!("Start the server, or restart it if it hangs: `{command}` listens there")
        }
        None => "Start the server, or restart it if it hangs. Is the port right? `cargo run --bin ex3_store` listens on port 8420".into(),
    }
}

/// Where the workshop's own servers listen.
const PORTS: [(u16, &str); 5] = [
    (8420, "cargo run --bin ex3_store"),
    (8421, "cargo run --bin hello_mcp"),
    (8423, "cargo run --bin key_in_header"),
    (8424, "cargo run --bin two_eras"),
    (8430, "cargo checker tutor --http"),
];

/// A command line that names a program which can be started.
///
/// # Errors
///
/// When it cannot.
pub async fn command(command: &str, guard: &Guard) -> Result<Subject> {
    let Some(words) = Shell::HERE.split(command) else {
        bail!("--command {command:?} is not a command line. Is a quote left open?");
    };
    let Some((program, arguments)) = words.split_first() else {
        bail!(
            "--command does not name a program. It takes one string: --command \"python store.py\""
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_that_is_named_is_the_one_of_the_port() {
        for (url, named) in [
            ("http://127.0.0.1:8420/mcp", "--bin ex3_store`"),
            ("http://localhost:8421/mcp", "--bin hello_mcp`"),
            ("http://[::1]:8423/mcp", "--bin key_in_header`"),
            ("http://127.0.0.1:8430/mcp", "checker tutor --http`"),
            ("http://127.0.0.1:9000/mcp", "Is the port right?"),
            ("https://shop.example:8420/mcp", "Is the address right"),
            ("https://shop.example/mcp", "Is the address right"),
        ] {
            let said = how_to_start(&url.parse().unwrap());
            assert!(said.contains(named), "{url}: {said}");
        }
    }
}
