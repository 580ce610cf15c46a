//! `cargo ci`: everything that Rust alone can prove, with a word before each stage.

mod times;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread::available_parallelism;
use std::time::Instant;

use anstyle::Style;
use anyhow::{Context, Result, bail, ensure};

use times::Times;

const STRONG: Style = Style::new().bold();

/// A cargo command, and what it proves.
struct Stage {
    proves: &'static str,
    cargo: &'static [&'static str],
}

const STAGES: [Stage; 6] = [
    Stage {
        proves: "the code is formatted",
        cargo: &["fmt", "--all", "--check"],
    },
    Stage {
        proves: "so is the agent on rig, a workspace of its own",
        cargo: &[
            "fmt",
            "--check",
            "--manifest-path",
            "solutions/ex2_agent_rig/Cargo.toml",
        ],
    },
    Stage {
        proves: "the wording is plain: no banned phrases in the book, the slides and the messages",
        cargo: &["xtask", "words"],
    },
    Stage {
        proves: "everything builds, including subjects and the broken server (minutes, the first time)",
        cargo: &["build", "--locked", "--workspace", "--all-targets"],
    },
    Stage {
        proves: "clippy has no warnings",
        cargo: &[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ],
    },
    Stage {
        proves: "all tests pass: checks, broken servers, starters, solutions, the command line",
        cargo: &[
            "test",
            "--locked",
            "--workspace",
            // And not --all-targets, which would link each example once more, as a test.
            "--tests",
            "--no-fail-fast",
        ],
    },
];

pub(crate) fn run() -> Result<()> {
    let begin = Instant::now();
    let mut passed = 0;
    let mut times = Times::with(threads());
    for (number, stage) in (1..).zip(&STAGES) {
        let Stage { proves, cargo } = stage;
        anstream::println!("\n{STRONG}{number}/{}  {proves}{STRONG:#}", STAGES.len());
        anstream::println!("      cargo {}", cargo.join(" "));
        passed += run_stage(cargo, &mut times)?;
    }
    ensure!(passed > 0, "no test ran");
    anstream::println!(
        "\n{STRONG}the slowest tests{STRONG:#}, including the time that they waited for others"
    );
    for (took, name) in times.slowest(10) {
        println!("{:7.1} s  {name}", took.as_secs_f64());
    }
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    anstream::println!("\n{STRONG}cargo ci: everything passed in {minutes:.1} minutes{STRONG:#}");
    println!("{passed} passed, 0 failed");
    Ok(())
}

/// How many tests of a program run at once.
fn threads() -> usize {
    let wanted = std::env::var("RUST_TEST_THREADS").ok();
    let wanted = wanted.and_then(|count| count.parse().ok());
    wanted.unwrap_or_else(|| available_parallelism().map_or(1, usize::from))
}

/// Runs cargo, lets its words through, and counts the tests that passed.
fn run_stage(arguments: &[&str], times: &mut Times) -> Result<usize> {
    let mut child = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(crate::root()?)
        // A snapshot that differs is a failure, never a new snapshot.
        .env("INSTA_UPDATE", "no")
        .env("RUST_TEST_THREADS", threads().to_string())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo has no stdout")?;
    let mut passed = 0;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        times.line(&line, Instant::now());
        println!("{line}");
        passed += tests_passed(&line).unwrap_or_default();
    }
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "`cargo {}` failed; the reason is above",
            arguments.join(" ")
        );
    }
    Ok(passed)
}

/// `test result: ok. 14 passed; 0 failed; …`
fn tests_passed(line: &str) -> Option<usize> {
    let counts = line.strip_prefix("test result: ok. ")?;
    counts.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_a_runner_are_counted() {
        let line = "test result: ok. 14 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(tests_passed(line), Some(14));
        assert_eq!(tests_passed("test a ... ok"), None);
    }
}
