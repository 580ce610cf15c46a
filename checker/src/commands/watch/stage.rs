//! How far a check is, in the footer's words.

use std::time::Instant;

use crate::engine::Event;

/// A save compiles one crate. More than this is the first build, or one after an update.
const MANY: usize = 3;

/// Building first, then checking.
#[derive(Debug)]
pub(super) struct Stage {
    package: String,
    since: Instant,
    crates: usize,
    building: bool,
}

impl Stage {
    /// Building begins.
    pub fn begin(package: &str) -> Self {
        Self {
            package: package.to_owned(),
            since: Instant::now(),
            crates: 0,
            building: true,
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::CrateBuilt(_) => self.crates += 1,
            Event::Checking { .. } => {
                self.building = false;
                self.since = Instant::now();
            }
            _ => (),
        }
    }

    /// Whether a save would make what is done now stale.
    pub fn is_building(&self) -> bool {
        self.building
    }

    /// `building ex3_store 1.2 s`
    pub fn words(&self) -> String {
        let seconds = self.since.elapsed().as_secs_f64();
        let package = &self.package;
        match self.building {
            true if self.crates > MANY => format!(
                "building {package} {seconds:.0} s, {} crates (the first build takes minutes, the next ones seconds)",
                self.crates
            ),
            true => format!("building {package} {seconds:.1} s"),
            false => format!("checking {package} {seconds:.1} s"),
        }
    }
}
