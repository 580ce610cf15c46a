//! The report for people.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::trace::write_trace;
use super::{Reporter, between_words};
use crate::escape::{one_line, visible};
use crate::events::Event;
use crate::mcp::Era;
use crate::verdict::{
    CompileError, ExerciseReport, Finding, NotStarted, Outcome, StepReport, SubjectKind,
};
use crate::workshop::progress::State;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// Where the text behind a step's number begins.
const INDENT: usize = 8;

/// The width of the labels of a finding.
const LABEL: usize = 10;

/// What stands between two commands on a line.
const BETWEEN_COMMANDS: &str = "        ";

/// Writes for people, as the steps are judged. The writer strips colors where there is no
/// terminal.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    width: usize,
    traced: bool,
    seed: u64,
    shown_finding: bool,
    keyed: bool,
}

impl<W: Write> Terminal<W> {
    /// A report `width` columns wide. With `traced`, the exchanges follow each step.
    pub fn new(out: W, width: usize, traced: bool, seed: u64) -> Self {
        Self {
            out,
            width,
            traced,
            seed,
            shown_finding: false,
            keyed: false,
        }
    }

    /// Names the key where the watch has one, and not the command.
    pub fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    /// What it writes to.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    fn step(&mut self, step: &StepReport) -> io::Result<()> {
        let (symbol, style) = symbol(step.outcome);
        let bonus = if step.bonus { " (bonus)" } else { "" };
        let title = format!("{}{bonus}", step.title);
        // What only waits steps back, so that what can be worked on stands out.
        let waits = step.outcome == Outcome::NotStarted && step.only_waits();
        let of_title = if waits { FAINT } else { Style::new() };
        let head = format!("{:<5}{title}", step.id);
        write!(self.out, " {style}{symbol}{style:#} ")?;
        let room_of_eras = match step.outcome {
            Outcome::Failed => width_of_eras(step),
            _ => 0,
        };
        if INDENT + title.chars().count() + room_of_eras > self.width {
            return self.narrow(step, &title, of_title);
        }
        write!(self.out, "{of_title}{head}{of_title:#}")?;
        match (step.outcome, step.finding()) {
            (Outcome::Failed, Some((finding, eras))) => {
                // At the same column for all steps that have room.
                let column = 58.min((self.width + 2).saturating_sub(INDENT + room_of_eras));
                let gap = column.saturating_sub(title.chars().count());
                self.eras(step, gap.max(2))?;
                self.details(step, finding, &eras)
            }
            _ => {
                let reason = step.eras.iter().find_map(|era| era.reason());
                let Some(reason) = reason.map(|reason| one_line(&reason)) else {
                    writeln!(self.out)?;
                    return self.remarks(step);
                };
                if head.chars().count() + reason.chars().count() + 5 <= self.width {
                    return writeln!(self.out, "  {FAINT}{reason}{FAINT:#}");
                }
                writeln!(self.out)?;
                self.beside("", INDENT, &reason, FAINT)
            }
        }
    }

    /// What is worth knowing beside a pass.
    fn remarks(&mut self, step: &StepReport) -> io::Result<()> {
        let all = step.eras.iter().flat_map(|era| &era.remarks);
        // Most hold in both eras.
        let all: BTreeSet<&String> = all.collect();
        for remark in all {
            self.labeled("note", remark, Style::new())?;
        }
        Ok(())
    }

    /// The title on lines of its own, where the terminal has no room for it on one.
    fn narrow(&mut self, step: &StepReport, title: &str, style: Style) -> io::Result<()> {
        write!(self.out, "{:<5}", step.id)?;
        let options = between_words(self.width.saturating_sub(INDENT));
        for (number, line) in textwrap::wrap(title, options).iter().enumerate() {
            let indent = if number == 0 { 0 } else { INDENT };
            writeln!(self.out, "{:indent$}{style}{line}{style:#}", "")?;
        }
        if let (Outcome::Failed, Some((finding, eras))) = (step.outcome, step.finding()) {
            self.eras(step, INDENT)?;
            return self.details(step, finding, &eras);
        }
        let reason = step.eras.iter().find_map(|era| era.reason());
        match reason {
            Some(reason) => self.beside("", INDENT, &one_line(&reason), FAINT),
            None => self.remarks(step),
        }
    }

    /// The finding of the first step that failed; where to look for those of the others.
    fn details(&mut self, step: &StepReport, finding: &Finding, eras: &[Era]) -> io::Result<()> {
        if self.shown_finding {
            let details = if self.keyed {
                "details: press f".to_owned()
            } else {
                format!("details: {}", one_line(&step.again))
            };
            return self.beside("", INDENT, &details, FAINT);
        }
        self.shown_finding = true;
        self.finding(finding, eras, step.eras.len())
    }

    /// `modern ✗  legacy ✓`, after so many columns.
    fn eras(&mut self, step: &StepReport, pad: usize) -> io::Result<()> {
        if step.eras.iter().all(|era| era.era.is_none()) {
            return writeln!(self.out);
        }
        let pad = format!("{:pad$}", "");
        let gaps = std::iter::once(pad.as_str()).chain(std::iter::repeat("  "));
        for (era, gap) in step.eras.iter().zip(gaps) {
            let (symbol, style) = symbol(era.outcome);
            let name = era.era_name();
            write!(self.out, "{gap}{name} {style}{symbol}{style:#}")?;
        }
        writeln!(self.out)
    }

    fn finding(&mut self, finding: &Finding, eras: &[Era], checked: usize) -> io::Result<()> {
        let only = match eras {
            [era] if checked > 1 => format!("  (in the {era} era)"),
            _ => String::new(),
        };
        let sent = if finding.sent.is_empty() {
            String::new()
        } else {
            format!("{}{only}", finding.sent)
        };
        let label = if finding.is_command { "ran" } else { "sent" };
        self.labeled(label, &sent, Style::new())?;
        self.labeled("expected", &finding.expected, Style::new())?;
        self.labeled("got", &finding.got, BAD)?;
        self.labeled("why", &finding.why.to_string(), Style::new())?;
        self.labeled("where", &finding.location.to_string(), Style::new())?;
        let next = if self.keyed && !finding.next.is_empty() {
            "press h for a hint, t for the trace"
        } else {
            &finding.next.join(BETWEEN_COMMANDS)
        };
        self.labeled("next", next, STRONG)
    }

    /// A label and its text, wrapped beside it. Nothing for an empty text.
    fn labeled(&mut self, label: &str, text: &str, style: Style) -> io::Result<()> {
        self.beside(label, INDENT + LABEL, text, style)
    }

    /// Text wrapped from a column on, with a label before its first line.
    fn beside(&mut self, label: &str, column: usize, text: &str, style: Style) -> io::Result<()> {
        let options = between_words(self.width.saturating_sub(column));
        let room = column - INDENT;
        let mut label = label;
        for line in visible(text).lines() {
            for piece in textwrap::wrap(line, &options) {
                write!(self.out, "{:INDENT$}{FAINT}{label:<room$}{FAINT:#}", "")?;
                writeln!(self.out, "{style}{piece}{style:#}")?;
                label = "";
            }
        }
        Ok(())
    }

    /// A sentence, from the first column on.
    fn prose(&mut self, text: &str, style: Style) -> io::Result<()> {
        for line in textwrap::wrap(text, between_words(self.width)) {
            writeln!(self.out, "{style}{line}{style:#}")?;
        }
        Ok(())
    }

    /// A text from this column on, with a label before its first line.
    fn hanging(&mut self, label: &str, column: usize, text: &str) -> io::Result<()> {
        let lines = textwrap::wrap(text, between_words(self.width.saturating_sub(column)));
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            writeln!(self.out, "{STRONG}{label:<column$}{STRONG:#}{line}")?;
        }
        Ok(())
    }

    fn compile_error(&mut self, error: &CompileError) -> io::Result<()> {
        let first = error.first.trim_end();
        writeln!(
            self.out,
            " {BAD}✗{BAD:#} it does not compile yet\n\n{first}\n"
        )?;
        let more = match error.others {
            0 => None,
            1 => Some("and one more error, which may disappear with the first".to_owned()),
            n => Some(format!(
                "and {n} more errors, some of which may disappear with the first"
            )),
        };
        if let Some(more) = more {
            writeln!(self.out, "{FAINT}{more}{FAINT:#}\n")?;
        }
        if let Some(note) = error.note {
            self.labeled("that is", note, Style::new())?;
            writeln!(self.out)?;
        }
        writeln!(
            self.out,
            "{STRONG}next{STRONG:#}  fix this error, save, and check again"
        )
    }

    fn summary(&mut self, report: &ExerciseReport) -> io::Result<()> {
        let count = |outcome, bonus| {
            let steps = report.steps.iter();
            steps
                .filter(|step| step.bonus == bonus && step.outcome == outcome)
                .count()
        };
        let total = |bonus| {
            report
                .steps
                .iter()
                .filter(|step| step.bonus == bonus)
                .count()
        };
        let mut parts = Vec::new();
        if total(false) > 0 {
            parts.push(format!(
                "{} of {} steps passed",
                count(Outcome::Passed, false),
                total(false)
            ));
        }
        if total(true) > 0 {
            let words = if parts.is_empty() {
                "bonus steps passed"
            } else {
                "bonus"
            };
            parts.push(format!(
                "{} of {} {words}",
                count(Outcome::Passed, true),
                total(true)
            ));
        }
        let failed = count(Outcome::Failed, false) + count(Outcome::Failed, true);
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        let (_, style) = symbol(report.outcome());
        let seconds = report.check_ms as f64 / 1000.0;
        let took = format!("{FAINT}in {seconds:.2} s{FAINT:#}");
        let result = format!("{style}{}{style:#} {took}", parts.join(", "));
        writeln!(self.out)?;
        self.prose(&result, Style::new())?;
        if failed > 0 {
            let seed = self.seed;
            let words =
                format!("arguments are random; `check --seed {seed}` sends the same ones again");
            return self.prose(&words, FAINT);
        }
        self.next(report)
    }

    /// The one thing to do now, where nothing is wrong.
    fn next(&mut self, report: &ExerciseReport) -> io::Result<()> {
        if report.subject != SubjectKind::Starter {
            return Ok(());
        }
        let Some(step) = report.first_open() else {
            let words = match report.steps.len() {
                1 => "`cargo checker` says what is next.",
                _ => "The whole exercise has passed. `cargo checker list` shows what comes next.",
            };
            return self.prose(words, Style::new());
        };
        let waits = step.eras.iter().find_map(|era| match &era.not_started {
            Some(NotStarted::Needs(need)) => Some(need),
            _ => None,
        });
        if let Some(need) = waits {
            return writeln!(
                self.out,
                "\n{STRONG}next{STRONG:#}  cargo checker check {need}"
            );
        }
        if step.bonus && report.outcome() == Outcome::Passed {
            let words = "The exercise is done. If there is time, a bonus:";
            self.prose(words, Style::new())?;
        }
        let step_and_title = format!("{}  {}", step.id, step.title);
        writeln!(self.out)?;
        self.hanging("next", 6, &step_and_title)?;
        for (number, place) in step.places.iter().enumerate() {
            let label = if number == 0 { "write" } else { "" };
            writeln!(self.out, "      {FAINT}{label:<5}{FAINT:#}   {place}")?;
        }
        let stuck = if self.keyed {
            "press h".to_owned()
        } else {
            format!("cargo checker hint {}", step.id)
        };
        writeln!(self.out, "      {FAINT}stuck{FAINT:#}   {stuck}")
    }
}

impl<W: Write> Reporter for Terminal<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Checking { exercise } => {
                self.shown_finding = false;
                let (number, title) = (exercise.number(), &exercise.title);
                writeln!(self.out, "{STRONG}Exercise {number}  {title}{STRONG:#}\n")
            }
            Event::TakesMinutes(why) => {
                writeln!(self.out, " {FAINT}{why}: this takes minutes{FAINT:#}\n")?;
                self.out.flush()
            }
            Event::Step(step) => {
                self.step(step)?;
                if self.traced {
                    write_trace(&mut self.out, step)?;
                }
                self.out.flush()
            }
            Event::Finished(report) => match &report.compile_error {
                Some(error) => self.compile_error(error),
                None => self.summary(report),
            },
            Event::Building { .. }
            | Event::CrateBuilt(_)
            | Event::WaitingForCargo
            | Event::Built => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The columns that `  modern ✗  legacy ✓` takes.
fn width_of_eras(step: &StepReport) -> usize {
    let eras = step.eras.iter().filter(|era| era.era.is_some());
    eras.map(|era| "   ✗".chars().count() + era.era_name().len())
        .sum()
}

fn symbol(outcome: Outcome) -> (char, Style) {
    match outcome {
        Outcome::Passed => ('✓', GOOD),
        Outcome::Failed => ('✗', BAD),
        Outcome::NotStarted => ('·', FAINT),
        Outcome::CouldNotCheck => ('?', ODD),
    }
}

/// The symbol and style of a step's state in a list.
pub fn symbol_of_state(state: State) -> (char, Style) {
    match state {
        State::Passed => ('✓', GOOD),
        State::Regressed => ('✗', BAD),
        State::InProgress => ('~', ODD),
        State::CaughtUp => ('»', ODD),
        State::NotStarted => ('·', FAINT),
    }
}
