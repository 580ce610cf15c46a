//! Building, starting, watching and stopping the program under check.
//!
//! - [`build`] runs cargo and finds the first error,
//! - [`container`] is Docker or Podman,
//! - [`process`] starts a process group, and ends it whatever happens,
//! - [`stderr`] reads what the process complains about, for symptoms,
//! - [`reach`] looks whether what is there already answers, or starts,
//! - [`server`] starts a program as an HTTP server and waits until it listens,
//! - [`guard`] ends what a killed checker would leave behind,
//! - `mark` finds what has left its process group.

pub mod build;
pub mod container;
pub mod guard;
mod mark;
pub mod process;
pub mod processor;
pub mod reach;
pub mod server;
pub mod stderr;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use tokio::process::Command;

use self::guard::Guard;
use self::server::{Server, Serving, StartError};

/// The program under check.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A built program of this workshop: a server over HTTP and, with `--stdio`, over stdio; or
    /// a client.
    Program(Program),
    /// A server that runs already, somewhere.
    Url(Url),
    /// A server in any language, over stdio; where it takes tokens, over HTTP.
    Command(CommandLine),
}

impl Subject {
    /// What ends its processes if the checker cannot.
    pub fn guard(&self) -> Guard {
        match self {
            Self::Program(program) => program.guard.clone(),
            Self::Command(command) => command.guard.clone(),
            Self::Url(_) => Guard::none(),
        }
    }
}

/// A program and its arguments, as the attendee typed them.
#[derive(Clone, Debug)]
pub struct CommandLine {
    /// The name of the program, or its path.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What ends its processes if the checker cannot.
    pub guard: Guard,
}

impl CommandLine {
    /// The same as a program that is told where to serve HTTP, for exercises whose servers take tokens:
    /// those come over HTTP.
    pub fn as_program(&self) -> Program {
        Program {
            executable: PathBuf::from(&self.program),
            arguments: self.arguments.clone(),
            folder: PathBuf::from("."),
            environment: Vec::new(),
            guard: self.guard.clone(),
        }
    }
}

/// A built program, and where its source is.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder of its package, to look up the lines that findings point at.
    pub folder: PathBuf,
    /// What it finds in its environment, besides where to listen.
    pub environment: Vec<(String, String)>,
    /// What ends its processes if the checker cannot.
    pub guard: Guard,
}

impl Program {
    /// The program in an environment in which its stderr can be read by a machine.
    pub fn command(&self) -> Command {
        let environment = self.environment.iter();
        let mut command = Command::new(&self.executable);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env("NO_COLOR", "1")
            .env("RUST_BACKTRACE", "0")
            .env_remove("RUST_LOG")
            .envs(environment.map(|(name, value)| (name, value)));
        command
    }

    /// The program as an HTTP server on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// A [`StartError`] when it does not listen in time.
    pub async fn serve(&self, serving: Serving, patience: Duration) -> Result<Server, StartError> {
        Server::start(|| self.command(), serving, &self.guard, patience).await
    }
}
