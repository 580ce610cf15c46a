//! A process group that never outlives its owner.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::guard::{Guard, Watched, ask_group, kill_group};
use super::mark::Mark;
use super::stderr::{self, Stderr};

/// How long an ended process may have its last words in the pipe.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running child with its whole process group. Dropping it kills the group, and what the child
/// has started outside of it.
#[derive(Debug)]
pub struct Process {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    monitor: Monitor,
    // Closing this channel is what stops the child: see `reap`.
    stop: Option<mpsc::Sender<()>>,
    leader: Option<u32>,
    mark: Option<Mark>,
    _watched: Watched,
}

/// What can be seen of a process from outside. Clones see the same, and keep nothing alive.
#[derive(Clone, Debug)]
pub struct Monitor {
    /// What it wrote on stderr.
    pub stderr: Stderr,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Monitor {
    /// How the process ended, if it has.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until the process has ended and its last words are read.
    pub async fn ended_with_words(&self) -> Option<ExitStatus> {
        let status = self.ended().await;
        // What it started may hold the pipe open.
        let _ = timeout(LAST_WORDS, self.stderr.closed()).await;
        status
    }

    /// Waits until the process has ended.
    pub async fn ended(&self) -> Option<ExitStatus> {
        let mut exit = self.exit.clone();
        exit.wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|status| *status)
    }
}

impl Drop for Process {
    /// Does not rely on the runtime, which may be on its way down.
    fn drop(&mut self) {
        if let (Some(leader), None) = (self.leader, self.exit_status()) {
            kill_group(leader);
            self.mark.iter().for_each(|mark| mark.end_all(leader));
        }
    }
}

impl Process {
    /// Starts `command` as the leader of a process group of its own, with its three standard
    /// streams as pipes.
    ///
    /// # Errors
    ///
    /// When the system cannot start it.
    pub fn start(command: Command, guard: &Guard) -> std::io::Result<Self> {
        Self::start_with(command, guard, Some(Mark::new()))
    }

    /// Starts cargo. What leaves its group does so on purpose, and goes on: the server of sccache,
    /// which other builds use too.
    ///
    /// # Errors
    ///
    /// As [`Process::start`].
    pub fn start_cargo(command: Command, guard: &Guard) -> std::io::Result<Self> {
        Self::start_with(command, guard, None)
    }

    fn start_with(
        mut command: Command,
        guard: &Guard,
        mark: Option<Mark>,
    ) -> std::io::Result<Self> {
        if let Some(mark) = &mark {
            mark.put(&mut command);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        let mut child = command.spawn()?;
        let leader = child.id();
        let watched = guard.watch(leader, mark.as_ref());

        let (exited, exit) = watch::channel(None);
        let (stop, stopped) = mpsc::channel(1);
        let stdin = child.stdin().take();
        let stdout = child.stdout().take();
        let stderr = stderr::follow(child.stderr().take());
        tokio::spawn(reap(child, mark.clone(), stopped, exited));
        Ok(Self {
            stdin,
            stdout,
            monitor: Monitor { stderr, exit },
            stop: Some(stop),
            leader,
            mark,
            _watched: watched,
        })
    }

    /// The child's stdin and stdout; once.
    pub fn take_stdio(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.stdin.take().zip(self.stdout.take())
    }

    /// The child's stdout; once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// The child's process id, while the system knows one.
    pub fn id(&self) -> Option<u32> {
        self.leader
    }

    /// What can be seen of it from outside.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// What the child wrote on stderr.
    pub fn stderr(&self) -> &Stderr {
        &self.monitor.stderr
    }

    /// How it ended, if it has.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.monitor.exit_status()
    }

    /// Waits until the child has ended by itself.
    pub async fn ended(&self) -> Option<ExitStatus> {
        self.monitor.ended().await
    }

    /// Asks the group to end, where the system has a way to ask.
    pub fn ask_to_end(&self) {
        if let (Some(leader), None) = (self.leader, self.exit_status()) {
            ask_group(leader);
        }
    }

    /// Kills the group and waits until the child is gone.
    pub async fn stop(mut self) {
        self.stop = None;
        self.ended().await;
    }
}

/// Waits for the child to end, and kills its group when the owner is gone or the child is:
/// what it started itself must not outlive it.
async fn reap(
    mut child: Box<dyn ChildWrapper>,
    mark: Option<Mark>,
    mut stopped: mpsc::Receiver<()>,
    exited: watch::Sender<Option<ExitStatus>>,
) {
    let leader = child.id();
    let status = tokio::select! {
        status = child.inner_mut().wait() => status,
        _ = stopped.recv() => {
            let _ = child.start_kill();
            child.inner_mut().wait().await
        }
    };
    let _ = child.start_kill();
    if let (Some(mark), Some(leader)) = (mark, leader) {
        mark.end_all(leader);
    }
    let _ = exited.send(Some(status.unwrap_or_default()));
}
