//! One change to a program.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use checker::subject::guard::Guard;
use serde::Deserialize;
use tokio::process::Command;

use crate::peers::call;

/// Listing reads sources, and builds nothing.
const PATIENCE: Duration = Duration::from_secs(120);

/// A change, as `cargo mutants --list --json` tells it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Mutant {
    /// From the checkout.
    pub file: String,
    /// `solutions/ex3_store/src/inventory.rs:42:9: replace < with <= in Inventory::find`
    name: String,
    replacement: String,
    span: Span,
}

/// What is replaced.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

/// Line and column, in letters; both begin at 1.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

impl Mutant {
    /// The changes that can be made to the solution of an exercise.
    ///
    /// # Errors
    ///
    /// When cargo-mutants fails, or says something unknown.
    pub(super) async fn list(
        program: &Path,
        root: &Path,
        exercise: &str,
        file: Option<&str>,
        guard: &Guard,
    ) -> Result<Vec<Self>> {
        let mut command = Command::new(program);
        command
            .args(["mutants", "--list", "--json", "--package"])
            .arg(format!("{exercise}_solution"))
            .current_dir(root);
        if let Some(file) = file {
            command.args(["--file", file]);
        }
        let listed = call(command, guard, PATIENCE).await?.ended_well()?;
        serde_json::from_str(&listed).context("the list of cargo-mutants has an unknown format")
    }

    /// What is done, without the place.
    pub(super) fn what(&self) -> &str {
        self.name
            .split_once(": ")
            .map_or(&self.name, |(_, what)| what)
    }

    /// A text with the change.
    pub(super) fn applied(&self, text: &str) -> Option<String> {
        let (start, end) = (self.span.start.offset(text)?, self.span.end.offset(text)?);
        let (before, after) = (text.get(..start)?, text.get(end..)?);
        Some(format!("{before}{}{after}", self.replacement))
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl Place {
    /// How many bytes are before it.
    fn offset(self, text: &str) -> Option<usize> {
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(self.line - 1).map(str::len).sum();
        let line = lines.next().unwrap_or_default();
        let letters = line.char_indices().map(|(offset, _)| offset);
        let column = letters.chain([line.len()]).nth(self.column - 1)?;
        Some(before + column)
    }
}

#[test]
fn a_change_replaces_what_its_span_says() {
    let mutant: Mutant = serde_json::from_str(
        r#"{ "file": "a.rs", "name": "a.rs:2:7: replace < with <= in f", "replacement": "<=",
             "span": { "start": { "line": 2, "column": 7 }, "end": { "line": 2, "column": 8 } } }"#,
    )
    .expect("it is a mutant");
    let text = "fn f() {\n    ä < 3\n}\n";
    let changed = "fn f() {\n    ä <= 3\n}\n";
    assert_eq!(mutant.applied(text).as_deref(), Some(changed));
    assert_eq!(mutant.what(), "replace < with <= in f");
    assert_eq!(mutant.applied("one line"), None);
}
