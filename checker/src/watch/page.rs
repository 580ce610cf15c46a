//! What is on the page: the events of one check, and what was asked for beside them.

use std::fmt::Write as _;
use std::mem;

use anstyle::Style;
use anyhow::Result;

use super::screen::Screen;
use crate::events::Event;
use crate::report::{self, Reporter, Terminal};
use crate::verdict::{ExerciseReport, Outcome, StepReport};

const FAINT: Style = Style::new().dimmed();

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
    /// Which of the steps that failed is at hand: the first, until another one is asked for.
    failure: usize,
    /// The step whose failing exchange is shown: who asks once more wants to see all of them.
    traced: Option<String>,
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
            failure: 0,
            traced: None,
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
        in_text(mem::take(self.terminal.out()))
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

    /// The step to work on: the one that failed, the first unless another was asked for; else the
    /// first that is open.
    pub fn at_hand(&self) -> Option<&StepReport> {
        if self.does_not_compile() {
            return None;
        }
        let failed = self.failed().nth(self.failure);
        failed.or_else(|| self.report.as_ref()?.first_open())
    }

    fn failed(&self) -> impl Iterator<Item = &StepReport> {
        let steps = self.report.iter().flat_map(|report| &report.steps);
        steps.filter(|step| step.outcome == Outcome::Failed)
    }

    /// The finding of the next step that failed, which is at hand from now on. After the last one
    /// comes the first again.
    pub fn next_failure(&mut self) -> Result<String> {
        let count = self.failed().count();
        if self.does_not_compile() || count == 0 {
            return Ok("\nNo step has failed.\n".to_owned());
        }
        self.failure = (self.failure + 1) % count;
        let number = self.failure + 1;
        let mut report = terminal(self.seed);
        if let Some(step) = self.failed().nth(self.failure) {
            report.event(&Event::Step(Box::new(step.clone())))?;
        }
        let finding = in_text(mem::take(report.out()));
        Ok(format!(
            "\n{FAINT}failure {number} of {count}{FAINT:#}\n\n{finding}"
        ))
    }

    /// The JSON-RPC of the step to work on; of the last one where all is passed. First only the
    /// exchange that the finding is about, as much of it as has room, and then all.
    pub fn trace(&mut self, screen: &Screen) -> Result<String> {
        if self.does_not_compile() {
            return Ok("\nNothing was sent: the code does not compile yet.\n".to_owned());
        }
        let last = self.report.as_ref().and_then(|report| report.steps.last());
        let Some(step) = self.at_hand().or(last).cloned() else {
            return Ok("\nNothing was sent: there is no check to show.\n".to_owned());
        };
        if step.eras.iter().all(|era| era.trace.is_empty()) {
            return Ok(format!("\nNothing was sent for {} yet.\n", step.id));
        }
        let (mut failing, mut all) = (Vec::new(), Vec::new());
        let others = report::write_failing(&mut failing, &step)?;
        report::write_trace(&mut all, &step)?;
        let (failing, all) = (in_text(failing), in_text(all));
        let again = self.traced.replace(step.id.clone()).as_ref() == Some(&step.id);
        let beginning = screen.beginning_of(&failing);
        if again || (others == 0 && beginning == failing) {
            return Ok(all);
        }
        let more = match others {
            0 => "press t again for the whole exchange".to_owned(),
            1 => "press t again for the other exchange too".to_owned(),
            others => format!("press t again for the other {others} exchanges too"),
        };
        Ok(format!("{beginning}\n{FAINT}{more}{FAINT:#}\n"))
    }

    /// What is still to do, in the words of the report. `None` when nothing is, or nothing is
    /// known.
    pub fn what_is_open(&self) -> Option<String> {
        if self.does_not_compile() {
            return Some("\nnext  fix the first error, and save\n".to_owned());
        }
        let step = self.at_hand()?;
        let next = format!("next  {}  {}", step.id, step.title);
        let mut words = format!("\n{}\n", report::wrapped(&next, "", "      "));
        for (number, place) in step.places.iter().enumerate() {
            let label = if number == 0 { "write" } else { "" };
            let _ = writeln!(words, "      {label:<5}   {place}");
        }
        words.push_str("      stuck   press h\n");
        Some(words)
    }
}

fn in_text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn terminal(seed: u64) -> Terminal<Vec<u8>> {
    Terminal::new(Vec::new(), report::width(), false, seed).keyed()
}
