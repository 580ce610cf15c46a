//! `cargo checker solution`: the solution's files, or its code for a step.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anstyle::Style;
use anyhow::{Context, Result, ensure};

use super::PASSED;
use crate::blocks::{Block, blocks};
use crate::course::{Exercise, Step};
use crate::escape::visible;
use crate::tree;
use crate::workshop::Workshop;
use crate::workshop::select::{self, Selection};

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// A file of the solution.
struct File {
    /// From the root: `solutions/ex3_store/src/store.rs`.
    path: PathBuf,
    /// From the solution's folder: `src/store.rs`.
    name: PathBuf,
    text: String,
}

pub(super) fn run(workshop: &Workshop, word: Option<&str>) -> Result<u8> {
    let selection = select::shown(workshop, word)?;
    let (Selection::Exercise(exercise) | Selection::Step(exercise, _)) = selection else {
        return Ok(PASSED);
    };
    let files = files(workshop, exercise)?;
    if word.is_some() {
        workshop.remember(exercise);
    }
    let mut out = anstream::stdout().lock();
    match selection {
        Selection::Step(_, step) => of_step(&mut out, step, &files)?,
        _ => of_exercise(&mut out, exercise, &files)?,
    }
    Ok(PASSED)
}

fn files(workshop: &Workshop, exercise: &Exercise) -> Result<Vec<File>> {
    let folder = exercise.solution();
    let tree = tree::read(&workshop.root.join(&folder))?;
    let path = folder.display();
    ensure!(
        !tree.is_empty(),
        "{path} is missing. `git checkout -- {path}` brings it back"
    );
    let read = |name: &PathBuf| {
        let (path, name) = (folder.join(name), name.clone());
        let bytes = fs::read(workshop.root.join(&path))
            .with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(File { path, name, text })
    };
    tree::files(&tree).map(read).collect()
}

/// Each file with what it is for, and the steps that are written in it.
fn of_exercise(out: &mut impl Write, exercise: &Exercise, files: &[File]) -> io::Result<()> {
    let (number, title) = (exercise.number(), &exercise.title);
    writeln!(out, "{STRONG}Exercise {number}  {title}{STRONG:#}\n")?;
    let paths = files.iter().map(|file| file.path.display().to_string());
    let widest = paths.map(|path| path.chars().count()).max().unwrap_or(0);
    for file in files {
        let path = file.path.display().to_string();
        let lines = file.text.lines().count();
        writeln!(out, "{path:<widest$}  {FAINT}{lines:>4} lines{FAINT:#}")?;
        if let Some(purpose) = file
            .text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("//! "))
        {
            writeln!(out, "    {purpose}")?;
        }
        let mut steps: Vec<String> = blocks(&file.text).iter().filter_map(Block::step).collect();
        steps.dedup();
        steps.sort_by_key(|step| exercise.steps.iter().position(|one| one.id == *step));
        steps.dedup();
        if !steps.is_empty() {
            writeln!(out, "    {FAINT}steps{FAINT:#} {}", steps.join(", "))?;
        }
    }
    let short = exercise.short();
    let step = exercise.steps.first().map_or("", |step| step.id.as_str());
    writeln!(
        out,
        "\n{FAINT}one step{FAINT:#}      cargo checker solution {step}"
    )?;
    writeln!(
        out,
        "{FAINT}beside yours{FAINT:#}  cargo checker diff {short}"
    )?;
    writeln!(
        out,
        "{FAINT}checked{FAINT:#}       cargo checker check {short} --solution"
    )
}

/// All that is written for a step, file by file.
fn of_step(out: &mut impl Write, step: &Step, files: &[File]) -> io::Result<()> {
    writeln!(out, "{STRONG}{}  {}{STRONG:#}", step.id, step.title)?;
    for file in files {
        let lines: Vec<&str> = file.text.lines().collect();
        for block in blocks(&file.text)
            .iter()
            .filter(|block| step.is_written_in(&file.name, &block.name))
        {
            let path = file.path.display();
            writeln!(out, "\n{FAINT}{path}:{}{FAINT:#}\n", block.lines.start + 1)?;
            for line in lines.get(block.lines.clone()).unwrap_or_default() {
                writeln!(out, "{}", visible(line))?;
            }
        }
    }
    writeln!(
        out,
        "\n{FAINT}beside yours{FAINT:#}  cargo checker diff {}",
        step.id
    )
}
