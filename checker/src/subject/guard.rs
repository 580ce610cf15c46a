//! The guard: a second process of the checker that ends the subjects of a killed one.
//!
//! A checker that is interrupted or panics stops its subjects itself. One that is killed
//! cannot. So it starts, first of all, a copy of itself that only reads its stdin: `+PID MARK`
//! when a process group was started, `-PID` when it is gone. When the pipe closes, the
//! checker is dead, and the guard kills the groups that are left, and what has left a group but
//! carries its mark. On Windows a job object does this, and there is no guard.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::mark::Mark;

/// The hidden argument that makes the checker a guard.
pub const ARGUMENT: &str = "__guard";

/// The checker's end of the pipe. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    pipe: Option<Arc<Mutex<ChildStdin>>>,
}

impl Guard {
    /// Starts the guard from the checker's own executable.
    ///
    /// # Errors
    ///
    /// When the system cannot start it.
    pub fn start(checker: &Path) -> std::io::Result<Self> {
        if !cfg!(unix) {
            return Ok(Self::default());
        }
        let mut command = Command::new(checker);
        command
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // In a group of its own, so that what ends the checker's group spares the guard.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let pipe = command.spawn()?.stdin.take();
        Ok(Self {
            pipe: pipe.map(|pipe| Arc::new(Mutex::new(pipe))),
        })
    }

    /// No guard, for a checker that is itself watched, as in tests.
    pub fn none() -> Self {
        Self::default()
    }

    /// Has the process group of this leader killed when the checker dies first, and all that
    /// carries the mark.
    pub(super) fn watch(&self, leader: Option<u32>, mark: Option<&Mark>) -> Watched {
        if let Some(leader) = leader {
            self.say(&format!("+{leader} {}", mark.map_or("", Mark::name)));
        }
        Watched {
            guard: self.clone(),
            leader,
        }
    }

    fn say(&self, line: &str) {
        if let Some(pipe) = &self.pipe {
            let mut pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner);
            // A guard that is gone cannot be told; the checker still cleans up by itself.
            let _ = writeln!(pipe, "{line}");
        }
    }
}

/// A process group under guard, until this is dropped.
#[derive(Debug)]
pub struct Watched {
    guard: Guard,
    leader: Option<u32>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            self.guard.say(&format!("-{leader}"));
        }
    }
}

/// What the guard does: waits for the end of stdin, then kills what is left.
pub fn keep_watch() {
    let mut groups: BTreeMap<u32, String> = BTreeMap::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if let Some((leader, mark)) = line.strip_prefix('+').and_then(|line| line.split_once(' ')) {
            groups.extend(leader.parse().map(|leader| (leader, mark.to_owned())));
        } else if let Some(Ok(leader)) = line.strip_prefix('-').map(str::parse) {
            groups.remove(&leader);
        }
    }
    for (leader, mark) in groups {
        kill_group(leader);
        if !mark.is_empty() {
            Mark::named(&mark).end_all(leader);
        }
    }
}

/// Ends every process of the group that this process leads, at once.
#[cfg(unix)]
pub fn kill_group(leader: u32) {
    signal_group(leader, nix::sys::signal::Signal::SIGKILL);
}

/// Asks every process of this group to end.
#[cfg(unix)]
pub fn ask_group(leader: u32) {
    signal_group(leader, nix::sys::signal::Signal::SIGTERM);
}

#[cfg(unix)]
fn signal_group(leader: u32, signal: nix::sys::signal::Signal) {
    use nix::sys::signal::killpg;
    use nix::unistd::Pid;

    if let Ok(leader) = i32::try_from(leader) {
        let _ = killpg(Pid::from_raw(leader), signal);
    }
}

/// On Windows the job object of the process does this.
#[cfg(not(unix))]
pub fn kill_group(_leader: u32) {}

/// Windows has no way to ask a program without a window.
#[cfg(not(unix))]
pub fn ask_group(_leader: u32) {}
