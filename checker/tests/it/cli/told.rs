//! Runs the checker, and asks of every run what must be true of all: no panic, no escapes
//! where there is no terminal, and nothing left running.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common;
pub use crate::common::workshop::processes_of;
use crate::common::workshop::{Workshop, end};

/// No run in these tests takes longer, the build of an exercise included.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a run said.
#[derive(Debug)]
pub struct Told {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A fresh checkout, in which every program is ready.
pub fn fresh() -> Workshop {
    Workshop::ready()
}

/// Runs `cargo checker WORDS`.
pub fn told(workshop: &Workshop, words: &str) -> Told {
    told_by(workshop, workshop.checker(words))
}

/// Runs the checker as this command does.
pub fn told_by(workshop: &Workshop, command: Command) -> Told {
    let output = assert_cmd::Command::from_std(command)
        .timeout(PATIENCE)
        .output()
        .unwrap();
    Told::of(workshop, output)
}

impl Told {
    pub fn of(workshop: &Workshop, output: Output) -> Self {
        let told = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&told.stdout, &told.stderr] {
            assert!(!text.contains('\x1b'), "escapes: {text:?}");
        }
        // A subject's own panic is told in a report; the checker's own is told on stderr.
        for trace in ["panicked", "the checker itself failed", "RUST_BACKTRACE"] {
            assert!(!told.stderr.contains(trace), "{}", told.stderr);
        }
        nothing_is_left(workshop, Duration::from_secs(2));
        told
    }

    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// That the checker could not do it, said nothing on stdout, and this on stderr: a
    /// sentence or two on one line.
    pub fn could_not(&self) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{self:?}");
        let said = self.stderr.strip_suffix('\n').unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        let said = said.strip_prefix("error: ").unwrap();
        assert!(!said.contains('!'), "{said}");
        said
    }
}

/// The outcome of each step in a JSON report: `3.4 passed`.
pub fn outcomes(report: &Value) -> Vec<String> {
    let steps = report["exercises"][0]["steps"].as_array().unwrap();
    let outcome = |step: &Value| {
        let [id, outcome] = ["id", "outcome"].map(|name| step[name].as_str().unwrap());
        format!("{id} {outcome}")
    };
    steps.iter().map(outcome).collect()
}

/// Fails when a process of this workshop outlives the checker by more than `patience`.
pub fn nothing_is_left(workshop: &Workshop, patience: Duration) {
    let begin = Instant::now();
    loop {
        let left = processes_of(workshop);
        if left.is_empty() {
            return;
        }
        if begin.elapsed() > patience {
            // Or they would fail every other test too.
            left.iter().for_each(|process| end(process));
            panic!("left running: {left:#?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until this file is there.
pub fn wait_for(file: &Path) {
    let begin = Instant::now();
    while !file.exists() {
        assert!(begin.elapsed() < PATIENCE, "{} never came", file.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Asserts snapshots without what differs from run to run and from machine to machine.
pub fn redacted(workshop: &Workshop) -> insta::Settings {
    let mut settings = common::redacted();
    let root = workshop.root.display().to_string();
    settings.add_filter(&regex_escaped(&root), "[workshop]");
    settings.add_filter(r"in \d+\.\d+ s\b", "in [time]");
    settings.add_filter(r"--seed \d+", "--seed [seed]");
    settings.set_omit_expression(true);
    settings
}

fn regex_escaped(text: &str) -> String {
    let escape = |letter: char| match letter.is_alphanumeric() || letter == '/' {
        true => letter.to_string(),
        false => format!("\\{letter}"),
    };
    text.chars().map(escape).collect()
}
