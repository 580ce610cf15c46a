//! Files from the future. Cargo compares the times of files: what is newer than its build is
//! built again. After a clock has jumped that is always, or never.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Examined, quoted};

const WHAT: &str = "clock";

/// Clocks of file servers and containers are off by a little.
const TOLERANCE: Duration = Duration::from_secs(10);

pub(super) fn examine(root: &Path, target: &Path, exercise: &str) -> Examined {
    let now = SystemTime::now();
    // What was built in the future hides every edit made until then.
    let built = target.join("debug").join(exercise);
    let built = built.with_extension(std::env::consts::EXE_EXTENSION);
    if let Some(ahead) = ahead(&built, now) {
        let found = format!(
            "{exercise} was built {} in the future, so cargo ignores your edits until then. Is the clock right?",
            told(ahead)
        );
        return Examined::trouble(WHAT, found).fix(format!("cargo clean --package {exercise}"));
    }
    let mut late: Vec<(Duration, PathBuf)> = files_of_exercises(root)
        .into_iter()
        .filter_map(|file| Some((ahead(&file, now)?, file)))
        .collect();
    late.sort();
    let Some((most, file)) = late.last() else {
        return Examined::well(WHAT, "no file of the exercises is dated in the future");
    };
    let others = match late.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    let found = format!(
        "{}{others} is dated {} in the future, so cargo rebuilds it every time. Is the clock right?",
        file.strip_prefix(root).unwrap_or(file).display(),
        told(*most)
    );
    let files = late
        .iter()
        .map(|(_, file)| quoted(file.strip_prefix(root).unwrap_or(file)));
    Examined::remark(WHAT, found).fix(touch(files))
}

/// Cargo.toml and sources of the exercises.
pub(super) fn files_of_exercises(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for exercise in entries(&root.join("exercises")) {
        files.push(exercise.join("Cargo.toml"));
        files.extend(entries(&exercise.join("src")));
        files.extend(entries(&exercise.join("ui")));
    }
    files.retain(|file| file.is_file());
    files.sort();
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// How far in the future a file was changed.
fn ahead(file: &Path, now: SystemTime) -> Option<Duration> {
    let changed = fs::metadata(file).and_then(|file| file.modified()).ok()?;
    let ahead = changed.duration_since(now).ok()?;
    (ahead > TOLERANCE).then_some(ahead)
}

fn told(ahead: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let seconds = ahead.as_secs();
    let unit = UNITS.iter().find(|(length, _)| seconds >= *length);
    let (length, name) = unit.copied().unwrap_or((1, "second"));
    match seconds / length {
        1 => format!("1 {name}"),
        many => format!("{many} {name}s"),
    }
}

fn touch(files: impl Iterator<Item = String>) -> String {
    let files: Vec<String> = files.collect();
    if cfg!(windows) {
        format!(
            "Get-Item {} | % {{ $_.LastWriteTime = Get-Date }}",
            files.join(", ")
        )
    } else {
        format!("touch {}", files.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_build_and_a_source_from_the_future_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("exercises/ex3_store/src");
        let built = root.path().join("target/debug");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(&built).unwrap();
        let judge = || examine(root.path(), &root.path().join("target"), "ex3_store");
        let put = |file: PathBuf, ahead: u64| {
            let file = fs::File::create(file).unwrap();
            let time = SystemTime::now() + Duration::from_secs(ahead);
            file.set_modified(time).unwrap();
        };
        put(folder.join("main.rs"), 5);
        assert_eq!(judge().health, Health::Well, "within the tolerance");
        put(folder.join("main.rs"), 7_300);
        let source = judge();
        assert_eq!(source.health, Health::Remark);
        assert!(source.found.contains(" 2 hours "), "{source:?}");
        let binary = built.join("ex3_store");
        put(
            binary.with_extension(std::env::consts::EXE_EXTENSION),
            90_000,
        );
        let binary = judge();
        assert_eq!(binary.health, Health::Trouble);
        assert!(binary.found.contains(" 1 day "), "{binary:?}");
    }
}
