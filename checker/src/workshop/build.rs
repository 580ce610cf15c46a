//! From a request to a program that cargo has built: the attendee's, or the solution.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::sync::mpsc::UnboundedSender;

use super::Workshop;
use crate::course::Exercise;
use crate::events::Event;
use crate::subject::Program;
use crate::subject::build::{BuildError, Doing, build};
use crate::subject::guard::Guard;

/// What cargo made of the code.
pub(crate) enum Built {
    /// A program, and how long it took.
    Program(Program, Duration),
    /// Nothing: it does not compile.
    Broken {
        /// Cargo's first error, drawn with colors.
        first: String,
        /// How many more there are.
        others: usize,
    },
}

/// What is built, and from where.
pub(super) struct Place {
    /// `ex3_store`
    pub(super) package: String,
    pub(super) folder: PathBuf,
    brings_it_back: String,
}

impl Place {
    pub(super) fn of(workshop: &Workshop, exercise: &Exercise, solution: bool) -> Self {
        let id = &exercise.id;
        if solution {
            Self {
                package: format!("{id}_solution"),
                folder: workshop.solution_of(exercise),
                brings_it_back: format!("git checkout -- solutions/{id}"),
            }
        } else {
            Self {
                package: id.clone(),
                folder: workshop.folder_of(exercise),
                brings_it_back: format!("cargo checker reset {}", exercise.short()),
            }
        }
    }
}

/// Builds the attendee's program, or the solution.
///
/// # Errors
///
/// When cargo could not try; code that does not compile is a result.
pub(crate) async fn program(
    workshop: &Workshop,
    exercise: &Exercise,
    solution: bool,
    guard: &Guard,
    events: &UnboundedSender<Event>,
) -> Result<Built> {
    let Place {
        package,
        folder,
        brings_it_back,
    } = Place::of(workshop, exercise, solution);
    if !folder.join("Cargo.toml").is_file() {
        bail!(
            "{} is missing. `{brings_it_back}` brings it back",
            folder.display()
        );
    }
    let _ = events.send(Event::Building {
        package: package.clone(),
    });
    let told = |doing| {
        let _ = events.send(match doing {
            Doing::Compiled(name) => Event::CrateBuilt(name),
            Doing::Waiting => Event::WaitingForCargo,
        });
    };
    let built = build(&workshop.root, &package, guard, told).await;
    let _ = events.send(Event::Built);
    match built {
        Ok(built) => {
            let program = Program {
                executable: built.executable,
                arguments: Vec::new(),
                folder,
                environment: Vec::new(),
                guard: guard.clone(),
            };
            Ok(Built::Program(program, built.took))
        }
        Err(BuildError::Compile { first, .. }) if first.contains(NO_SPACE) => {
            bail!(cargo_failed(&first))
        }
        Err(BuildError::Compile { first, others }) => Ok(Built::Broken { first, others }),
        Err(BuildError::Cargo(words)) => bail!(cargo_failed(&words)),
        Err(BuildError::NoCargo(error)) => {
            bail!(
                "cargo cannot be started ({error}): install Rust from https://rustup.rs, or correct your PATH"
            )
        }
    }
}

const NO_SPACE: &str = "No space left on device";

/// Cargo's own words, with the fix where it is known.
fn cargo_failed(words: &str) -> String {
    const FIXES: [(&str, &str); 6] = [
        (
            NO_SPACE,
            "The disk is full. `cargo clean` frees the most space, but then the next build takes minutes.",
        ),
        (
            "Read-only file system",
            "The workshop is on a read-only file system. Copy it to a folder of your own, or set CARGO_TARGET_DIR to one.",
        ),
        (
            "Permission denied",
            "You have no permission to write here. Copy the workshop to a folder of your own, or set CARGO_TARGET_DIR to one.",
        ),
        (
            "No such file or directory (os error 2) at path",
            "Cargo cannot write there. Is CARGO_TARGET_DIR a folder that can be created?",
        ),
        (
            "Could not resolve host",
            "A crate is missing and there is no network. Once you are online, `cargo fetch --locked` downloads them all.",
        ),
        (
            "failed to download",
            "A crate is missing and could not be downloaded. Once you are online, `cargo fetch --locked` downloads them all.",
        ),
    ];
    let fix = FIXES.iter().find(|(symptom, _)| words.contains(symptom));
    let fix = fix.map_or("", |(_, fix)| *fix);
    format!("cargo could not build it:\n{words}\n{fix}")
        .trim_end()
        .to_owned()
}
