//! What cargo is doing, while it is doing it: on stderr, where a build takes long enough.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::Event;

/// A save compiles one crate. More than this is the first build, or one after an update.
pub const MANY: usize = 3;

/// What is said of a build that takes long.
pub const FIRST_BUILD: &str = " (the first build takes minutes, the next ones seconds)";

/// What is said while another cargo has the target folder.
pub const WAITING: &str = "(waiting: another cargo is building here)";

/// Shows a line on a terminal, and says one sentence elsewhere.
#[derive(Debug, Default)]
pub struct Building {
    bar: Option<ProgressBar>,
    crates: usize,
}

impl Building {
    /// Nothing to show yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Building { package } => self.begin(package),
            Event::CrateBuilt(name) => {
                self.crates += 1;
                if let Some(bar) = &self.bar {
                    let first = if self.crates > MANY { FIRST_BUILD } else { "" };
                    bar.set_message(format!("{} crates, {name}{first}", self.crates));
                }
            }
            Event::WaitingForCargo => {
                if let Some(bar) = &self.bar {
                    bar.set_message(WAITING);
                }
            }
            Event::Built => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
            }
            _ => (),
        }
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
        self.bar = Some(bar);
    }
}
