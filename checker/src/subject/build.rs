//! Builds a package with cargo, and gives the first error as cargo drew it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::guard::Guard;
use super::process::Process;

/// A program that was built.
#[derive(Debug)]
pub struct Built {
    /// Where it is.
    pub executable: PathBuf,
    /// How long cargo took.
    pub took: Duration,
}

/// Why there is no program.
#[derive(Debug)]
pub enum BuildError {
    /// The code does not compile.
    Compile {
        /// The first error, drawn by rustc, with ANSI colours.
        first: String,
        /// How many more there are.
        others: usize,
    },
    /// Cargo itself gave up: its own words.
    Cargo(String),
    /// Cargo could not be started.
    NoCargo(io::Error),
}

/// Builds the binary `package` of the workspace at `root`. Calls `crate_built` with the name
/// of each crate that had to be compiled.
///
/// The checker itself is selected too: cargo unites features over the selected packages, so
/// without it every dependency would be compiled a second time.
///
/// # Errors
///
/// A [`BuildError`] when cargo does not produce the binary.
pub async fn build(
    root: &Path,
    package: &str,
    guard: &Guard,
    mut crate_built: impl FnMut(&str),
) -> Result<Built, BuildError> {
    let begin = Instant::now();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args([
            "build",
            "--package",
            "checker",
            "--package",
            package,
            "--bin",
            package,
        ])
        .arg("--message-format=json-diagnostic-rendered-ansi");
    let mut process = Process::start(command, guard).map_err(BuildError::NoCargo)?;

    let mut errors = Vec::new();
    let mut executable = None;
    if let Some(stdout) = process.take_stdout() {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            // Cargo adds kinds of messages over time: those that do not parse are not ours.
            match serde_json::from_str(&line) {
                Ok(Message::Diagnosed { message }) if message.is_error() => {
                    errors.push(message.rendered.unwrap_or(message.message));
                }
                Ok(Message::Compiled {
                    target,
                    fresh,
                    executable: binary,
                }) => {
                    if !fresh {
                        crate_built(&target.name);
                    }
                    if target.name == package {
                        executable = binary.or(executable);
                    }
                }
                _ => (),
            }
        }
    }
    let status = process.vitals().ended_with_words().await;
    let succeeded = status.is_some_and(|status| status.success());
    match (executable, errors.split_first()) {
        (Some(executable), None) if succeeded => Ok(Built {
            executable,
            took: begin.elapsed(),
        }),
        (_, Some((first, others))) => Err(BuildError::Compile {
            first: first.clone(),
            others: others.len(),
        }),
        (_, None) => Err(BuildError::Cargo(own_words(&process.stderr().last_lines()))),
    }
}

/// What cargo says after its progress lines.
fn own_words(stderr: &[String]) -> String {
    let begin = stderr.iter().position(|line| line.starts_with("error"));
    let words = &stderr[begin.unwrap_or_default()..];
    if words.is_empty() {
        return "cargo ended without a word".to_owned();
    }
    words.join("\n")
}

/// The messages of `cargo build --message-format=json` that matter here.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Diagnosed { message: Diagnostic },
    #[serde(rename = "compiler-artifact")]
    Compiled {
        target: Target,
        fresh: bool,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    rendered: Option<String>,
}

impl Diagnostic {
    /// Rustc's closing "aborting due to 2 previous errors" is not one of them.
    fn is_error(&self) -> bool {
        self.level.starts_with("error") && !self.message.starts_with("aborting due to")
    }
}

#[derive(Deserialize)]
struct Target {
    name: String,
}
