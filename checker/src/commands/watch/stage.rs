//! How far a check is, in the footer's words.

use std::time::{Duration, Instant};

use crate::engine::Event;
use crate::report::{FIRST_BUILD, MANY, WAITING};

/// A check that has taken longer waits for a server that hangs, and not for its end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Building first, then checking.
#[derive(Debug)]
pub(super) struct Stage {
    package: String,
    since: Instant,
    crates: usize,
    building: bool,
    waiting: bool,
}

impl Stage {
    /// Building begins.
    pub fn begin(package: &str) -> Self {
        Self {
            package: package.to_owned(),
            since: Instant::now(),
            crates: 0,
            building: true,
            waiting: false,
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::CrateBuilt(_) => {
                self.crates += 1;
                self.waiting = false;
            }
            Event::WaitingForCargo => self.waiting = true,
            Event::Checking { .. } => {
                self.building = false;
                self.since = Instant::now();
            }
            _ => (),
        }
    }

    /// Whether a save makes what is done now stale: a build, and a check that hangs.
    pub fn is_stale_by_a_save(&self) -> bool {
        self.building || self.since.elapsed() > PATIENCE
    }

    /// `building ex3_store 1.2 s`
    pub fn words(&self) -> String {
        let seconds = self.since.elapsed().as_secs_f64();
        let package = &self.package;
        match self.building {
            true if self.waiting => format!("building {package} {seconds:.0} s {WAITING}"),
            true if self.crates > MANY => format!(
                "building {package} {seconds:.0} s, {} crates{FIRST_BUILD}",
                self.crates
            ),
            true => format!("building {package} {seconds:.1} s"),
            false => format!("checking {package} {seconds:.1} s"),
        }
    }
}
