//! The report for GitHub Actions: an annotation for each failed step, beside the line where
//! the attendee works, and a table for the job's summary.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::escape::{one_line, visible};
use crate::verdict::{ExerciseReport, Outcome, StepReport};

pub(super) fn write<W: Write>(out: &mut W, exercises: &[ExerciseReport]) -> io::Result<()> {
    let steps = exercises.iter().flat_map(|exercise| &exercise.steps);
    for step in steps.filter(|step| step.outcome == Outcome::Failed) {
        writeln!(out, "{}", annotation(step))?;
    }
    for exercise in exercises {
        let passed = count(exercise, Outcome::Passed);
        let failed = count(exercise, Outcome::Failed);
        writeln!(out, "{}: {passed} passed, {failed} failed", exercise.id)?;
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) {
        append(&path, &summary(exercises)).map_err(|error| {
            let path = path.display();
            io::Error::new(
                error.kind(),
                format!(
                    "cannot write the summary to {path} ({error}). Is GITHUB_STEP_SUMMARY right?"
                ),
            )
        })?;
    }
    Ok(())
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// `::error file=…,line=…,title=…::message`
fn annotation(step: &StepReport) -> String {
    let Some((finding, _)) = step.finding() else {
        return String::new();
    };
    let position = finding.location.position();
    let file = position.map(|position| position.file.display().to_string());
    let line = position.and_then(|position| position.line);
    let properties = [
        ("file", file.unwrap_or_default()),
        (
            "line",
            line.map(|line| line.to_string()).unwrap_or_default(),
        ),
        ("title", format!("{} {}", step.id, step.title)),
    ];
    let properties: Vec<String> = properties
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    let mut message = String::new();
    let lines = [
        ("sent", &finding.sent),
        ("expected", &finding.expected),
        ("got", &finding.got),
        ("why", &finding.why.to_string()),
    ];
    for (label, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(message, "{label}: {}", visible(text));
    }
    format!(
        "::error {}::{}",
        properties.join(","),
        data(message.trim_end())
    )
}

/// The escapes of a workflow command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The escapes of a workflow command's property.
fn property(text: &str) -> String {
    data(&one_line(text))
        .replace(':', "%3A")
        .replace(',', "%2C")
}

fn summary(exercises: &[ExerciseReport]) -> String {
    let mut page = String::new();
    for exercise in exercises {
        let _ = writeln!(page, "### {}: {}\n", exercise.id, cell(&exercise.title));
        let _ = writeln!(page, "| | step | |\n| --- | --- | --- |");
        for step in &exercise.steps {
            let mark = match step.outcome {
                Outcome::Passed => "✅",
                Outcome::Failed => "❌",
                Outcome::NotStarted => "⬜",
                Outcome::CouldNotCheck => "❔",
            };
            let said = match step.finding() {
                Some((finding, _)) => finding.got.clone(),
                None => step
                    .eras
                    .iter()
                    .find_map(|era| era.reason())
                    .unwrap_or_default(),
            };
            let _ = writeln!(
                page,
                "| {mark} | {} {} | {} |",
                step.id,
                cell(&step.title),
                cell(&said)
            );
        }
        page.push('\n');
    }
    page
}

/// Text in a cell of a Markdown table: nothing in it is markup.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for letter in one_line(text).chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '#' => {
                safe.push('\\');
                safe.push(letter);
            }
            letter => safe.push(letter),
        }
    }
    safe
}

fn count(exercise: &ExerciseReport, outcome: Outcome) -> usize {
    exercise
        .steps
        .iter()
        .filter(|step| step.outcome == outcome)
        .count()
}
