//! What is on the page: the events of one check, and what was asked for beside them.

use std::fmt::Write as _;
use std::mem;

use anyhow::Result;

use crate::events::Event;
use crate::report::{self, Reporter, Terminal};
use crate::verdict::{ExerciseReport, Outcome, StepReport};

/// A page, and all that is needed to draw it at another width.
#[derive(Debug)]
pub(super) struct Page {
    seed: u64,
    terminal: Terminal<Vec<u8>>,
    events: Vec<Event>,
    /// The whole report, once it is there.
    pub report: Option<ExerciseReport>,
    /// Hints, traces and other words that were asked for.
    pub asides: String,
}

impl Default for Page {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Page {
    /// An empty page for the check with this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            terminal: terminal(seed),
            events: Vec::new(),
            report: None,
            asides: String::new(),
        }
    }

    /// Takes an event, and gives what is to be added to the page.
    pub fn event(&mut self, event: Event) -> Result<String> {
        self.terminal.event(&event)?;
        if let Event::Finished(report) = &event {
            self.report = Some(report.as_ref().clone());
        }
        self.events.push(event);
        Ok(self.written())
    }

    fn written(&mut self) -> String {
        let bytes = mem::take(self.terminal.out());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The whole page at the width that the terminal has now.
    pub fn drawn_again(&mut self) -> Result<String> {
        self.terminal = terminal(self.seed);
        for event in &self.events {
            self.terminal.event(event)?;
        }
        Ok(self.written() + &self.asides)
    }

    /// Whether the code did not even compile, so that no step is better known than before.
    fn does_not_compile(&self) -> bool {
        let report = self.report.as_ref();
        report.is_some_and(|report| report.compile_error.is_some())
    }

    /// The step to work on: the first that failed, else the first that is open.
    pub fn at_hand(&self) -> Option<&StepReport> {
        if self.does_not_compile() {
            return None;
        }
        let report = self.report.as_ref()?;
        let mut steps = report.steps.iter();
        let failed = steps.find(|step| step.outcome == Outcome::Failed);
        failed.or_else(|| report.first_open())
    }

    /// The JSON-RPC of the step to work on; of the last one where all is passed.
    pub fn trace(&self) -> Result<String> {
        if self.does_not_compile() {
            return Ok("\nNothing was sent: the code does not compile yet.\n".to_owned());
        }
        let last = self.report.as_ref().and_then(|report| report.steps.last());
        let Some(step) = self.at_hand().or(last) else {
            return Ok("\nNothing was sent: there is no check to show.\n".to_owned());
        };
        if step.eras.iter().all(|era| era.trace.is_empty()) {
            return Ok(format!("\nFor {} nothing was sent yet.\n", step.id));
        }
        let mut text = Vec::new();
        report::write_trace(&mut text, step)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// What is still to do, in the words of the report. `None` when nothing is, or nothing is
    /// known.
    pub fn what_is_open(&self) -> Option<String> {
        if self.does_not_compile() {
            return Some("\nnext  mend the first error, and save\n".to_owned());
        }
        let step = self.at_hand()?;
        let mut words = format!("\nnext  {}  {}\n", step.id, step.title);
        if let Some(place) = &step.place {
            let _ = writeln!(words, "      write   {place}");
        }
        words.push_str("      stuck   press h\n");
        Some(words)
    }
}

fn terminal(seed: u64) -> Terminal<Vec<u8>> {
    Terminal::new(Vec::new(), report::width(), false, seed).keyed()
}
