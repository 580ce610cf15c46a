//! A program under test that is a client: the check is what it meets.

use std::io;
use std::ops::Deref;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::Harness;
use crate::checks::{Checked, Stop, symptoms};
use crate::fixtures::{FakeServer, Nobody, Protected, ScriptedModel, ServerSpec, Web};
use crate::mcp::Era;
use crate::mcp::transcript::Exchange;
use crate::subject::process::Process;
use crate::subject::{CommandLine, Program};
use crate::verdict::{Code, Finding, NotStarted};

/// The fake servers are on this machine, whatever the attendee's proxy is. Libraries read the one
/// name or the other.
const NO_PROXY: [(&str, &str); 2] = [
    ("NO_PROXY", "127.0.0.1,localhost"),
    ("no_proxy", "127.0.0.1,localhost"),
];

/// How much of stdout is read, in bytes.
const MAX_OUTPUT: u64 = 1024 * 1024;

/// A client, and the servers that it meets.
#[derive(Debug)]
pub struct ProgramUnderTest {
    harness: Harness,
    /// The era that its servers speak.
    pub era: Era,
    reach: Reach,
}

/// How the client is started.
#[derive(Debug)]
pub enum Reach {
    /// A program of the workshop.
    Program(Program),
    /// A command, in front of the arguments.
    Command(CommandLine),
}

/// How to run it once.
#[derive(Clone, Debug, Default)]
pub struct Task<'a> {
    /// Its arguments.
    pub arguments: Vec<&'a str>,
    /// What it finds in its environment.
    pub environment: Vec<(&'a str, &'a str)>,
    /// What it can read from stdin, to its end.
    pub stdin: &'a str,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The command line, as findings show it.
    pub command: String,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Deref for ProgramUnderTest {
    type Target = Harness;

    fn deref(&self) -> &Harness {
        &self.harness
    }
}

impl ProgramUnderTest {
    /// A client whose servers speak `era`.
    pub fn new(harness: Harness, era: Era, reach: Reach) -> Self {
        Self {
            harness,
            era,
            reach,
        }
    }

    /// Opens a server for the client to meet.
    pub async fn meet(&self, server: ServerSpec) -> Checked<FakeServer> {
        self.open(server, None).await
    }

    /// Opens a server that asks for a key.
    pub async fn meet_protected(
        &self,
        server: ServerSpec,
        protected: Protected,
    ) -> Checked<FakeServer> {
        self.open(server, Some(protected)).await
    }

    async fn open(&self, server: ServerSpec, protected: Option<Protected>) -> Checked<FakeServer> {
        let opened = FakeServer::open(self.era, server, protected, self.transcript()).await;
        opened.map_err(|error| {
            Stop::CouldNotCheck(format!(
                "the checker could not open a server on 127.0.0.1: {error}"
            ))
        })
    }

    /// An address at which nobody listens.
    pub fn nobody(&self) -> Checked<Nobody> {
        Nobody::at_home().map_err(|error| {
            Stop::CouldNotCheck(format!("the checker could not reserve a port: {error}"))
        })
    }

    /// Opens web servers that speak no MCP.
    pub async fn web(&self) -> Checked<Web> {
        let opened = Web::open(self.transcript()).await;
        opened.map_err(|error| {
            Stop::CouldNotCheck(format!(
                "the checker could not open a web server on 127.0.0.1: {error}"
            ))
        })
    }

    /// The model that the program asks.
    pub fn model(&self) -> Checked<&ScriptedModel> {
        let model = self.fixtures().model();
        model.ok_or_else(|| Stop::CouldNotCheck("the check has no model".to_owned()))
    }

    /// Runs it with these arguments and an empty stdin.
    pub async fn run(&self, arguments: &[&str]) -> Checked<Ran> {
        self.perform(Task {
            arguments: arguments.to_vec(),
            ..Task::default()
        })
        .await
    }

    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// Not started when it reached a `todo!()`, a finding when it panicked or did not end.
    pub async fn perform(&self, task: Task<'_>) -> Checked<Ran> {
        let shown = self.shown(&task.arguments);
        let before = self.transcript().len();
        let (mut command, guard) = match &self.reach {
            Reach::Program(program) => (program.command(), &program.guard),
            Reach::Command(line) => {
                let mut command = Command::new(&line.program);
                command.args(&line.arguments);
                (command, &line.guard)
            }
        };
        command
            .args(&task.arguments)
            .envs(NO_PROXY)
            .envs(self.fixtures().environment())
            .envs(task.environment.iter().copied());
        let unstarted = |error: io::Error| {
            Stop::CouldNotCheck(format!("the system could not start the program: {error}"))
        };
        let mut process = Process::start(command, guard).map_err(unstarted)?;
        let monitor = process.monitor();
        let Some((stdin, stdout)) = process.take_stdio() else {
            return Err(unstarted(io::ErrorKind::BrokenPipe.into()));
        };
        let ending = async {
            let (stdout, ()) = tokio::join!(read(stdout), write(stdin, task.stdin));
            (stdout, monitor.ended_with_words().await)
        };
        let patience = self.time_for_a_run();
        let ended = timeout(patience, ending).await;
        if ended.is_err() {
            // A question that waits for an answer stands on a line that has not ended.
            process.stop().await;
            monitor.ended_with_words().await;
        }
        let mut stderr = monitor.stderr.last_lines();
        if let Some(panic) = monitor.stderr.panicked_after(0) {
            let todo = panic.is_todo() && matches!(self.reach, Reach::Program(_));
            if !todo {
                return Err(symptoms::client_panicked(&panic, &shown));
            }
            // A `todo!()` without a number is the attendee's own.
            let of_step = panic.message.split_once(": ").map(|(_, step)| step);
            if of_step.is_none_or(|step| step == self.step) {
                let place = Some(panic.place.as_str().into());
                return Err(Stop::NotStarted(NotStarted::Todo { place }));
            }
            // Something went wrong before, and what complains is not written yet. What arrived
            // on the wire says more than that.
            let step = of_step.unwrap_or_default();
            stderr = vec![format!(
                "an error whose text you write in step {step} ({})",
                panic.place
            )];
        }
        match ended {
            Ok((stdout, Some(status))) => Ok(Ran {
                command: shown,
                stdout,
                stderr: stderr.join("\n"),
                status,
            }),
            Ok((_, None)) | Err(_) => {
                let asked = asked(&self.transcript().exchanges()[before..]);
                Err(symptoms::did_not_end(&shown, patience, &asked, &stderr))
            }
        }
    }

    fn time_for_a_run(&self) -> Duration {
        match self.reach {
            Reach::Program(_) => self.patience.run,
            Reach::Command(_) => self.patience.run_of_command,
        }
    }

    /// `ex1_connect http://127.0.0.1:4711/mcp list`
    fn shown(&self, arguments: &[&str]) -> String {
        let name = match &self.reach {
            Reach::Program(program) => {
                let name = program.executable.file_stem().unwrap_or_default();
                name.to_string_lossy().into_owned()
            }
            Reach::Command(line) => {
                let words = std::iter::once(&line.program).chain(&line.arguments);
                joined(words.map(String::as_str))
            }
        };
        format!("{name} {}", joined(arguments.iter().copied()))
    }
}

impl Ran {
    /// Its exit code; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// A finding about this run, with nothing else said yet.
    pub fn finding(&self, code: Code) -> Finding {
        Finding::new(code).ran(&self.command)
    }

    /// What it printed, for a finding: both streams, the beginning of each.
    pub fn printed(&self) -> String {
        let mut parts = Vec::new();
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.trim().is_empty() {
                let shown = beginning(text.trim()).replace('\n', "\n  ");
                parts.push(format!("on {name}: {shown}"));
            }
        }
        if parts.is_empty() {
            format!("nothing printed, {}", self.status)
        } else {
            format!("{}\n{}", self.status, parts.join("\n"))
        }
    }

    /// That it ended well.
    pub fn succeeded(&self) -> Checked {
        if self.status.success() {
            return Ok(());
        }
        Err(self
            .finding(Code::ExitCode)
            .expected("exit code 0: no errors")
            .got(self.printed())
            .why(
                "Scripts and agents read the exit code, not the text. Return 0 if everything went well.",
            )
            .into())
    }
}

/// As one would type it. JSON is easiest to read in single quotes.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted = |word: &'a str| match shlex::try_quote(word) {
        Ok(plain) if plain == word => word.to_owned(),
        _ if !word.contains('\'') => format!("'{word}'"),
        Ok(quoted) => quoted.into_owned(),
        Err(_) => word.to_owned(),
    };
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// What was sent to the counterparts in one run: `server/discover, tools/list 4211 times`.
fn asked(exchanges: &[Exchange]) -> String {
    let mut asked: Vec<(String, usize)> = Vec::new();
    for exchange in exchanges {
        let Some(method) = exchange.sent.method() else {
            continue;
        };
        match asked.iter_mut().find(|(name, _)| name == method) {
            Some((_, times)) => *times += 1,
            None => asked.push((method.to_owned(), 1)),
        }
    }
    let told = asked.into_iter().map(|(method, times)| match times {
        1 => method,
        times => format!("{method} {times} times"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The first lines of a text.
fn beginning(text: &str) -> String {
    const LINES: usize = 12;
    const LETTERS: usize = 600;
    let short: String = text.chars().take(LETTERS).collect();
    let lines: Vec<&str> = short.lines().take(LINES).collect();
    let shown = lines.join("\n");
    if shown.len() < text.len() {
        format!("{shown} …")
    } else {
        shown
    }
}

async fn read(stdout: ChildStdout) -> String {
    let mut text = Vec::new();
    let mut bounded = stdout.take(MAX_OUTPUT);
    let _ = bounded.read_to_end(&mut text).await;
    // Who prints more may go on, and is not listened to.
    let mut rest = bounded.into_inner();
    let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&text).into_owned()
}

async fn write(mut stdin: ChildStdin, text: &str) {
    // A program that does not read is not wrong.
    let _ = stdin.write_all(text.as_bytes()).await;
    let _ = stdin.shutdown().await;
}
