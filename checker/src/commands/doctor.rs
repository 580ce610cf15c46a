//! `cargo checker doctor`: what is wrong with this machine, and the command that fixes it.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use textwrap::{Options, WordSplitter};

use super::{COULD_NOT, FAILED, PASSED};
use crate::cli::Doctor as Arguments;
use crate::doctor::{self, Examined, Health};
use crate::report;
use crate::workshop::Workshop;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Where the sentences begin: behind symbol and name.
const INDENT: &str = "              ";

pub(super) async fn run(arguments: &Arguments) -> Result<u8> {
    let all = match &arguments.url {
        Some(server) => doctor::sign_in::examine(server, arguments.realm.as_ref()).await,
        None => of_this_machine(&Workshop::open()?).await,
    };
    let width = report::width();
    let mut out = anstream::stdout().lock();
    for examined in &all {
        write!(out, "{}", told(examined, width))?;
    }
    writeln!(out, "\n{STRONG}{}{STRONG:#}", summary(&all))?;
    Ok(exit_code(&all))
}

async fn of_this_machine(workshop: &Workshop) -> Vec<Examined> {
    // That it cannot be read is for the doctor to tell.
    let progress = workshop.progress.read().unwrap_or_default();
    let exercise = workshop.current(&progress).map(|exercise| &exercise.id);
    let exercise = exercise.map_or("ex3_store", String::as_str);
    doctor::examine(&workshop.root, exercise).await
}

/// `✗ port 8420  python3 (pid 4711) listens there`, and each fix on a line of its own.
fn told(examined: &Examined, width: usize) -> String {
    let (symbol, style) = symbol(examined.health);
    let options = Options::new(width.saturating_sub(1).max(INDENT.len() + 20))
        .word_splitter(WordSplitter::NoHyphenation)
        .initial_indent(INDENT)
        .subsequent_indent(INDENT);
    let found = textwrap::fill(&examined.found, options);
    let found = found.trim_start();
    let mut told = format!(" {style}{symbol}{style:#} {:<11}{found}\n", examined.what);
    for (number, fix) in examined.fixes.iter().enumerate() {
        let label = if number == 0 { "fix " } else { "or  " };
        // Whole, however long: it is there to be copied.
        told += &format!("{INDENT}{FAINT}{label}{FAINT:#}  {fix}\n");
    }
    told
}

fn symbol(health: Health) -> (&'static str, Style) {
    match health {
        Health::Well => ("✓", AnsiColor::Green.on_default()),
        Health::Remark => ("!", AnsiColor::Yellow.on_default()),
        Health::Trouble => ("✗", AnsiColor::Red.on_default().bold()),
        Health::Unknown => ("?", AnsiColor::Yellow.on_default()),
    }
}

/// `1 problem, 2 notes`.
fn summary(all: &[Examined]) -> String {
    let count =
        |health, one: &str, many: &str| match all.iter().filter(|one| one.health == health).count()
        {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {many}")),
        };
    let counts: Vec<String> = [
        count(Health::Trouble, "problem", "problems"),
        count(Health::Unknown, "not examined", "not examined"),
        count(Health::Remark, "note", "notes"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match counts.as_slice() {
        [] => "No problems found.".to_owned(),
        counts => counts.join(", "),
    }
}

fn exit_code(all: &[Examined]) -> u8 {
    let some = |health| all.iter().any(|examined| examined.health == health);
    match (some(Health::Trouble), some(Health::Unknown)) {
        (true, _) => FAILED,
        (false, true) => COULD_NOT,
        (false, false) => PASSED,
    }
}
