//! What cargo is doing, while it is doing it.

use std::io::{self, IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Reporter;
use crate::events::Event;

/// A save compiles one crate. More than this is the first build, or one after an update.
const MANY: usize = 3;

/// What is said of a build that takes long.
const FIRST_BUILD: &str = " (the first build takes minutes, later ones seconds)";

/// What is said while another cargo has the target folder.
const WAITING: &str = "(waiting: another cargo is building here)";

/// How far the build and the checks of an exercise are, in words.
#[derive(Debug)]
pub struct BuildProgress {
    package: String,
    phase: Phase,
    since: Instant,
    crates: usize,
    latest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Building,
    Waiting,
    Checking,
}

impl BuildProgress {
    /// A build that begins now.
    pub fn of(package: &str) -> Self {
        Self {
            package: package.to_owned(),
            phase: Phase::Building,
            since: Instant::now(),
            crates: 0,
            latest: String::new(),
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Building { package } => {
                self.package.clone_from(package);
                self.phase = Phase::Building;
                self.crates = 0;
            }
            Event::CrateBuilt(name) => {
                self.crates += 1;
                self.latest.clone_from(name);
                self.phase = Phase::Building;
            }
            Event::WaitingForCargo => self.phase = Phase::Waiting,
            Event::Checking { .. } => {
                self.phase = Phase::Checking;
                self.since = Instant::now();
            }
            Event::Built | Event::TakesMinutes(_) | Event::Step(_) | Event::Finished(_) => (),
        }
    }

    /// Whether cargo is at it.
    pub fn is_building(&self) -> bool {
        self.phase != Phase::Checking
    }

    /// For how long the build, or the checks.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Whether so much is compiled that it is the first build.
    pub fn is_first_build(&self) -> bool {
        self.crates > MANY
    }

    /// What cargo did last: `4 crates, serde`, or that it waits.
    pub fn latest(&self) -> String {
        let Self { crates, latest, .. } = self;
        match self.phase {
            Phase::Waiting => WAITING.to_owned(),
            _ if self.is_first_build() => format!("{crates} crates, {latest}{FIRST_BUILD}"),
            _ => format!("{crates} crates, {latest}"),
        }
    }

    /// All in one line: `building ex3_store 1.2 s`
    pub fn words(&self) -> String {
        let seconds = self.elapsed().as_secs_f64();
        let Self {
            package, crates, ..
        } = self;
        match self.phase {
            Phase::Waiting => format!("building {package} {seconds:.0} s {WAITING}"),
            Phase::Building if self.is_first_build() => {
                format!("building {package} {seconds:.0} s, {crates} crates{FIRST_BUILD}")
            }
            Phase::Building => format!("building {package} {seconds:.1} s"),
            Phase::Checking => format!("checking {package} {seconds:.1} s"),
        }
    }
}

/// Shows a line on stderr while cargo builds, where that is a terminal.
#[derive(Debug, Default)]
pub struct BuildBar(Option<(ProgressBar, BuildProgress)>);

impl BuildBar {
    /// Nothing to show yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn begin(&mut self, package: &str) {
        if !stderr().is_terminal() {
            return;
        }
        let style = ProgressStyle::with_template("{spinner} building {prefix} {elapsed} {msg}");
        let bar = ProgressBar::new_spinner().with_prefix(package.to_owned());
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        self.0 = Some((bar, BuildProgress::of(package)));
    }
}

impl Reporter for BuildBar {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Building { package } => self.begin(package),
            Event::CrateBuilt(_) | Event::WaitingForCargo => {
                if let Some((bar, progress)) = &mut self.0 {
                    progress.event(event);
                    bar.set_message(progress.latest());
                }
            }
            Event::Built => {
                if let Some((bar, _)) = self.0.take() {
                    bar.finish_and_clear();
                }
            }
            Event::Checking { .. }
            | Event::TakesMinutes(_)
            | Event::Step(_)
            | Event::Finished(_) => (),
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
