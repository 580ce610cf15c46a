//! What is wrong with a machine, and the commands that fix it: one file per examination.
//!
//! An examination looks, and changes nothing. None builds, none uses the network, and each
//! that asks another program gives up soon.
//!
//! - `toolchain`, `crates`, `target`, `disk`: can it be built, and how soon,
//! - `port`: can the store and the realm listen, and who does instead,
//! - `checkout`, `conflicts`, `clock`, `progress`, `checkers`: the folder, and who else works
//!   in it,
//! - `editor`, `codespace`: what stands around it,
//! - [`sign_in`]: what keeps the users of a server out, asked at the server and at its realm.

mod checkers;
mod checkout;
mod clock;
mod codespace;
mod conflicts;
mod crates;
mod disk;
mod editor;
mod port;
mod progress;
mod rescue;
pub mod sign_in;
mod target;
mod toolchain;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::shell::Shell;
use crate::subject::build::build_folders;

/// What one examination found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// What was looked at, in a word or two.
    pub what: String,
    /// How it is.
    pub health: Health,
    /// That in a sentence.
    pub found: String,
    /// Commands that fix it, the best first. Each is complete.
    pub fixes: Vec<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Well,
    /// Good to know; the workshop works nevertheless.
    Remark,
    /// It stands in the way, or soon will.
    Trouble,
    /// It could not be examined.
    Unknown,
}

impl Examined {
    fn new(what: &str, health: Health, found: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            health,
            found: found.into(),
            fixes: Vec::new(),
        }
    }

    fn well(what: &str, found: impl Into<String>) -> Self {
        Self::new(what, Health::Well, found)
    }

    fn remark(what: &str, found: impl Into<String>) -> Self {
        Self::new(what, Health::Remark, found)
    }

    fn trouble(what: &str, found: impl Into<String>) -> Self {
        Self::new(what, Health::Trouble, found)
    }

    fn unknown(what: &str, found: impl Into<String>) -> Self {
        Self::new(what, Health::Unknown, found)
    }

    fn fix(mut self, command: impl Into<String>) -> Self {
        self.fixes.push(command.into());
        self
    }
}

/// Examines this machine and the checkout at `root`, for someone who works on `exercise`
/// (`ex3_store`).
pub async fn examine(root: &Path, exercise: &str) -> Vec<Examined> {
    let cargo = Cargo::new(root);
    let (toolchain, crates, layout) = tokio::join!(
        toolchain::examine(&cargo),
        crates::examine(&cargo),
        cargo.layout()
    );
    let target = layout.as_ref().map_or_else(
        |_| root.join("target"),
        |layout| layout.target_directory.clone(),
    );
    let mut all = toolchain;
    all.push(crates);
    all.extend(target::examine(root, &layout, exercise));
    all.push(disk::examine(&target));
    all.push(port::of_the_store());
    all.push(port::of_the_realm().await);
    all.extend(checkout::examine(root));
    all.extend(conflicts::examine(root));
    all.push(clock::examine(root, &target, exercise));
    all.extend(progress::examine(root));
    all.extend(rescue::examine(root));
    all.push(checkers::examine(root));
    all.push(editor::examine(root));
    all.extend(codespace::examine());
    all
}

/// No program takes longer to say how it is.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Cargo and what belongs to it, as the checker itself would call it.
struct Cargo {
    root: PathBuf,
    program: OsString,
}

/// Where cargo builds.
#[derive(Deserialize)]
struct Layout {
    target_directory: PathBuf,
}

/// What a program answered.
struct Answer {
    succeeded: bool,
    stdout: String,
    stderr: String,
}

impl Cargo {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            program: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        }
    }

    async fn ask(&self, words: &str) -> Result<Answer, String> {
        self.ask_program(self.program.clone(), words).await
    }

    /// Asks a program that stands beside cargo.
    async fn ask_program(&self, program: OsString, words: &str) -> Result<Answer, String> {
        let name = program.to_string_lossy().into_owned();
        let mut command = Command::new(program);
        command
            .args(words.split_whitespace())
            .current_dir(&self.root)
            .envs(build_folders())
            .env("CARGO_TERM_COLOR", "never")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        match tokio::time::timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) => Ok(Answer {
                succeeded: output.status.success(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }),
            Ok(Err(error)) => Err(format!("`{name}` cannot be started: {error}")),
            Err(_) => Err(format!(
                "`{name} {words}` did not answer within {} s",
                PATIENCE.as_secs_f32()
            )),
        }
    }

    async fn layout(&self) -> Result<Layout, String> {
        let answer = self
            .ask("metadata --no-deps --format-version 1 --offline")
            .await?;
        if !answer.succeeded {
            return Err(first_line(&answer.stderr));
        }
        serde_json::from_str(&answer.stdout).map_err(|error| error.to_string())
    }
}

/// The first line that says something, without `error: `.
fn first_line(words: &str) -> String {
    let line = words.lines().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("it exited without a message");
    line.trim_start_matches("error: ").to_owned()
}

/// A variable that is set, and not to nothing.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

/// The command that takes a variable out of this shell.
fn unset(variable: &str) -> String {
    if cfg!(windows) {
        format!("Remove-Item Env:{variable}")
    } else {
        format!("unset {variable}")
    }
}

/// The command that runs another with a variable set.
fn with_variable(variable: &str, value: &str, command: &str) -> String {
    if cfg!(windows) {
        format!("$env:{variable}=\"{value}\"; {command}")
    } else {
        format!("{variable}={value} {command}")
    }
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    Shell::HERE.quote(&path).into_owned()
}
