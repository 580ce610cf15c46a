//! Are the crates here that the checker and the exercises are built from?

use super::{Cargo, Examined, first_line};

const WHAT: &str = "crates";

pub(super) async fn examine(cargo: &Cargo) -> Examined {
    // Cargo shows no tree of crates that it does not have. The default members without what
    // their tests need are what an attendee builds.
    let words = "tree --locked --offline --quiet --depth 0 --edges no-dev";
    match cargo.ask(words).await {
        Ok(answer) if answer.succeeded => Examined::well(
            WHAT,
            "all are downloaded, so builds do not need the network",
        ),
        Ok(answer) => judge(&answer.stderr),
        Err(why) => Examined::unknown(
            WHAT,
            format!("{why}. Another cargo may be downloading crates. Try again when it is done"),
        ),
    }
}

/// What cargo's complaint means.
fn judge(stderr: &str) -> Examined {
    let says = |words: &[&str]| words.iter().any(|one| stderr.contains(one));
    if says(&["--locked was passed", "needs to be updated but --locked"]) {
        let found = "Cargo.lock lacks a crate that a Cargo.toml asks for. The next build adds it, and may need the network";
        return Examined::remark(WHAT, found).fix("cargo update --workspace");
    }
    if says(&["failed to parse lock file", "lock file version"]) {
        let found = format!("Cargo.lock cannot be read: {}", first_line(stderr));
        return Examined::trouble(WHAT, found).fix("git checkout -- Cargo.lock");
    }
    if says(&[
        "offline mode",
        "--offline was specified",
        "failed to download",
    ]) {
        let found = "some are missing, so the next build needs the network";
        return Examined::trouble(WHAT, found).fix("cargo fetch --locked");
    }
    Examined::unknown(
        WHAT,
        format!(
            "cargo could not look them up: {}",
            told(stderr).replace('\n', " ")
        ),
    )
}

/// Cargo's error, with the cause or the place that it names below.
fn told(stderr: &str) -> String {
    let first = first_line(stderr);
    let mut lines = stderr.lines().map(str::trim);
    if let Some(place) = lines.clone().find_map(|line| line.strip_prefix("--> ")) {
        return format!("{first} ({place})");
    }
    match lines.find(|line| line.starts_with("Caused by")) {
        Some(_) => format!("{first}: {}", lines.next().unwrap_or_default()),
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn cargos_complaints_are_told_apart() {
        let cases = [
            (
                "error: cannot update the lock file Cargo.lock because --locked was passed to prevent this",
                Health::Remark,
            ),
            (
                "error: failed to parse lock file at: /w/Cargo.lock\n\nCaused by:\n  TOML parse error",
                Health::Trouble,
            ),
            (
                "error: failed to download `anstream v1.0.0`\n\nCaused by:\n  attempting to make an HTTP request, but --offline was specified",
                Health::Trouble,
            ),
            (
                "error: failed to parse manifest at `/w/Cargo.toml`\n\nCaused by:\n  bad",
                Health::Unknown,
            ),
        ];
        for (stderr, health) in cases {
            assert_eq!(judge(stderr).health, health, "{stderr}");
        }
        assert!(judge(cases[3].0).found.ends_with("`/w/Cargo.toml`: bad"));
    }
}
