//! A server under test: the check is its client.

use std::ops::Deref;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Url;
use tokio::process::Command;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Harness, Log};
use crate::checks::{Checked, Stop};
use crate::fixtures::IdentityRealm;
use crate::mcp::raw::Raw;
use crate::mcp::{ClientProfile, Endpoint, Era, ErrorKind, RequestError, Session};
use crate::subject::process::{Monitor, Process};
use crate::subject::processor;
use crate::subject::server::{Server, Serving, StartError};
use crate::subject::stderr::Panic;
use crate::subject::{CommandLine, Program};

/// A server, and the ways to it.
#[derive(Debug)]
pub struct ServerUnderTest {
    harness: Harness,
    /// The era to speak.
    pub era: Era,
    reach: Reach,
    serving: Serving,
    // Children that speak stdio live as long as the check.
    children: Mutex<Vec<Process>>,
    symptoms: UnboundedSender<Symptom>,
}

/// How the server is reached.
#[derive(Debug)]
pub enum Reach {
    /// A program of the workshop, which runs as this server.
    Program(Program, Arc<Server>),
    /// A server that runs already.
    Url(Url),
    /// A stdio server, started for each session.
    Command(CommandLine),
}

/// Something that the process shows, whatever the wire says.
#[derive(Clone, Debug)]
pub enum Symptom {
    /// It panicked.
    Panicked(Panic),
    /// It ended.
    Exited {
        /// How.
        status: ExitStatus,
        /// Its last words.
        stderr: Vec<String>,
        /// Whether it may only have been hung up on, as stdio programs are.
        may_be_right: bool,
    },
}

impl Symptom {
    /// Whether it is no mistake, unless the connection was still needed.
    pub fn may_be_right(&self) -> bool {
        matches!(
            self,
            Self::Exited {
                may_be_right: true,
                ..
            }
        )
    }
}

impl Deref for ServerUnderTest {
    type Target = Harness;

    fn deref(&self) -> &Harness {
        &self.harness
    }
}

impl ServerUnderTest {
    /// A server, and where the symptoms of its processes arrive.
    pub fn new(
        harness: Harness,
        era: Era,
        reach: Reach,
        serving: Serving,
    ) -> (Self, UnboundedReceiver<Symptom>) {
        let (symptoms, seen) = mpsc::unbounded_channel();
        if let Reach::Program(_, server) = &reach {
            // A shared process may have panicked in an earlier step.
            let seen = server.process.stderr().panics();
            watch(symptoms.clone(), server.process.monitor(), seen, false);
        }
        let server = Self {
            harness,
            era,
            reach,
            serving,
            children: Mutex::default(),
            symptoms,
        };
        (server, seen)
    }

    /// A client that can do nothing but ask.
    pub fn client(&self) -> ClientProfile {
        ClientProfile::new(self.era).with_patience(self.patience)
    }

    /// Opens a session: over HTTP, or over stdio where the server has nothing else.
    pub async fn session(&self) -> Checked<Session> {
        self.session_of(self.client()).await
    }

    /// The same for a client that can do more.
    pub async fn session_of(&self, client: ClientProfile) -> Checked<Session> {
        match &self.reach {
            Reach::Command(_) => self.stdio_session_of(client, &[]).await,
            Reach::Program(..) | Reach::Url(_) => {
                let endpoint = Endpoint::Http(self.url()?);
                Ok(Session::connect(endpoint, client, self.transcript()).await?)
            }
        }
    }

    /// Opens a session with a fresh process that speaks stdio, with these variables in its
    /// environment.
    pub async fn stdio_session(&self, environment: &[(&str, &str)]) -> Checked<Session> {
        self.stdio_session_of(self.client(), environment).await
    }

    /// The same for a client that can do more.
    pub async fn stdio_session_of(
        &self,
        client: ClientProfile,
        environment: &[(&str, &str)],
    ) -> Checked<Session> {
        let (process, endpoint) = self.start_for_stdio(environment)?;
        watch(self.symptoms.clone(), process.monitor(), 0, true);
        self.children.lock().push(process);
        Ok(Session::connect(endpoint, client, self.transcript()).await?)
    }

    /// The same with a process whose panics and exits are no failure of the check.
    pub async fn unwatched_stdio_session(&self, environment: &[(&str, &str)]) -> Checked<Session> {
        let (process, endpoint) = self.start_for_stdio(environment)?;
        self.children.lock().push(process);
        Ok(Session::connect(endpoint, self.client(), self.transcript()).await?)
    }

    fn start_for_stdio(&self, environment: &[(&str, &str)]) -> Checked<(Process, Endpoint)> {
        let (mut command, guard) = match &self.reach {
            Reach::Program(program, _) => {
                let mut command = program.command();
                command.arg("--stdio");
                self.serving.prepare(&mut command);
                (command, &program.guard)
            }
            Reach::Command(CommandLine {
                program,
                arguments,
                guard,
            }) => {
                let mut command = Command::new(program);
                command.args(arguments);
                (command, guard)
            }
            Reach::Url(_) => {
                return Err(Stop::CouldNotCheck(format!(
                    "a URL has no stdio. Check the program itself, with `cargo checker check {}` or `--command`",
                    self.step
                )));
            }
        };
        command
            .envs(self.fixtures().environment())
            .envs(environment.iter().copied());
        let unstarted = |error: std::io::Error| RequestError {
            sent: String::new(),
            kind: ErrorKind::Unreachable(format!("the program cannot be started: {error}")),
        };
        let mut process = Process::start(command, guard).map_err(unstarted)?;
        let Some((stdin, stdout)) = process.take_stdio() else {
            return Err(unstarted(std::io::ErrorKind::BrokenPipe.into()).into());
        };
        Ok((process, Endpoint::Stdio(stdin, stdout)))
    }

    /// The child that was started last, to speak stdio.
    pub fn newest_child(&self) -> Option<Monitor> {
        self.children.lock().last().map(Process::monitor)
    }

    /// The realm whose tokens it takes, which the check has declared.
    pub fn realm(&self) -> Checked<&IdentityRealm> {
        let realm = self.fixtures().realm();
        realm.ok_or_else(|| Stop::CouldNotCheck("no realm was started for this check".to_owned()))
    }

    /// Starts the program once more, with these variables in its environment, until the server is
    /// dropped.
    pub async fn another(&self, environment: &[(&str, &str)]) -> Checked<Server> {
        let Reach::Program(program, _) = &self.reach else {
            return Err(Stop::CouldNotCheck(format!(
                "this step starts the program with other settings, which only works for a program that the checker starts. Check it with `cargo checker check {}`",
                self.step
            )));
        };
        let command = || {
            let mut command = program.command();
            command
                .envs(self.fixtures().environment())
                .envs(environment.iter().copied());
            command
        };
        let patience = self.patience.listening;
        let started = Server::start(command, self.serving, &program.guard, patience).await;
        let server = started.map_err(|error| {
            let kind = ErrorKind::Unreachable(error.to_string());
            // As at the first start, a panic says more than what did not come of it.
            if let StartError::Panicked(panic) = error {
                let _ = self.symptoms.send(Symptom::Panicked(panic));
            }
            let sent = String::new();
            RequestError { sent, kind }
        })?;
        // A check that has seen enough drops it, which ends it.
        watch(self.symptoms.clone(), server.process.monitor(), 0, true);
        Ok(server)
    }

    /// How much processor time the program has used, where the system tells.
    pub fn processor_time(&self) -> Option<Duration> {
        let Reach::Program(_, server) = &self.reach else {
            return None;
        };
        processor::time_of_group(server.process.id()?)
    }

    /// What it writes to its log from here on.
    pub fn log(&self) -> Log {
        Log::new(match &self.reach {
            Reach::Program(_, server) => Some(server.process.stderr().clone()),
            Reach::Url(_) | Reach::Command(_) => None,
        })
    }

    /// Speaks HTTP by hand.
    pub async fn raw(&self) -> Checked<Raw> {
        self.raw_of(self.client()).await
    }

    /// The same as a client that can do more.
    pub async fn raw_of(&self, client: ClientProfile) -> Checked<Raw> {
        Ok(Raw::open(self.url()?, client, self.transcript()).await?)
    }

    /// Whether there is an HTTP endpoint.
    pub fn has_http(&self) -> bool {
        !matches!(self.reach, Reach::Command(_))
    }

    /// Whether there is a way to stdio besides HTTP.
    pub fn has_both_transports(&self) -> bool {
        matches!(self.reach, Reach::Program(..))
    }

    /// Whether the server was not started for this check, so that its stock is what it is.
    pub fn runs_already(&self) -> bool {
        matches!(self.reach, Reach::Url(_))
    }

    /// The port of a program that was started for this check.
    pub fn own_port(&self) -> Option<u16> {
        match &self.reach {
            Reach::Program(_, server) => Some(server.port),
            Reach::Url(_) | Reach::Command(_) => None,
        }
    }

    /// Where it serves HTTP.
    pub fn url(&self) -> Checked<Url> {
        match &self.reach {
            Reach::Program(_, server) => Ok(server.url()),
            Reach::Url(url) => Ok(url.clone()),
            Reach::Command(_) => Err(Stop::CouldNotCheck(
                "a stdio server has no HTTP. Check it with `--url` while it serves HTTP".to_owned(),
            )),
        }
    }
}

/// Sends what a process shows after its first `seen` panics, until the check is over.
fn watch(symptoms: UnboundedSender<Symptom>, monitor: Monitor, seen: usize, may_end: bool) {
    tokio::spawn(async move {
        let symptom = tokio::select! {
            () = symptoms.closed() => return,
            panic = monitor.stderr.panic_after(seen) => Symptom::Panicked(panic),
            symptom = end(&monitor, seen, may_end) => symptom,
        };
        let _ = symptoms.send(symptom);
    });
}

/// Waits for the end.
async fn end(monitor: &Monitor, seen: usize, may_end: bool) -> Symptom {
    let Some(status) = monitor.ended_with_words().await else {
        return std::future::pending().await;
    };
    match monitor.stderr.panicked_after(seen) {
        Some(panic) => Symptom::Panicked(panic),
        None => Symptom::Exited {
            status,
            stderr: monitor.stderr.last_lines(),
            may_be_right: may_end,
        },
    }
}
