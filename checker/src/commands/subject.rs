//! From the command line to a subject: a program that is built, a URL that answers, a command
//! that starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::Url;
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedSender;

use crate::course::Exercise;
use crate::engine::Event;
use crate::mcp::probe::{Probe, probe};
use crate::report;
use crate::subject::build::{BuildError, Doing, build};
use crate::subject::guard::Guard;
use crate::subject::process::Process;
use crate::subject::{CommandLine, Program, Subject};

/// The code does not compile.
pub(super) struct DoesNotCompile {
    /// Cargo's first error, drawn with colours.
    pub first: String,
    /// How many more there are.
    pub others: usize,
}

/// The folder of the exercise, or of its solution.
pub(super) fn folder(root: &Path, exercise: &Exercise, solution: bool) -> PathBuf {
    let kind = if solution { "solutions" } else { "exercises" };
    root.join(kind).join(&exercise.id)
}

/// The built program, the attendee's or the reference, and how long cargo took.
///
/// # Errors
///
/// When cargo could not try; code that does not compile is a result.
pub(super) async fn program(
    root: &Path,
    exercise: &Exercise,
    solution: bool,
    guard: &Guard,
    events: &UnboundedSender<Event>,
) -> Result<Result<(Program, Duration), DoesNotCompile>> {
    let package = match solution {
        true => format!("{}_solution", exercise.id),
        false => exercise.id.clone(),
    };
    let folder = folder(root, exercise, solution);
    if !folder.join("Cargo.toml").is_file() {
        bail!(
            "{} is not there. `{}` brings it back",
            folder.display(),
            match solution {
                true => format!("git checkout -- solutions/{}", exercise.id),
                false => format!("cargo checker reset {}", exercise.short()),
            }
        );
    }
    let _ = events.send(Event::Building {
        package: package.clone(),
    });
    let told = |doing| {
        let _ = events.send(match doing {
            Doing::Compiled(name) => Event::CrateBuilt(name),
            Doing::Waiting => Event::WaitingForCargo,
        });
    };
    let built = build(root, &package, guard, told).await;
    let _ = events.send(Event::Built);
    match built {
        Ok(built) => {
            let program = Program {
                executable: built.executable,
                folder,
                environment: Vec::new(),
                guard: guard.clone(),
            };
            Ok(Ok((program, built.took)))
        }
        Err(BuildError::Compile { first, .. }) if first.contains(NO_SPACE) => {
            bail!(cargo_failed(&first))
        }
        Err(BuildError::Compile { first, others }) => Ok(Err(DoesNotCompile { first, others })),
        Err(BuildError::Cargo(words)) => bail!(cargo_failed(&words)),
        Err(BuildError::NoCargo(error)) => {
            bail!(
                "cargo cannot be started ({error}): install Rust from https://rustup.rs, or mend your PATH"
            )
        }
    }
}

const NO_SPACE: &str = "No space left on device";

/// Cargo's own words, with the mend where it is known.
fn cargo_failed(words: &str) -> String {
    const MENDS: [(&str, &str); 6] = [
        (
            NO_SPACE,
            "The disk is full. `cargo clean` frees the most; the next build takes minutes.",
        ),
        (
            "Read-only file system",
            "The workshop lies on a read-only file system. Copy it to a folder of yours, or set CARGO_TARGET_DIR to one.",
        ),
        (
            "Permission denied",
            "You may not write here. Copy the workshop to a folder of yours, or set CARGO_TARGET_DIR to one.",
        ),
        (
            "No such file or directory (os error 2) at path",
            "Nothing can be written there. Is CARGO_TARGET_DIR a folder that can be made?",
        ),
        (
            "Could not resolve host",
            "A crate is missing and there is no network. Once online, `cargo fetch --locked` gets them all.",
        ),
        (
            "failed to download",
            "A crate is missing and could not be fetched. Once online, `cargo fetch --locked` gets them all.",
        ),
    ];
    let mend = MENDS.iter().find(|(symptom, _)| words.contains(symptom));
    let mend = mend.map_or("", |(_, mend)| *mend);
    format!("cargo could not build it:\n{words}\n{mend}")
        .trim_end()
        .to_owned()
}

/// A URL behind which something speaks MCP.
///
/// # Errors
///
/// When nothing does.
pub(super) async fn reachable(url: &Url) -> Result<Subject> {
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
            report::escape::one_line(&got)
        ),
    }
}

/// A command line that names a program which can be started.
///
/// # Errors
///
/// When it cannot.
pub(super) async fn startable(command: &str, guard: &Guard) -> Result<Subject> {
    let Some(words) = shlex::split(command) else {
        bail!("--command {command:?} is no command line: is a quote left open?");
    };
    let Some((program, arguments)) = words.split_first() else {
        bail!("--command names no program. It takes one string: --command 'python store.py'");
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
