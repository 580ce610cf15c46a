//! What a check works with: a way to the server, a record, and dice.

use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};

use rand::SeedableRng;
use rand::rngs::StdRng;
use reqwest::Url;
use tokio::process::Command;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Checked, Stop};
use crate::mcp::http::Http;
use crate::mcp::raw::Raw;
use crate::mcp::stdio::Stdio;
use crate::mcp::{Era, Failure, Session, Transcript, Trouble};
use crate::subject::process::{Process, Vitals};
use crate::subject::server::{self, Server};
use crate::subject::stderr::Panic;
use crate::subject::{CommandLine, Program};

/// What a check works with.
#[derive(Debug)]
pub struct Context {
    /// The era to speak.
    pub era: Era,
    reach: Reach,
    transcript: Transcript,
    rng: Mutex<StdRng>,
    // Children that speak stdio live as long as the check.
    children: Mutex<Vec<Process>>,
    symptoms: UnboundedSender<Symptom>,
}

/// How the server is reached.
#[derive(Debug)]
pub struct Reach(Way);

#[derive(Debug)]
enum Way {
    Program {
        program: Program,
        server: Arc<Server>,
    },
    Url(Url),
    Command(CommandLine),
}

impl Reach {
    /// A program of the workshop, which runs as this server.
    pub fn program(program: Program, server: Arc<Server>) -> Self {
        Self(Way::Program { program, server })
    }

    /// A server that runs already.
    pub fn url(url: Url) -> Self {
        Self(Way::Url(url))
    }

    /// A stdio server, started for each session.
    pub fn command(command: CommandLine) -> Self {
        Self(Way::Command(command))
    }
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

impl Context {
    /// A context, and where the symptoms of its processes arrive.
    pub fn new(
        era: Era,
        reach: Reach,
        transcript: Transcript,
        seed: u64,
    ) -> (Self, UnboundedReceiver<Symptom>) {
        let (symptoms, seen) = mpsc::unbounded_channel();
        if let Way::Program { server, .. } = &reach.0 {
            // A shared process may have panicked in an earlier step.
            let seen = server.process.stderr().panics();
            watch(symptoms.clone(), server.process.vitals(), seen, false);
        }
        let context = Self {
            era,
            reach,
            transcript,
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
            children: Mutex::default(),
            symptoms,
        };
        (context, seen)
    }

    /// Says what the messages from here on are for: the trace shows it.
    pub fn purpose(&self, purpose: &str) {
        self.transcript.purpose(purpose);
    }

    /// Rolls the dice.
    pub fn random<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The record of all sessions of this check.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Opens a session: over HTTP, or over stdio where the server has nothing else.
    pub async fn session(&self) -> Checked<Session> {
        match &self.reach.0 {
            Way::Command(_) => self.stdio_session(&[]).await,
            Way::Program { .. } | Way::Url(_) => {
                let transcript = self.transcript.clone();
                Ok(Session::over_http(self.era, self.http()?, transcript).await?)
            }
        }
    }

    /// Opens a session with a fresh process that speaks stdio, with these variables in its
    /// environment.
    pub async fn stdio_session(&self, environment: &[(&str, &str)]) -> Checked<Session> {
        let (mut command, guard) = match &self.reach.0 {
            Way::Program { program, .. } => {
                let mut command = server::command(program);
                command.arg("--stdio");
                (command, program.guard.clone())
            }
            Way::Command(CommandLine {
                program,
                arguments,
                guard,
            }) => {
                let mut command = Command::new(program);
                command.args(arguments);
                (command, guard.clone())
            }
            Way::Url(_) => {
                return Err(Stop::CouldNotCheck(
                    "a URL has no stdio: check the program itself, with `cargo checker check 3.7` or `--command`".to_owned(),
                ));
            }
        };
        command.envs(environment.iter().copied());
        let unstarted = |error: std::io::Error| Failure {
            sent: String::new(),
            trouble: Trouble::Unreachable(format!("the program cannot be started: {error}")),
        };
        let mut process = Process::start(command, &guard).map_err(unstarted)?;
        let Some(pipes) = process.take_stdio() else {
            return Err(unstarted(std::io::ErrorKind::BrokenPipe.into()).into());
        };
        watch(self.symptoms.clone(), process.vitals(), 0, true);
        self.children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(process);
        let pipes = Stdio::new(pipes, self.transcript.clone());
        Ok(Session::over_stdio(self.era, pipes, self.transcript.clone()).await?)
    }

    /// Speaks HTTP by hand.
    pub async fn raw(&self) -> Checked<Raw> {
        Ok(Raw::open(self.era, self.http()?, self.transcript.clone()).await?)
    }

    /// Whether there is an HTTP endpoint.
    pub fn has_http(&self) -> bool {
        !matches!(self.reach.0, Way::Command(_))
    }

    /// Whether there is a way to stdio besides HTTP.
    pub fn has_both_transports(&self) -> bool {
        matches!(self.reach.0, Way::Program { .. })
    }

    /// Whether the server was not started for this check, so that its stock is what it is.
    pub fn runs_already(&self) -> bool {
        matches!(self.reach.0, Way::Url(_))
    }

    /// The port of a program that was started for this check.
    pub fn own_port(&self) -> Option<u16> {
        match &self.reach.0 {
            Way::Program { server, .. } => Some(server.port),
            Way::Url(_) | Way::Command(_) => None,
        }
    }

    fn http(&self) -> Checked<Http> {
        let url = match &self.reach.0 {
            Way::Program { server, .. } => server.url(),
            Way::Url(url) => url.clone(),
            Way::Command(_) => {
                return Err(Stop::CouldNotCheck(
                    "a stdio server has no HTTP: check it with `--url` while it serves HTTP"
                        .to_owned(),
                ));
            }
        };
        let http = Http::new(url, self.transcript.clone());
        Ok(http.map_err(|trouble| Failure {
            sent: String::new(),
            trouble,
        })?)
    }
}

/// Sends what a process shows after its first `seen` panics, until the check is over.
fn watch(symptoms: UnboundedSender<Symptom>, vitals: Vitals, seen: usize, may_end: bool) {
    tokio::spawn(async move {
        let symptom = tokio::select! {
            () = symptoms.closed() => return,
            panic = vitals.stderr.panic_after(seen) => Symptom::Panicked(panic),
            symptom = end(&vitals, seen, may_end) => symptom,
        };
        let _ = symptoms.send(symptom);
    });
}

/// Waits for the end.
async fn end(vitals: &Vitals, seen: usize, may_end: bool) -> Symptom {
    let Some(status) = vitals.ended_with_words().await else {
        return std::future::pending().await;
    };
    match vitals.stderr.panicked_after(seen) {
        Some(panic) => Symptom::Panicked(panic),
        None => Symptom::Exited {
            status,
            stderr: vitals.stderr.last_lines(),
            may_be_right: may_end,
        },
    }
}
