//! A mark that a program passes on to whatever it starts, by which also that is found which left
//! its process group: a child that called `setsid`, or that was left to run on its own.
//!
//! The mark is a variable of the environment. Linux shows that of every process in `/proc`;
//! elsewhere only the group, or the job object of Windows, is ended.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::process::Command;

/// The variable. Where a checker is checked itself, its programs have the marks of both.
const VARIABLE: &str = "WORKSHOP_CHECKER_STARTED";
const BETWEEN: char = ':';

/// How often those are looked at again that are just becoming another program.
#[cfg(target_os = "linux")]
const LOOKS: usize = 5;
#[cfg(target_os = "linux")]
const BETWEEN_LOOKS: std::time::Duration = std::time::Duration::from_millis(1);

/// The mark of one program and all that it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// One that no other program has.
    pub fn new() -> Self {
        static CHECKER: LazyLock<u64> = LazyLock::new(rand::random);
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{:016x}.{number}", *CHECKER))
    }

    /// The mark that is written so.
    pub fn named(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// How it is written, without a space.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Has a program carry it.
    pub fn put(&self, command: &mut Command) {
        let outer = std::env::var(VARIABLE)
            .ok()
            .filter(|outer| !outer.is_empty());
        let marks = match outer {
            Some(outer) => format!("{outer}{BETWEEN}{}", self.0),
            None => self.0.clone(),
        };
        command.env(VARIABLE, marks);
    }

    /// Ends every process that carries it, at once. Its first one is `leader`, which alone is older
    /// than the others: to read what is in the environment of all that runs on a machine takes longer
    /// than most checks do.
    #[cfg(target_os = "linux")]
    pub fn end_all(&self, leader: u32) {
        use nix::sys::signal::{Signal, kill};
        use nix::unistd::Pid;
        use std::collections::BTreeSet;

        let mut ended = BTreeSet::new();
        let mut looks_left = LOOKS;
        // What was being started during one look is found by the next.
        loop {
            let Found { carriers, unclear } = self.find(leader);
            let before = ended.len();
            for id in carriers {
                if ended.insert(id) {
                    let _ = kill(Pid::from_raw(id), Signal::SIGKILL);
                }
            }
            if ended.len() > before {
                continue;
            }
            if !unclear || looks_left == 0 {
                return;
            }
            looks_left -= 1;
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Elsewhere nothing tells which processes carry it.
    #[cfg(not(target_os = "linux"))]
    pub fn end_all(&self, _leader: u32) {}

    #[cfg(target_os = "linux")]
    fn find(&self, leader: u32) -> Found {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        // Ids are given out in order, and from the beginning when there are no more.
        let begun_anew = newest_id().is_none_or(|newest| newest < leader);
        let may_carry = |id: &i32| begun_anew || id.unsigned_abs() > leader;
        let mut found = Found::default();
        for id in ids.filter(may_carry) {
            // One that has ended, or that is another user's, does not carry it.
            let Ok(environment) = std::fs::read(format!("/proc/{id}/environ")) else {
                continue;
            };
            found.unclear |= environment.is_empty();
            if self.is_in(&environment) {
                found.carriers.push(id);
            }
        }
        found
    }

    /// Whether an environment, as Linux writes it, has the mark.
    #[cfg(target_os = "linux")]
    fn is_in(&self, environment: &[u8]) -> bool {
        let mut variables = environment.split(|byte| *byte == 0);
        let marks = variables.find_map(|variable| {
            let value = variable.strip_prefix(VARIABLE.as_bytes())?;
            value.strip_prefix(b"=")
        });
        marks.is_some_and(|marks| {
            let mut marks = marks.split(|byte| *byte == BETWEEN as u8);
            marks.any(|mark| mark == self.0.as_bytes())
        })
    }
}

/// What a look at all processes has found.
#[cfg(target_os = "linux")]
#[derive(Default)]
struct Found {
    carriers: Vec<i32>,
    /// Whether one has no environment: because it is just becoming another program, or because it has
    /// ended and nobody has asked how.
    unclear: bool,
}

/// The id that was given out last: the last word of `/proc/loadavg`.
#[cfg(target_os = "linux")]
fn newest_id() -> Option<u32> {
    let load = std::fs::read_to_string("/proc/loadavg").ok()?;
    load.split_whitespace().next_back()?.parse().ok()
}
