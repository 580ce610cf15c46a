//! What is said of an exercise that became another: which files, and how to take it back.

use std::io::{self, Write};
use std::path::Path;

use anstyle::Style;

use crate::course::Exercise;
use crate::escape::one_line;
use crate::shell::Shell;
use crate::workshop::Workshop;
use crate::workshop::rescue::{Backups, Change, Replaced};

const FAINT: Style = Style::new().dimmed();

/// No more files are named one by one.
const NAMED: usize = 20;

/// From so many copies on it is said how to delete them.
const MANY: usize = 10;

/// Writes what happened to which file, where the copy is, and what brings it back.
pub(super) fn tell(
    out: &mut impl Write,
    workshop: &Workshop,
    exercise: &Exercise,
    replaced: &Replaced,
) -> io::Result<()> {
    for (path, change) in replaced.changes.iter().take(NAMED) {
        let word = match change {
            Change::Replaced => "replaced",
            Change::Added => "new",
            Change::Removed => "removed",
        };
        let path = one_line(&path.display().to_string());
        writeln!(out, "  {FAINT}{word:<9}{FAINT:#} {path}")?;
    }
    if let Some(more) = replaced.changes.len().checked_sub(NAMED + 1) {
        writeln!(out, "  {FAINT}and{FAINT:#} {} more", more + 1)?;
    }
    let Some(backup) = &replaced.backup else {
        return Ok(());
    };
    let (from, to) = (&backup.folder, workshop.folder_of(exercise));
    let short = exercise.short();
    let shown = one_line(&shown(workshop, from));
    writeln!(out, "\n  {FAINT}copy{FAINT:#}  {shown}")?;
    writeln!(out, "  {FAINT}back{FAINT:#}  cargo checker restore {short}")?;
    writeln!(
        out,
        "  {FAINT}or{FAINT:#}    {}",
        by_hand(workshop, from, &to)
    )?;
    let copies = Backups::of(&workshop.root, &exercise.id).list();
    let copies = copies.map_or(0, |copies| copies.len());
    if copies >= MANY {
        writeln!(
            out,
            "  {FAINT}{copies} copies of exercise {} are kept there; delete those that you do not need{FAINT:#}",
            exercise.number()
        )?;
    }
    Ok(())
}

/// `3 files`.
pub(super) fn counted(replaced: &Replaced) -> String {
    match replaced.changes.len() {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    }
}

/// A path as it can be typed where the attendee stands: from the root, if that is there.
fn shown(workshop: &Workshop, path: &Path) -> String {
    let is_root = std::env::current_dir().is_ok_and(|here| here == workshop.root);
    let path = match path.strip_prefix(&workshop.root) {
        Ok(short) if is_root => short,
        _ => path,
    };
    path.display().to_string()
}

/// The command that does it without the checker. It leaves what is there beside.
fn by_hand(workshop: &Workshop, from: &Path, to: &Path) -> String {
    let (from, to) = (shown(workshop, from), shown(workshop, to));
    if cfg!(windows) {
        return format!("Copy-Item -Recurse -Force '{from}\\*' '{to}'");
    }
    let quoted = |path: String| Shell::Posix.quote(&path).into_owned();
    let (from, to) = (quoted(format!("{from}/.")), quoted(format!("{to}/")));
    format!("cp -R {} {}", one_line(&from), one_line(&to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Course;
    use crate::workshop::progress::ProgressFile;

    #[test]
    #[cfg(unix)]
    fn the_command_is_one_that_a_shell_takes_whatever_the_folder_is_called() {
        let root = Path::new("/home/me/my workshop's \u{1b}[2J");
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let workshop = Workshop {
            root: root.to_owned(),
            course: Course::load(&repository.join("course.toml")).unwrap(),
            progress: ProgressFile::new(root),
        };
        let command = by_hand(&workshop, &root.join("from"), &root.join("to"));
        assert_eq!(
            command,
            r#"cp -R "/home/me/my workshop's \u{1b}[2J/from/." "/home/me/my workshop's \u{1b}[2J/to/""#
        );
    }
}
