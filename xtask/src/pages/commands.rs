//! The commands that pages name: each must be one.

use std::path::Path;

use checker::cli::Cli;
use checker::course::Course;
use clap::Parser;
use clap::error::Error;

/// The programs in `solutions/` that belong to no exercise.
const OTHERS: [&str; 6] = [
    "follow_task",
    "hello_mcp",
    "key_in_header",
    "own_model",
    "sign_in",
    "two_eras",
];

/// What is wrong with the commands in a piece of code, each with its line.
pub(crate) fn wrong(code: &str, root: &Path, course: &Course) -> Vec<(String, String)> {
    code.lines()
        .filter_map(|line| {
            let line = line.trim().trim_start_matches("$ ");
            Some((line.to_owned(), wrong_line(line, root, course)?))
        })
        .collect()
}

fn wrong_line(line: &str, root: &Path, course: &Course) -> Option<String> {
    // `cargo checker …` speaks of commands, and is none.
    if !line.starts_with("cargo ") || line.contains('…') {
        return None;
    }
    let Some(words) = shlex::split(line) else {
        return Some("a quote is left open".to_owned());
    };
    // A shell takes the rest for itself.
    let own = words
        .iter()
        .position(|word| matches!(word.as_str(), "|" | ">" | "&&" | ";" | "&"));
    let words = &words[1..own.unwrap_or(words.len())];
    let (name, arguments) = words.split_first()?;
    match name.as_str() {
        "checker" => {
            let parsed = Cli::try_parse_from(words).err().and_then(refused);
            parsed.or_else(|| arguments.iter().find_map(|word| unknown(word, course)))
        }
        "xtask" => crate::Command::try_parse_from(words)
            .err()
            .and_then(refused),
        "run" => wrong_run(arguments, root),
        _ => None,
    }
}

/// With `--package` cargo builds the libraries once more, with the features that this package alone
/// asks for. The checker asks for all; with `--bin` it is those of all default members.
fn wrong_run(arguments: &[String], root: &Path) -> Option<String> {
    let after = |option: &str| {
        let mut words = arguments.iter().skip_while(|word| *word != option);
        words.nth(1)
    };
    if after("--package").is_some_and(|package| package != "checker") {
        return Some("`--bin` runs it without building the libraries anew".to_owned());
    }
    let bin = after("--bin")?;
    let is_there = |folder: String| root.join(folder).is_dir();
    let known = match bin.strip_suffix("_solution") {
        Some(exercise) => is_there(format!("solutions/{exercise}")),
        None => is_there(format!("exercises/{bin}")) || OTHERS.contains(&bin.as_str()),
    };
    (!known).then(|| format!("there is no binary {bin}"))
}

/// Clap's first line, where it is not the help that was asked for.
fn refused(error: Error) -> Option<String> {
    let words = error.to_string();
    let first = words.lines().next().unwrap_or_default();
    error
        .use_stderr()
        .then(|| first.trim_start_matches("error: ").to_owned())
}

/// `3.44` and `ex9`, where the course has no such thing.
fn unknown(word: &str, course: &Course) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_step = word
        .split_once('.')
        .is_some_and(|(a, b)| digits(a) && digits(b));
    let exercise = word
        .strip_prefix("ex")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let known = match (is_step, exercise) {
        (true, _) => course.step(word).is_some(),
        (_, true) => course
            .exercises
            .iter()
            .any(|one| one.short() == word || one.id == word),
        _ => true,
    };
    (!known).then(|| format!("course.toml has no {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_does_not_exist_is_told_from_one_that_does() {
        let root = crate::root().unwrap();
        let course = Course::load(&root.join("course.toml")).unwrap();
        let good = [
            "cargo checker",
            "cargo checker check 3.4 --trace    # with the wire",
            "$ cargo checker hint 3.4",
            "cargo checker check all --format junit > report.xml",
            "cargo checker check --help",
            "cargo checker …",
            "cargo run --bin ex3_store -- --stdio",
            "cargo run --bin hello_mcp",
            "cargo run --bin sign_in -- http://127.0.0.1:8420/mcp",
            "cargo run --bin ex3_store_solution",
            "cargo xtask book serve --port 3001",
            "cargo fetch --locked",
            "git pull",
        ];
        for line in good {
            assert_eq!(wrong(line, &root, &course), [], "{line}");
        }
        let bad = [
            "cargo checker chek",
            "cargo checker check --sead 3",
            "cargo checker hint 3.44",
            "cargo checker check ex9",
            "cargo checker check 'ex3",
            "cargo run --bin ex9_store",
            "cargo run --bin ex9_store_solution",
            "cargo run --package ex3_store_solution",
            "cargo xtask boook",
        ];
        for line in bad {
            assert_eq!(wrong(line, &root, &course).len(), 1, "{line}");
        }
    }
}
