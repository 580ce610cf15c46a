//! Where cargo builds, whether the exercise is built already, and what makes it build again.

use std::path::Path;

use super::{Examined, Layout, unset, variable};

const WHAT: &str = "build";

pub(super) fn examine(
    root: &Path,
    layout: &Result<Layout, String>,
    exercise: &str,
) -> Vec<Examined> {
    let target = match layout {
        Ok(layout) => &layout.target_directory,
        Err(why) => {
            return vec![Examined::unknown(
                WHAT,
                format!("cargo could not find out: {why}"),
            )];
        }
    };
    let mut all = vec![warmth(target, exercise)];
    all.extend(shared(root, target));
    all.extend(flags());
    all
}

/// Whether a check has little or much to build.
fn warmth(target: &Path, exercise: &str) -> Examined {
    let folder = target.join("debug");
    let binary = folder.join(exercise);
    let binary = binary.with_extension(std::env::consts::EXE_EXTENSION);
    if binary.is_file() {
        Examined::well(WHAT, format!("{exercise} is built: a check takes seconds"))
    } else {
        Examined::well(
            WHAT,
            format!("{exercise} is not built yet, so its first check takes longer"),
        )
    }
}

/// A folder that other projects build in too.
fn shared(root: &Path, target: &Path) -> Option<Examined> {
    if target.starts_with(root) {
        return None;
    }
    let by = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
        .into_iter()
        .find(|name| variable(name).is_some());
    let named = by.unwrap_or("`target-dir` in a config.toml of cargo");
    let found = format!(
        "cargo builds in {} ({named}). If other projects, or an editor without the shipped settings, also build there, they and the checker wait for each other",
        target.display()
    );
    let remark = Examined::remark(WHAT, found);
    Some(match by {
        Some(name) => remark.fix(unset(name)),
        None => remark.fix(super::with_variable(
            "CARGO_TARGET_DIR",
            "target",
            "cargo checker",
        )),
    })
}

/// Flags that this shell has, and a program started elsewhere has not.
fn flags() -> Option<Examined> {
    let name = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"]
        .into_iter()
        .find(|name| variable(name).is_some())?;
    let value = variable(name)?;
    let found = format!(
        "{name} is {value:?} in this shell. If it differs in another terminal or in the editor, all crates are built again"
    );
    Some(Examined::remark(WHAT, found).fix(unset(name)))
}
