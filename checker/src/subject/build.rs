//! Builds a package with cargo, and gives the first error as cargo drew it.

use std::io;
use std::path::{Path, PathBuf, absolute};
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::interval;

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
        /// The first error, drawn by rustc, with ANSI colors.
        first: String,
        /// How many more there are.
        others: usize,
    },
    /// Cargo itself gave up: its own words.
    Cargo(String),
    /// Cargo could not be started.
    NoCargo(io::Error),
}

/// What cargo does while it builds.
#[derive(Debug)]
pub enum Doing {
    /// It has compiled this crate.
    Compiled(String),
    /// It waits for another cargo to be done.
    Waiting,
}

/// How often to see whether cargo waits.
const GLANCE: Duration = Duration::from_millis(300);

/// A file whose time is later than now by more than this was written by another clock.
const AHEAD: Duration = Duration::from_secs(2);

/// Builds the binary `package` of the workspace at `root`, and tells what cargo does.
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
    mut tell: impl FnMut(Doing),
) -> Result<Built, BuildError> {
    let begin = Instant::now();
    let mut executable = build_once(root, package, guard, &mut tell).await?;
    if is_of_the_future(&executable) {
        // The clock was set back, and cargo, which compares times, takes whatever was saved
        // since for old. Once the binary is gone it looks again.
        clean(root, package, guard).await?;
        executable = build_once(root, package, guard, &mut tell).await?;
    }
    Ok(Built {
        executable,
        took: begin.elapsed(),
    })
}

fn is_of_the_future(file: &Path) -> bool {
    let written = file.metadata().and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| written > SystemTime::now() + AHEAD)
}

async fn clean(root: &Path, package: &str, guard: &Guard) -> Result<(), BuildError> {
    let arguments = ["clean", "--package", package];
    let process = cargo(root, &arguments, guard)?;
    process.ended().await;
    Ok(())
}

/// The variables that tell cargo where to build, each with the folder in full. In them a relative
/// path counts from where cargo is started: the cargo that has built the checker was started where
/// the attendee stands, and those that the checker starts run at the root of the workshop.
pub fn build_folders() -> Vec<(&'static str, PathBuf)> {
    let names = [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_BUILD_BUILD_DIR",
    ];
    let set = |name| Some((name, absolute(std::env::var_os(name)?).ok()?));
    names.into_iter().filter_map(set).collect()
}

fn cargo(root: &Path, arguments: &[&str], guard: &Guard) -> Result<Process, BuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(arguments)
        .envs(build_folders());
    Process::start_cargo(command, guard).map_err(BuildError::NoCargo)
}

async fn build_once(
    root: &Path,
    package: &str,
    guard: &Guard,
    tell: &mut impl FnMut(Doing),
) -> Result<PathBuf, BuildError> {
    let arguments = [
        "build",
        "--package",
        "checker",
        "--package",
        package,
        "--bin",
        package,
        "--message-format=json-diagnostic-rendered-ansi",
    ];
    let mut process = cargo(root, &arguments, guard)?;
    let mut errors = Vec::new();
    let mut executable = None;
    if let Some(stdout) = process.take_stdout() {
        let mut lines = BufReader::new(stdout).lines();
        let mut glances = interval(GLANCE);
        loop {
            let line = tokio::select! {
                line = lines.next_line() => line,
                _ = glances.tick() => {
                    if is_waiting(&process.stderr().last_lines()) {
                        tell(Doing::Waiting);
                    }
                    continue;
                }
            };
            let Ok(Some(line)) = line else {
                break;
            };
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
                    if target.name == package {
                        executable = binary.or(executable);
                    }
                    if !fresh {
                        tell(Doing::Compiled(target.name));
                    }
                }
                _ => (),
            }
        }
    }
    let status = process.monitor().ended_with_words().await;
    let succeeded = status.is_some_and(|status| status.success());
    match (executable, errors.split_first()) {
        (Some(executable), None) if succeeded => Ok(executable),
        (_, Some((first, others))) => Err(BuildError::Compile {
            first: first.clone(),
            others: others.len(),
        }),
        (_, None) => Err(BuildError::Cargo(own_words(&process.stderr().last_lines()))),
    }
}

/// `    Blocking waiting for file lock on build directory`, and nothing after it.
fn is_waiting(stderr: &[String]) -> bool {
    let last = stderr.last();
    last.is_some_and(|line| line.contains("waiting for file lock"))
}

/// What cargo says after its progress lines.
fn own_words(stderr: &[String]) -> String {
    let begin = stderr.iter().position(|line| line.starts_with("error"));
    let words = &stderr[begin.unwrap_or_default()..];
    if words.is_empty() {
        return "cargo exited without a message".to_owned();
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
