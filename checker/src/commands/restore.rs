//! `cargo checker restore`: brings back what was replaced.

use std::io::Write;

use anyhow::{Context, Result, bail};

use super::{PASSED, replaced};
use crate::workshop::rescue::{Backup, Backups, Source, starters};
use crate::workshop::{Workshop, select};

pub(super) fn run(workshop: &Workshop, exercise: &str, number: Option<u32>) -> Result<u8> {
    let exercise = select::exercise(workshop, "restore", exercise)?;
    let (id, short) = (&exercise.id, exercise.short());
    let copies = Backups::of(&workshop.root, id).list()?;
    let Some(newest) = copies.last() else {
        bail!(
            "there is no copy of {id}, because nothing in it was replaced yet. To get committed files back, run `git checkout -- exercises/{id}`"
        );
    };
    let copy = match number {
        Some(number) => {
            let copy = copies.iter().find(|copy| copy.number == number);
            copy.cloned().with_context(|| {
                format!("{id} has no copy {number}. There are: {}", numbers(&copies))
            })?
        }
        None => workshop
            .rescue()
            .newest(exercise)?
            .unwrap_or_else(|| newest.clone()),
    };
    let source = Source::Backup(copy.number);
    let replaced = workshop.rescue().replace(exercise, source)?;
    workshop.remember(exercise);
    let mut out = anstream::stdout().lock();
    let name = copy
        .folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let Some(replaced) = replaced else {
        writeln!(
            out,
            "exercises/{id} is the same as copy {name}. Nothing was replaced."
        )?;
        return Ok(PASSED);
    };
    let files = replaced::counted(&replaced);
    writeln!(
        out,
        "exercises/{id} is now the same as copy {name}, {files}:\n"
    )?;
    replaced::tell(&mut out, workshop, exercise, &replaced)?;
    if starters::is_untouched(&workshop.folder_of(exercise), id)? {
        writeln!(out, "\nThis is the untouched starter.")?;
    }
    if replaced.backup.is_some() {
        writeln!(
            out,
            "\nThe new copy has the files from before this restore. A second restore brings them back."
        )?;
    }
    writeln!(
        out,
        "`cargo checker check {short}` says which steps it passes."
    )?;
    Ok(PASSED)
}

fn numbers(copies: &[Backup]) -> String {
    let numbers = copies.iter().map(|copy| copy.number.to_string());
    numbers.collect::<Vec<_>>().join(", ")
}
