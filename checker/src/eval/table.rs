//! The figures as people read them, and as programs do.

use std::fmt::Write as _;

use rmcp::model::Tool;
use serde_json::{Value, json};
use textwrap::Options;

use super::figures::{Counts, Figures, Prices};
use super::judge::Verdict;
use super::questions::{Expected, Questions};
use crate::escape::one_line;

/// The widest a question or a call is shown.
const WIDEST: usize = 60;
/// The longest reason of an endpoint, whose own words come last.
const LONGEST_REASON: usize = 200;
/// The widest a line of a description is.
const COLUMNS: usize = 80;

/// What was asked, and what came of it.
#[derive(Debug)]
pub struct Evaluation {
    /// What the endpoint calls the model.
    pub model: String,
    /// How often each question was asked.
    pub times: usize,
    /// With the server's own wording.
    pub figures: Figures,
    /// With the other one, if there is one.
    pub reworded: Option<Figures>,
    /// What the endpoint charges.
    pub prices: Option<Prices>,
}

impl Evaluation {
    /// The figures of the wording that is tried: the other one, if there is one.
    pub fn newest(&self) -> &Figures {
        self.reworded.as_ref().unwrap_or(&self.figures)
    }

    /// A table with a line for each question.
    pub fn human(&self) -> String {
        let mut text = String::new();
        let head = match self.reworded {
            None => "  hits   question",
            Some(_) => "  hits   new    question",
        };
        let _ = writeln!(text, "{head}");
        for (number, row) in self.figures.rows.iter().enumerate() {
            let other = self
                .reworded
                .as_ref()
                .and_then(|other| other.rows.get(number));
            let times = self.times;
            let _ = write!(text, "  {:<7}", format!("{}/{times}", row.hits()));
            if let Some(other) = other {
                let _ = write!(text, "{:<7}", format!("{}/{times}", other.hits()));
            }
            let _ = writeln!(text, "{}", shortened(&row.question));
            let misses = [("", Some(row)), ("new: ", other)];
            for (which, row) in misses {
                if let Some((verdict, times)) = row.and_then(|row| row.miss()) {
                    let indent = if other.is_some() { 16 } else { 9 };
                    let times = match times {
                        1 => String::new(),
                        times => format!(" ({times} times)"),
                    };
                    let _ = writeln!(text, "{:indent$}{which}{}{times}", "", words(verdict));
                }
            }
        }
        let _ = writeln!(text, "\n{}", self.sum("", &self.figures));
        if let Some(reworded) = &self.reworded {
            let _ = writeln!(text, "{}", self.sum("new: ", reworded));
        }
        text
    }

    fn sum(&self, which: &str, figures: &Figures) -> String {
        let counts = figures.counts();
        let parts = [
            (counts.wrong_tools, "wrong tool", "wrong tools"),
            (
                counts.wrong_arguments,
                "with wrong arguments",
                "with wrong arguments",
            ),
            (counts.no_calls, "without a call", "without a call"),
            (counts.no_answers, "without an answer", "without an answer"),
        ];
        let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
        let misses: String = parts
            .map(|(count, one, many)| format!(", {count} {}", if count == 1 { one } else { many }))
            .collect();
        let Counts { hits, asked, .. } = counts;
        let usage = figures.usage;
        let price = self
            .prices
            .map(|prices| format!(", ${:.4}", prices.of(usage)));
        format!(
            "{which}{hits} hits of {asked} ({:.0} %){misses}\n{which}{} tokens sent, {} received{}",
            counts.percent(),
            usage.sent,
            usage.received,
            price.unwrap_or_default()
        )
    }

    /// One document.
    pub fn json(&self) -> Value {
        let figures = |figures: &Figures| {
            let cost = self.prices.map(|prices| prices.of(figures.usage));
            json!({ "counts": figures.counts(), "usage": figures.usage, "dollars": cost, "questions": figures.rows })
        };
        json!({
            "model": self.model,
            "times": self.times,
            "own": figures(&self.figures),
            "reworded": self.reworded.as_ref().map(figures),
        })
    }
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Hit => String::new(),
        Verdict::WrongTool(call) => format!("wrong tool: {}", shortened(call)),
        Verdict::WrongArguments(call) => format!("wrong arguments: {}", shortened(call)),
        Verdict::NoCall(said) if said.trim().is_empty() => "no call, and no text".to_owned(),
        Verdict::NoCall(said) => format!("no call, but text: {}", shortened(said)),
        Verdict::NoAnswer(why) => format!("no answer: {}", cut(why, LONGEST_REASON)),
    }
}

fn shortened(text: &str) -> String {
    cut(text, WIDEST)
}

/// On one line, with so many characters at most.
fn cut(text: &str, longest: usize) -> String {
    let line = one_line(text.trim());
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What would be asked, for those who have no endpoint yet.
pub fn plan(questions: &Questions, tools: &[Tool], times: usize) -> String {
    let mut text = String::from("The tools, as a model would see them:\n\n");
    for tool in tools {
        let description = tool.description.as_deref().unwrap_or("(no description)");
        let options = Options::new(COLUMNS)
            .initial_indent("    ")
            .subsequent_indent("    ");
        let description = textwrap::fill(&one_line(description.trim()), options);
        let _ = writeln!(text, "  {}\n{description}", one_line(&tool.name));
    }
    text += "\nThe questions, and what is a hit:\n\n";
    for question in &questions.questions {
        let _ = writeln!(text, "  {}", shortened(&question.ask));
        if question.expect.is_empty() {
            text += "    no call\n";
        }
        for (number, expected) in question.expect.iter().enumerate() {
            let or = if number == 0 { "" } else { "or " };
            let _ = writeln!(text, "    {or}{}", call(expected));
        }
    }
    let requests = questions.questions.len() * times;
    let _ = writeln!(
        text,
        "\nAsking each {times} times takes {requests} requests."
    );
    text
}

fn call(expected: &Expected) -> String {
    match &expected.arguments {
        None => expected.tool.clone(),
        Some(arguments) => format!(
            "{} {}",
            expected.tool,
            one_line(&Value::Object(arguments.clone()).to_string())
        ),
    }
}
