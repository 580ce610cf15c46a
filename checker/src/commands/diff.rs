//! `cargo checker diff`: your code beside the solution.
//!
//! What has to differ is left out: the package's name, the lints, and the marks of the blocks.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, bail};
use similar::{ChangeTag, TextDiff};

use super::PASSED;
use crate::blocks::{blocks, mark};
use crate::course::{Exercise, Step};
use crate::escape::one_line;
use crate::tree;
use crate::workshop::Workshop;
use crate::workshop::select::{self, Selection};

const YOURS: Style = AnsiColor::Red.on_default();
const SOLUTION: Style = AnsiColor::Green.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// How many equal lines are shown around a difference.
const AROUND: usize = 3;

/// A search for the smallest difference ends here; after that any will do.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(workshop: &Workshop, word: Option<&str>) -> Result<u8> {
    let (exercise, step) = match select::shown(workshop, word)? {
        Selection::Exercise(exercise) => (exercise, None),
        Selection::Step(exercise, step) => (exercise, Some(step)),
        Selection::All => return Ok(PASSED),
    };
    let pairs = pairs(workshop, exercise, step)?;
    if word.is_some() {
        workshop.remember(exercise);
    }
    let mut out = anstream::stdout().lock();
    let mut differ = 0;
    for pair in &pairs {
        differ += usize::from(pair.write(&mut out)?);
    }
    let what = step.map_or(exercise.short(), |step| &step.id);
    match differ {
        0 => writeln!(out, "{what}: your code is the same as the solution's.")?,
        _ => writeln!(
            out,
            "{YOURS}-{YOURS:#} yours  {SOLUTION}+{SOLUTION:#} the solution's, which is one of many ways. Code that passes its check is right."
        )?,
    }
    Ok(PASSED)
}

/// The same file on both sides; a side that has none is empty.
struct Pair {
    yours: Side,
    solution: Side,
    /// What is compared: the whole file, or block by block.
    sections: Vec<Section>,
}

struct Side {
    /// From the root: `exercises/ex3_store/src/store.rs`.
    path: PathBuf,
    text: Option<String>,
}

/// The lines that are compared on each side, counted from 0.
struct Section {
    yours: Vec<usize>,
    solution: Vec<usize>,
}

/// All files of the exercise; with a step, those in which it is written.
fn pairs(workshop: &Workshop, exercise: &Exercise, step: Option<&Step>) -> Result<Vec<Pair>> {
    let folders = [exercise.folder(), exercise.solution()];
    let mut files = BTreeSet::new();
    for folder in &folders {
        let tree = tree::read(&workshop.root.join(folder))?;
        if tree.is_empty() {
            let path = folder.display();
            let fix = if *folder == exercise.solution() {
                format!("git checkout -- {path}")
            } else {
                format!("cargo checker reset {}", exercise.short())
            };
            bail!("{path} is missing. `{fix}` brings it back");
        }
        files.extend(tree::files(&tree).cloned());
    }
    let mut pairs = Vec::new();
    for file in files {
        let [yours, solution] = folders.each_ref().map(|folder| {
            let path = folder.join(&file);
            let text = text(&workshop.root.join(&path))?;
            anyhow::Ok(Side { path, text })
        });
        pairs.extend(Pair::new(&file, yours?, solution?, step));
    }
    Ok(pairs)
}

/// What a file says; `None` if it is not there, or is a link to a folder.
fn text(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if tree::is_nothing(&error) || path.is_dir() => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

impl Side {
    fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// The lines that are compared, of the whole file.
    fn lines(&self) -> Vec<usize> {
        if self.path.ends_with("Cargo.toml") {
            return lines_of_manifest(self.text());
        }
        let lines = self.text().lines().enumerate();
        let code = lines.filter(|(_, line)| mark(line).is_none());
        code.map(|(number, _)| number).collect()
    }

    /// The same, block by block: those of a step.
    fn blocks(&self, file: &Path, step: &Step) -> Vec<Vec<usize>> {
        let blocks = blocks(self.text()).into_iter();
        let of_step = blocks.filter(|block| step.is_written_in(file, &block.name));
        of_step.map(|block| block.lines.collect()).collect()
    }

    /// These lines, without what an editor on Windows adds to their ends.
    fn compared(&self, numbers: &[usize]) -> Vec<&str> {
        let all: Vec<&str> = self.text().lines().collect();
        let lines = numbers.iter().filter_map(|line| all.get(*line).copied());
        lines.map(|line| line.trim_end_matches('\r')).collect()
    }
}

/// A manifest without the package's name and the lints, and without the comment above them.
fn lines_of_manifest(text: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut comments = Vec::new();
    let mut in_lints = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            comments.push(number);
            continue;
        }
        if line.starts_with('[') {
            in_lints = line.starts_with("[lints");
        }
        if !in_lints {
            lines.append(&mut comments);
            if !line.starts_with("name = ") {
                lines.push(number);
            }
        }
        comments.clear();
    }
    let all: Vec<&str> = text.lines().collect();
    while lines.last().is_some_and(|last| all[*last].is_empty()) {
        lines.pop();
    }
    lines
}

impl Pair {
    /// `None` if the step is not written in this file. Where the marks of one of its blocks
    /// are gone, the whole file is compared.
    fn new(file: &Path, yours: Side, solution: Side, step: Option<&Step>) -> Option<Self> {
        let whole = || {
            let (yours, solution) = (yours.lines(), solution.lines());
            vec![Section { yours, solution }]
        };
        let sections = match step {
            None => whole(),
            Some(step) => {
                let theirs = solution.blocks(file, step);
                let mut mine = yours.blocks(file, step);
                if theirs.is_empty() {
                    return None;
                }
                if yours.text.is_none() {
                    mine.resize(theirs.len(), Vec::new());
                }
                if mine.len() == theirs.len() {
                    mine.into_iter()
                        .zip(theirs)
                        .map(|(yours, solution)| Section { yours, solution })
                        .collect()
                } else {
                    whole()
                }
            }
        };
        Some(Self {
            yours,
            solution,
            sections,
        })
    }

    /// Writes the differences, if there are any.
    fn write(&self, out: &mut impl Write) -> io::Result<bool> {
        let [yours, solution] = [&self.yours, &self.solution];
        let shown = |side: &Side| one_line(&side.path.display().to_string());
        if solution.text.is_none() {
            writeln!(out, "{STRONG}{}{STRONG:#} is only yours\n", shown(yours))?;
            return Ok(false);
        }
        let mut hunks = Vec::new();
        for section in &self.sections {
            section.write(&mut hunks, yours, solution)?;
        }
        if hunks.is_empty() {
            return Ok(false);
        }
        let missing = match yours.text {
            Some(_) => "",
            None => "  (not there)",
        };
        writeln!(out, "{STRONG}--- {}{missing}", shown(yours))?;
        writeln!(out, "+++ {}{STRONG:#}", shown(solution))?;
        out.write_all(&hunks)?;
        writeln!(out)?;
        Ok(true)
    }
}

impl Section {
    fn write(&self, out: &mut impl Write, yours: &Side, solution: &Side) -> io::Result<()> {
        let (old, new) = (
            yours.compared(&self.yours),
            solution.compared(&self.solution),
        );
        let mut config = TextDiff::configure();
        let diff = config.timeout(PATIENCE).diff_slices(&old, &new);
        for group in diff.grouped_ops(AROUND) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else {
                continue;
            };
            let (a, b) = (
                first.old_range().start..last.old_range().end,
                first.new_range().start..last.new_range().end,
            );
            let (a, b) = (place(&self.yours, a), place(&self.solution, b));
            writeln!(out, "{PLACE}@@ -{a} +{b} @@{PLACE:#}")?;
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let line = one_line(change.value());
                match change.tag() {
                    ChangeTag::Equal => writeln!(out, "{FAINT} {line}{FAINT:#}")?,
                    ChangeTag::Delete => writeln!(out, "{YOURS}-{line}{YOURS:#}")?,
                    ChangeTag::Insert => writeln!(out, "{SOLUTION}+{line}{SOLUTION:#}")?,
                }
            }
        }
        Ok(())
    }
}

/// `41,3`: the number that an editor shows of the first line, and how many there are.
fn place(numbers: &[usize], range: Range<usize>) -> String {
    let first = numbers.get(range.start).map_or(0, |line| line + 1);
    format!("{first},{}", range.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_compared_without_its_name_and_its_lints() {
        let text = "[package]\nname = \"a\"\nedition = \"2024\"\n\n# Kept.\n[dependencies]\nb = \"1\"\n\n# Not kept.\n[lints.rust]\nx = \"allow\"\n[features]\nc = []\n";
        let all: Vec<&str> = text.lines().collect();
        let left: Vec<&str> = lines_of_manifest(text)
            .into_iter()
            .map(|n| all[n])
            .collect();
        let kept =
            "[package]|edition = \"2024\"||# Kept.|[dependencies]|b = \"1\"||[features]|c = []";
        assert_eq!(left.join("|"), kept);
    }
}
