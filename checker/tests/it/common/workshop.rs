//! A copy of the workshop that a test may edit, build and check as an attendee would.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::root;

/// What an attendee's checkout consists of, as far as cargo and the checker look at it.
const PARTS: &[&str] = &[
    ".cargo",
    ".vscode",
    "Cargo.lock",
    "Cargo.toml",
    "bench",
    "book",
    "checker/Cargo.toml",
    "checker/build.rs",
    "checker/report.schema.json",
    "checker/src",
    "checker/starters",
    // The book shows what they hold.
    "checker/tests/snapshots",
    "course.toml",
    "exercises",
    "solutions",
    "xtask",
];

/// A checkout of its own. All copies share one target folder, so that dependencies are built
/// once; who holds a copy holds that folder.
pub struct Workshop {
    pub root: PathBuf,
    pub target: PathBuf,
    _turn: File,
}

impl Workshop {
    /// A fresh copy named `name`. Waits for its turn.
    pub fn copy(name: &str) -> Self {
        let proofs = root().join("target/proofs");
        fs::create_dir_all(&proofs).unwrap();
        let turn = File::create(proofs.join("lock")).unwrap();
        turn.lock().unwrap();
        let copy = proofs.join(name);
        let _ = fs::remove_dir_all(&copy);
        for part in PARTS {
            copy_all(&root().join(part), &copy.join(part));
        }
        // Cargo wants every named target to exist, and none of them is built here.
        for target in named_targets() {
            let path = copy.join("checker").join(target);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        Self {
            root: copy,
            target: proofs.join("target"),
            _turn: turn,
        }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    /// The checker with these words, as `cargo checker WORDS` would run it in this copy.
    pub fn checker(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
        command
            .args(words.split_whitespace())
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("NO_COLOR", "1")
            .env_remove("CARGO_BUILD_TARGET_DIR")
            .env_remove("COLUMNS")
            .env_remove("GITHUB_STEP_SUMMARY");
        command
    }

    /// Cargo in this copy.
    pub fn cargo(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(words.split_whitespace())
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

/// Every process that runs in the checkout or from its target folder, as `/proc` tells; none
/// where there is no `/proc`. Each as `4711 sleep 1000 `.
pub fn processes_of(workshop: &Workshop) -> Vec<String> {
    let target = &workshop.target;
    let belongs = |process: &PathBuf| {
        let link = |name| fs::read_link(process.join(name)).unwrap_or_default();
        link("cwd").starts_with(&workshop.root) || link("exe").starts_with(target)
    };
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(belongs)
        .map(|process| {
            let words = fs::read_to_string(process.join("cmdline")).unwrap_or_default();
            let id = process.file_name().unwrap().to_string_lossy();
            format!("{id} {}", words.replace('\0', " "))
        })
        .collect()
}

/// Ends a process that [`processes_of`] named.
#[cfg(unix)]
pub fn end(process: &str) {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let id = process.split(' ').next().unwrap().parse().unwrap();
    let _ = kill(Pid::from_raw(id), Signal::SIGKILL);
}

/// As above.
#[cfg(not(unix))]
pub fn end(_process: &str) {}

/// The sources of the checker's tests and examples, as its Cargo.toml names them.
fn named_targets() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("checker/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let targets = ["test", "example"].map(|kind| manifest[kind].as_array().unwrap().clone());
    let path = |target: &toml::Value| match target.get("path") {
        Some(path) => path.as_str().unwrap().to_owned(),
        None => format!("tests/{}.rs", target["name"].as_str().unwrap()),
    };
    targets.iter().flatten().map(path).collect()
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy_all(&entry.path(), &to.join(entry.file_name()));
    }
}
