//! Checkouts of the workshop that a test may edit, build and check as an attendee would.
//!
//! - [`Workshop::ready`]: nothing is built, a stand-in for cargo says that all is. For what is not
//!   about building.
//! - [`Workshop::bare`]: cargo builds an exercise 3 without dependencies, in half a second. For
//!   what is about building, whatever is built.
//! - [`Workshop::whole`]: cargo builds what an attendee builds. For proofs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::mirror::{LineEnds, mirror, mirror_with};
use super::{beside_checker, root};

/// What an attendee's checkout consists of, as far as cargo and the checker look at it.
const WHOLE: &[&str] = &[
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
    "deploy",
    "evals",
    "exercises",
    // A table in it is a part of xtask.
    "interop/by_hand/switches.toml",
    // The book shows these.
    "interop/guide.cjs",
    "interop/guide.py",
    "interop/guide_test.cjs",
    "interop/guide_test.py",
    "realm/Cargo.toml",
    "realm/src",
    "realm/workshop-realm.json",
    "solutions",
    "xtask",
];

/// What the checker looks at, and the manifests that cargo wants to read before it says anything.
const READY: &[&str] = &[
    ".vscode",
    "Cargo.lock",
    "Cargo.toml",
    "bench/Cargo.toml",
    "checker/Cargo.toml",
    "course.toml",
    "evals",
    "exercises",
    "realm/Cargo.toml",
    "solutions",
    "xtask/Cargo.toml",
];

/// The same, where cargo builds a workspace that this module writes.
const BARE: &[&str] = &["course.toml", "exercises/ex3_store"];

/// The pages of the book, and what they show.
const BOOK: &[&str] = &["book", "checker/src/checks", "checker/tests/snapshots"];

pub struct Workshop {
    pub root: PathBuf,
    pub target: PathBuf,
    cargo: Cargo,
    // Given back when the test ends: the turn with the folder that all share, or its own folder.
    turn: Option<File>,
    _folder: Option<TempDir>,
}

#[derive(Clone, Copy, PartialEq)]
enum Cargo {
    Real,
    StandIn,
}

impl Workshop {
    /// A checkout in a folder of its own, with a stand-in for cargo: each program is ready, the
    /// starters and solutions as they were built beside the checker, until the test says
    /// otherwise with [`Workshop::runs`].
    pub fn ready() -> Self {
        let workshop = Self::in_own_folder(READY, Cargo::StandIn);
        for package in ["bench", "checker", "xtask"] {
            workshop.write_new(&format!("{package}/src/main.rs"), "fn main() {}");
        }
        workshop.write_new("checker/src/lib.rs", "");
        workshop.write_new("realm/src/lib.rs", "");
        for target in named_targets() {
            workshop.write_new(&format!("checker/{target}"), "");
        }
        workshop
    }

    /// A checkout in a folder of its own, where cargo builds an exercise 3 that depends on
    /// nothing: `main.rs` and `inventory.rs`, which do nothing.
    pub fn bare() -> Self {
        let workshop = Self::in_own_folder(BARE, Cargo::Real);
        let package = |name| format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"checker\", \"exercises/*\"]\n";
        workshop.write("Cargo.toml", workspace);
        workshop.write_new("checker/Cargo.toml", &package("checker"));
        workshop.write_new("checker/src/lib.rs", "");
        workshop.write("exercises/ex3_store/Cargo.toml", &package("ex3_store"));
        // As long as it was, so that rustc draws an error at its end with as many digits.
        let inventory = workshop.read("exercises/ex3_store/src/inventory.rs");
        let lines = "//\n".repeat(inventory.lines().count());
        workshop.write("exercises/ex3_store/src/inventory.rs", &lines);
        let main = "mod inventory;\n\nfn main() {}\n";
        workshop.write("exercises/ex3_store/src/main.rs", main);
        workshop
    }

    /// The same checkout for all, one test at a time. What did not change since the last test is
    /// not built again, and dependencies are built once. Waits for its turn.
    pub fn whole() -> Self {
        Self::whole_in("target/proofs", LineEnds::Same, 255)
    }

    /// The same, in another folder, as it is in a checkout where lines end with CR LF. The checker
    /// that is built there is not the one of [`Workshop::checker`], but `checker` of its target.
    pub fn with_line_ends_of_windows() -> Self {
        Self::whole_in("target/proofs-of-windows", LineEnds::OfWindows, 254)
    }

    fn whole_in(folder: &str, ends: LineEnds, codegen_units: u8) -> Self {
        let proofs = root().join(folder);
        fs::create_dir_all(&proofs).unwrap();
        let turn = File::create(proofs.join("lock")).unwrap();
        turn.lock().unwrap();
        let copy = proofs.join("workshop");
        // Cargo wants every named target to exist, and none of them is built here.
        let targets = named_targets();
        let empty: Vec<PathBuf> = targets
            .iter()
            .map(|path| Path::new("checker").join(path))
            .collect();
        mirror_with(ends, &root(), WHOLE, &empty, &copy);
        build_members_apart(&proofs, codegen_units);
        Self {
            root: copy,
            target: proofs.join("target"),
            cargo: Cargo::Real,
            turn: Some(turn),
            _folder: None,
        }
    }

    fn in_own_folder(parts: &[&str], cargo: Cargo) -> Self {
        // Among the checker's own targets, so that programs can be linked and need no copy.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root_of_copy = folder.path().canonicalize().unwrap();
        mirror(&root(), parts, &[], &root_of_copy);
        Self {
            target: root_of_copy.join("target"),
            root: root_of_copy,
            cargo,
            turn: None,
            _folder: Some(folder),
        }
    }

    /// As if exercise 6, the last one in the course, were not written yet.
    pub fn with_an_exercise_that_is_planned(self) -> Self {
        let course = self.read("course.toml");
        let start = course.find("id = \"ex6_ship\"").unwrap();
        let steps = start + course[start..].find("[[exercise.step]]").unwrap();
        let (before, exercise) = course[..steps].split_at(start);
        let exercise = exercise.replace("status = \"ready\"", "status = \"planned\"");
        self.write("course.toml", &format!("{before}{exercise}"));
        self
    }

    /// With all that an attendee has.
    pub fn with_all(self) -> Self {
        mirror(&root(), WHOLE, &[], &self.root);
        self
    }

    /// With the book, which the tutor shows.
    pub fn with_book(self) -> Self {
        for part in BOOK {
            mirror(&root().join(part), &[""], &[], &self.root.join(part));
        }
        self
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

    fn write_new(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        self.write(file, text);
    }

    /// Whether programs are ready here, and nothing is built.
    pub fn builds_nothing(&self) -> bool {
        self.cargo == Cargo::StandIn
    }

    /// From now on this is what runs in place of exercise 3: instructions for `stand_in.rs`.
    pub fn runs(&self, instructions: &str) {
        assert!(self.builds_nothing(), "cargo builds what runs here");
        let program = self.path("target/debug/ex3_store");
        let program = program.with_extension(std::env::consts::EXE_EXTENSION);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        if !program.exists() {
            fs::hard_link(beside_checker("examples/stand_in"), &program).unwrap();
        }
        // Moved into its place: the program may be starting.
        let new = program.with_extension("new");
        fs::write(&new, instructions).unwrap();
        fs::rename(new, program.with_extension("run")).unwrap();
    }

    /// The checker with these words, as `cargo checker WORDS` would run it in this copy.
    pub fn checker(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
        let cargo = match self.cargo {
            Cargo::Real => env!("CARGO").into(),
            Cargo::StandIn => beside_checker("examples/stand_in"),
        };
        command
            .args(words.split_whitespace())
            .current_dir(&self.root)
            .env("CARGO", cargo)
            .envs(self.folders())
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
            .envs(self.folders());
        command
    }

    /// The variables that tell cargo where to build.
    pub fn folders(&self) -> Vec<(&'static str, PathBuf)> {
        let mut folders = vec![("CARGO_TARGET_DIR", self.target.clone())];
        if self.turn.is_some() {
            // Dependencies are those that the workspace has built. Before 1.91 cargo does not
            // know the variable, and builds them once more.
            let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
            folders.push(("CARGO_BUILD_BUILD_DIR", shared.to_owned()));
        }
        folders
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

/// For copies in this folder; each such folder has a number of its own. They share dependencies with the workspace, but not what they make
/// of its own packages: cargo gives a package of a copy the name that it has in the workspace, so
/// a solution that a test puts into `exercises/` would be what runs there, too. A profile of their
/// own gives them other names; some units of code fewer than the 256 of `dev` change nothing else.
fn build_members_apart(folder: &Path, codegen_units: u8) {
    let mut profiles = String::new();
    for package in members() {
        profiles += &format!("[profile.dev.package.{package}]\ncodegen-units = {codegen_units}\n");
    }
    // A path that cargo finds from every copy in the folder.
    let config = folder.join(".cargo/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(config, profiles).unwrap();
}

/// The packages of the workspace, by name: those that the lock file has no source for.
fn members() -> Vec<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let ours = packages.filter(|package| package.get("source").is_none());
    let names = ours.map(|package| package["name"].as_str().unwrap().to_owned());
    names.collect()
}

/// The sources of the checker's tests and examples, as its Cargo.toml names them.
fn named_targets() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("checker/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let targets = ["test", "example"].map(|kind| manifest[kind].as_array().unwrap().clone());
    let path = |target: &toml::Value| target["path"].as_str().unwrap().to_owned();
    targets.iter().flatten().map(path).collect()
}
