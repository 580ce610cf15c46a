//! Who is at work in a checkout: a locked file for each checker that builds or checks,
//! `.workshop/at-work/PID`.
//!
//! The lock is what counts, not the file: the system lets go of it however a checker ends, so
//! that a kill leaves nothing but a name, which the next one to look sweeps away.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The command that goes on until somebody presses a key.
pub const WATCH: &str = "watch";

/// The command that builds whenever something is saved, until Ctrl-C.
pub const PLAY: &str = "play";

/// As long as it lives, this process is known to be at work.
#[derive(Debug)]
pub struct AtWork {
    held: Option<(PathBuf, File)>,
}

impl AtWork {
    /// Says that this process builds or checks in the checkout at `root`, by this `command`. Where
    /// that cannot be written down, nobody learns of it, and nothing else is lost.
    pub fn begin(root: &Path, command: &str) -> Self {
        let folder = folder(root);
        let path = folder.join(std::process::id().to_string());
        let held = fs::create_dir_all(&folder)
            .and_then(|()| File::create(&path))
            .and_then(|mut file| file.write_all(command.as_bytes()).map(|()| file))
            .ok()
            .filter(|file| file.try_lock().is_ok())
            .map(|file| (path, file));
        Self { held }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some((path, file)) = self.held.take() {
            // Windows deletes no open file, so it is closed first.
            drop(file);
            let _ = fs::remove_file(path);
        }
    }
}

/// A process that is at work.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worker {
    /// Its process id.
    pub id: u32,
    /// What it was started as: `watch`. Empty where that cannot be read, as on Windows, which lets
    /// nobody read a locked file.
    pub command: String,
}

/// All who are at work in the checkout at `root`, the lowest process id first.
pub fn who(root: &Path) -> Vec<Worker> {
    let entries = fs::read_dir(folder(root)).into_iter().flatten().flatten();
    let mut workers: Vec<Worker> = entries
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let command = fs::read_to_string(entry.path()).unwrap_or_default();
            is_held(&entry.path()).then_some(Worker { id, command })
        })
        .collect();
    workers.sort_unstable();
    workers
}

/// Whether its process lives. Sweeps the file away where not.
fn is_held(path: &Path) -> bool {
    let Ok(file) = File::options().write(true).open(path) else {
        return false;
    };
    match file.try_lock() {
        Ok(()) => {
            drop(file);
            let _ = fs::remove_file(path);
            false
        }
        Err(fs::TryLockError::WouldBlock) => true,
        // Some network file systems know no locks.
        Err(fs::TryLockError::Error(_)) => false,
    }
}

fn folder(root: &Path) -> PathBuf {
    root.join(".workshop").join("at-work")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_at_work_until_it_has_ended_however_it_ends() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(who(root.path()), []);
        let at_work = AtWork::begin(root.path(), "watch");
        let workers = who(root.path());
        let ids: Vec<u32> = workers.iter().map(|worker| worker.id).collect();
        assert_eq!(ids, [std::process::id()]);
        #[cfg(unix)]
        assert_eq!(workers[0].command, "watch");
        drop(at_work);
        assert_eq!(who(root.path()), []);

        // What a killed one leaves.
        let left = folder(root.path()).join("4711");
        fs::write(&left, "").unwrap();
        assert_eq!(who(root.path()), []);
        assert!(!left.exists(), "swept away");
    }

    #[test]
    fn where_nothing_can_be_written_the_work_goes_on() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(".workshop"), "a file").unwrap();
        let _at_work = AtWork::begin(root.path(), "check");
        assert_eq!(who(root.path()), []);
    }
}
