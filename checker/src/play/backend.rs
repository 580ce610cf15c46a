//! The server that is played with: a URL, a command, or an exercise that is built, started, and
//! started again whenever its program changes.

mod runner;

use std::sync::Arc;

use reqwest::Url;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

pub use self::runner::Runner;
use super::lines::Lines;
use crate::mcp::Endpoint;
use crate::subject::CommandLine;
use crate::subject::process::Process;

/// The server that is played with. Clones share it.
#[derive(Clone, Debug)]
pub struct Backend(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    status: watch::Sender<Status>,
    /// What it printed, where all tabs talk to one process.
    lines: Arc<Lines>,
    restarts: mpsc::UnboundedSender<()>,
}

#[derive(Debug)]
enum Source {
    Exercise,
    Url(Url),
    Command(CommandLine),
}

/// How the server is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// `exercise`, `url`, or `command`.
    pub kind: &'static str,
    /// What it is called in a sentence: `ex4_interact`, `http://127.0.0.1:8000/mcp`.
    pub name: String,
    /// Whether cargo is at it.
    pub building: bool,
    /// Whether it can be talked to.
    pub running: bool,
    /// Counts its starts.
    pub generation: u64,
    /// Why it was started last: `started`, `rebuilt`, or `restarted`.
    pub because: &'static str,
    /// What is wrong: with the program that runs, or with the code that is newer.
    pub problem: Option<Problem>,
    #[serde(skip)]
    url: Option<Url>,
}

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// In a sentence.
    pub words: String,
    /// The words of rustc, cargo, or the program.
    pub text: String,
}

impl Backend {
    fn new(source: Source, status: Status) -> (Self, mpsc::UnboundedReceiver<()>) {
        let (restarts, asked) = mpsc::unbounded_channel();
        let backend = Self(Arc::new(Inner {
            source,
            status: watch::Sender::new(status),
            lines: Arc::default(),
            restarts,
        }));
        (backend, asked)
    }

    /// A server that runs already.
    pub fn url(url: Url) -> Self {
        let status = Status {
            running: true,
            generation: 1,
            url: Some(url.clone()),
            ..Status::new("url", url.as_str())
        };
        Self::new(Source::Url(url), status).0
    }

    /// A stdio server: each tab starts one.
    pub fn command(command: CommandLine, typed: &str) -> Self {
        let status = Status {
            running: true,
            generation: 1,
            ..Status::new("command", typed)
        };
        Self::new(Source::Command(command), status).0
    }

    /// How it is, and how it becomes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.0.status.subscribe()
    }

    /// Starts it again, where that can be done for all.
    pub(super) fn restart(&self) {
        let _ = self.0.restarts.send(());
    }

    pub(super) fn lines(&self) -> &Arc<Lines> {
        &self.0.lines
    }

    /// Where it serves HTTP, if it does.
    pub(super) fn http(&self) -> Option<Url> {
        match &self.0.source {
            Source::Url(url) => Some(url.clone()),
            Source::Exercise => self.0.status.borrow().url.clone(),
            Source::Command(_) => None,
        }
    }

    /// A way to talk to it, with the process where it is one for this session alone. `None` while
    /// there is no way.
    pub(super) fn reach(&self) -> std::io::Result<Option<(Endpoint, Option<Process>)>> {
        match &self.0.source {
            Source::Url(url) => Ok(Some((Endpoint::Http(url.clone()), None))),
            Source::Exercise => {
                let url = self.0.status.borrow().url.clone();
                Ok(url.map(|url| (Endpoint::Http(url), None)))
            }
            Source::Command(command) => {
                let mut process = tokio::process::Command::new(&command.program);
                process.args(&command.arguments);
                let mut process = Process::start(process, &command.guard)?;
                let stdio = process.take_stdio();
                Ok(stdio.map(|(stdin, stdout)| (Endpoint::Stdio(stdin, stdout), Some(process))))
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        self.0.status.send_modify(change);
    }
}

impl Status {
    fn new(kind: &'static str, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            building: false,
            running: false,
            generation: 0,
            because: "started",
            problem: None,
            url: None,
        }
    }
}
