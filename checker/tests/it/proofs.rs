//! The starter and the solution of every exercise belong together, and `course.toml` to both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::blocks::{by_step, cut, fill, number, sources, step_of};
use crate::common::workshop::Workshop;
use crate::common::{beside_checker, browser, course, root};
use checker::checks;
use checker::course::Exercise;
use checker::tree;
use checker::workshop::rescue::starters;
use serde_json::Value;

#[test]
fn a_starter_differs_from_its_solution_only_inside_blocks() {
    for exercise in course().exercises.iter().filter(|exercise| exercise.ready) {
        let [starter, solution] =
            ["exercises", "solutions"].map(|kind| root().join(kind).join(&exercise.id));
        assert_eq!(sources(&starter), sources(&solution));
        for file in sources(&solution) {
            let [of_starter, of_solution] = [&starter, &solution]
                .map(|package| cut(&fs::read_to_string(package.join(&file)).unwrap()));
            let file = file.display();
            assert_eq!(of_starter.outside, of_solution.outside, "{file} drifted");
            for (anchor, block) in &of_solution.blocks {
                let todo = &of_starter.blocks[anchor];
                assert_ne!(todo, block, "{anchor} in {file} is solved already");
                let step = step_of(anchor);
                assert!(
                    todo.contains(&format!("TODO {step}")),
                    "{anchor} in {file} has no TODO {step}"
                );
                assert!(
                    !block.contains("TODO"),
                    "{anchor} in {file} still has a TODO"
                );
            }
        }
        let [manifest, reference] = [&starter, &solution]
            .map(|package| fs::read_to_string(package.join("Cargo.toml")).unwrap());
        let without_lints = |text: &str| {
            let end = text
                .find("# Code that you have not written yet")
                .or(text.find("[lints]"))
                .unwrap();
            text[..end].replace(
                &format!("\"{}_solution\"", exercise.id),
                &format!("\"{}\"", exercise.id),
            )
        };
        assert_eq!(
            without_lints(&manifest),
            without_lints(&reference),
            "Cargo.toml drifted"
        );
    }
}

/// A Rust programmer looks for them there, and people copy these files into their work.
#[test]
fn imports_are_at_the_top_of_the_file() {
    for exercise in course().exercises.iter().filter(|exercise| exercise.ready) {
        for kind in ["exercises", "solutions"] {
            let package = root().join(kind).join(&exercise.id);
            for file in sources(&package) {
                let text = fs::read_to_string(package.join(&file)).unwrap();
                // Not inside an item, and not below the first block.
                let mut below = false;
                let late = text.lines().find(|line| {
                    below |= line.trim().starts_with("// ANCHOR: ");
                    let import = line.trim_start().starts_with("use ");
                    import && (below || line.starts_with(' '))
                });
                assert_eq!(late, None, "{kind}: {}", file.display());
            }
        }
    }
}

#[test]
fn the_agenda_fills_the_room_for_three_and_a_half_hours() {
    let minutes: u32 = course().modules.iter().map(|module| module.minutes).sum();
    assert_eq!(minutes, 210);
}

/// For maintainers: who solves an exercise changes `exercises/`, and should.
#[test]
fn the_embedded_starters_are_the_exercises() {
    let folders = |folder: &str| -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let folders = paths.filter(|path| path.is_dir());
        folders
            .map(|path| path.file_name().unwrap().into())
            .collect()
    };
    let exercises = folders("exercises");
    assert!(!exercises.is_empty());
    assert_eq!(
        exercises,
        folders("checker/starters"),
        "`cargo xtask starters` fixes it"
    );
    for exercise in exercises {
        let folder = root().join("exercises").join(&exercise);
        let tree = tree::read(&folder).unwrap();
        let read = |path: &PathBuf| (path.clone(), fs::read(folder.join(path)).unwrap());
        let pristine: BTreeMap<PathBuf, Vec<u8>> = tree::files(&tree).map(read).collect();
        let embedded = starters::files(exercise.to_str().unwrap()).into_iter();
        let embedded: BTreeMap<PathBuf, Vec<u8>> = embedded
            .map(|(path, bytes)| (path.to_owned(), bytes.to_owned()))
            .collect();
        assert!(
            pristine == embedded,
            "{} differs from checker/starters; `cargo xtask starters` fixes it",
            exercise.display()
        );
    }
}

#[test]
fn every_file_and_anchor_that_the_course_names_exists() {
    for exercise in course().exercises.iter().filter(|exercise| exercise.ready) {
        for step in &exercise.steps {
            let place = step.place.as_ref().unwrap();
            assert_eq!(step.hints.len(), 3, "{} has a ladder of three", step.id);
            let Some(anchor) = &place.anchor else {
                assert!(root().join(&place.file).is_file(), "{}", step.id);
                continue;
            };
            for kind in ["exercises", "solutions"] {
                let path = root().join(kind).join(&exercise.id).join(&place.file);
                let text = fs::read_to_string(&path).unwrap();
                let blocks = cut(&text).blocks;
                assert!(blocks.contains_key(anchor), "{}: {anchor}", step.id);
            }
        }
    }
}

/// What the checker says of each step, as `3.4 passed` or `3.4 not_started (why)`.
fn outcomes(workshop: &Workshop, exercise: &str) -> BTreeMap<String, String> {
    let output = workshop
        .checker(&format!("check {exercise} --format json --seed 3"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
    let steps = report["exercises"][0]["steps"].as_array().unwrap();
    let eras = |step: &Value| -> BTreeSet<String> {
        step["eras"]
            .as_object()
            .unwrap()
            .values()
            .map(|era| {
                let findings = era["findings"].as_array().unwrap();
                let why = era["reason"].as_str().map(str::to_owned);
                let why = why.or(findings
                    .first()
                    .map(|one| format!("{} {}", one["code"], one["got"])));
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                format!("{}{why}", era["outcome"].as_str().unwrap())
            })
            .collect()
    };
    steps
        .iter()
        .map(|step| {
            let eras: Vec<String> = eras(step).into_iter().collect();
            (step["id"].as_str().unwrap().to_owned(), eras.join(" / "))
        })
        .collect()
}

#[test]
fn an_untouched_starter_compiles_clean_and_no_step_is_started() {
    let workshop = Workshop::whole();
    let mut told = String::new();
    for exercise in course().exercises.iter().filter(|exercise| exercise.ready) {
        let id = &exercise.id;
        let output = workshop
            .cargo(&format!(
                "build --package checker --package {id} --bin {id} --message-format short"
            ))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("warning"), "{said}");
        for (step, outcome) in outcomes(&workshop, exercise.short()) {
            assert!(outcome.starts_with("not_started"), "{step} {outcome}");
            told += &format!("{step} {outcome}\n");
        }
    }
    crate::common::redacted().bind(|| insta::assert_snapshot!("untouched_starter", told));
}

#[test]
fn block_after_block_makes_its_step_pass_and_takes_none_back() {
    let workshop = Workshop::whole();
    let mut log = String::new();
    for exercise in course().exercises.iter().filter(|exercise| exercise.ready) {
        log += &block_after_block(&workshop, exercise);
    }
    crate::common::redacted().bind(|| insta::assert_snapshot!("blocks", log));
}

fn block_after_block(workshop: &Workshop, exercise: &Exercise) -> String {
    let in_browser = |step: &str| browser::STEPS.contains(&step);
    let has_browser = browser::is_there("block after block of the pages");
    let mut log = String::new();
    let mut passed: BTreeSet<String> = BTreeSet::new();
    for step in &exercise.steps {
        let blocks = by_step(&exercise.id).remove(&number(&step.id));
        // Of the steps without a block, one is about a file of settings; others pass with earlier ones.
        let is_settings = step.place.as_ref().unwrap().file.ends_with("mcp.json");
        for block in blocks.iter().flatten() {
            fill(workshop, &exercise.id, block);
        }
        if is_settings {
            fill_settings(workshop);
        } else if blocks.is_none() {
            // Written together with an earlier step, and passed with it.
            assert!(passed.contains(&step.id), "{} has no block", step.id);
            continue;
        }
        if checks::takes_minutes(&step.id).is_some() {
            continue;
        }
        let outcomes = outcomes(workshop, exercise.short());
        let now: BTreeSet<String> = outcomes
            .iter()
            .filter(|(_, outcome)| *outcome == "passed")
            .map(|(step, _)| step.clone())
            .collect();
        let (step, said) = (&step.id, format!("{outcomes:#?}"));
        assert!(
            !said.contains("failed"),
            "{step} leaves another failed: {said}"
        );
        if in_browser(step) && !has_browser {
            continue;
        }
        assert!(now.contains(step), "{step} does not pass: {said}");
        assert!(passed.is_subset(&now), "{step} takes back a step: {said}");
        let new = now.difference(&passed).map(String::as_str);
        // The same with a browser and without.
        let new: Vec<&str> = new.filter(|step| !in_browser(step)).collect();
        if in_browser(step) {
            passed = now;
            continue;
        }
        log += &format!("with the blocks of {step}: {} more\n", new.join(", "));
        let own = outcomes
            .iter()
            .filter(|(_, said)| !said.contains("passed") && !said.contains("waits for"))
            .filter(|(step, _)| !in_browser(step) && checks::takes_minutes(step).is_none())
            // In the modern era, only two buyers who meet between quote and sale reach the second look of
            // 4.5. In the legacy era, the question of 4.4 is withdrawn at the end, and what its store then
            // reaches may come too late. That neither step passes before it is written is in `new`.
            .filter(|(step, _)| !["4.4", "4.5"].contains(&step.as_str()));
        for (step, said) in own {
            log += &format!("    {step} {said}\n");
        }
        passed = now;
    }
    let checked = exercise.steps.iter();
    let checked = checked.filter(|step| has_browser || !in_browser(&step.id));
    let checked = checked.filter(|step| checks::takes_minutes(&step.id).is_none());
    assert_eq!(passed.len(), checked.count());
    log
}

/// The settings of 1.1, with the checker of this test as the tutor.
fn fill_settings(workshop: &Workshop) {
    let solution = workshop.read("solutions/ex1_connect/.vscode/mcp.json");
    let own = format!("{:?}", env!("CARGO_BIN_EXE_checker"));
    let settings = solution
        .replace("\"cargo\"", &own)
        .replace("\"checker\", ", "");
    assert_ne!(settings, solution);
    workshop.write(".vscode/mcp.json", &settings);
}

#[test]
fn every_solution_passes_every_step_on_both_eras() {
    let workshop = Workshop::whole();
    // The tutor of 1.1 is started as an editor does it, through cargo.
    let built = workshop.cargo("build --package checker").status().unwrap();
    assert!(built.success());
    for exercise in course().exercises.iter().filter(|exercise| exercise.ready) {
        let outcomes = outcomes(&workshop, &format!("{} --solution", exercise.short()));
        assert_eq!(outcomes.len(), exercise.steps.len());
        let has_browser = browser::is_there("the solutions' pages");
        let passes = |(step, outcome): (&String, &String)| {
            let cannot = !has_browser && browser::STEPS.contains(&step.as_str());
            let cannot = cannot || checks::takes_minutes(step).is_some();
            outcome == "passed" || (cannot && outcome.starts_with("could_not_check"))
        };
        assert!(outcomes.iter().all(passes), "{outcomes:#?}");
    }
}

/// They share a build directory, where cargo tells packages apart by their place in a workspace.
#[test]
fn what_a_copy_builds_is_not_what_the_workspace_runs() {
    let workshop = Workshop::whole();
    let main = "fn main() { std::process::exit(17) }";
    workshop.write("exercises/ex1_connect/src/main.rs", main);
    let build = "build --quiet --package checker --package ex1_connect --bin ex1_connect";
    let in_copy = workshop.cargo(build);
    let mut in_workspace = Command::new(env!("CARGO"));
    in_workspace.args(build.split(' ')).current_dir(root());
    for mut built in [in_copy, in_workspace] {
        assert!(built.status().unwrap().success());
    }
    let code = |program: &Path| {
        let output = Command::new(program).arg("--help").output().unwrap();
        output.status.code()
    };
    assert_eq!(code(&workshop.target.join("debug/ex1_connect")), Some(17));
    assert_eq!(code(&beside_checker("ex1_connect")), Some(0));
}

/// An attendee runs `cargo checker` and `cargo xtask book serve`. A crate whose features differ between the
/// two is built twice, and so is all that depends on it.
#[test]
fn what_checker_and_xtask_share_is_built_with_the_same_features() {
    let features = |package: &str| -> BTreeMap<String, BTreeSet<String>> {
        let tree = "tree --locked --edges normal --prefix none --format {p}|{f} --package";
        let mut command = Command::new(env!("CARGO"));
        command.args(tree.split(' ')).arg(package);
        let output = command.current_dir(root()).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}");
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let (name, features) = line.split_once('|').unwrap();
            let features = features.trim_end_matches(" (*)").to_owned();
            all.entry(name.to_owned()).or_default().insert(features);
        }
        all
    };
    let (of_checker, of_xtask) = (features("checker"), features("xtask"));
    assert!(of_checker.len() > 100, "{} crates", of_checker.len());
    let twice: Vec<_> = of_checker
        .iter()
        .filter_map(|(name, ours)| Some((name, ours, of_xtask.get(name)?)))
        // For a macro, xtask may need one more of them.
        .filter(|(_, ours, theirs)| !ours.is_subset(theirs))
        .collect();
    assert!(
        twice.is_empty(),
        "crate, checker's features, xtask's: {twice:#?}"
    );
}

#[test]
fn no_dependency_is_built_twice() {
    let workshop = Workshop::whole();
    let built = |words: &str| -> BTreeSet<(String, String)> {
        let output = workshop.cargo(words).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["reason"] == "compiler-artifact")
            .filter(|message| {
                message["package_id"]
                    .as_str()
                    .unwrap()
                    .contains("registry+")
            })
            .flat_map(|message| {
                let package = message["package_id"].as_str().unwrap().to_owned();
                let files = message["filenames"].as_array().unwrap().clone();
                let files = files.into_iter();
                files.map(move |file| (package.clone(), file.as_str().unwrap().to_owned()))
            })
            .collect()
    };
    let of_checker = built("build --package checker --bin checker --message-format json");
    assert!(of_checker.len() > 100, "{} files", of_checker.len());
    let known: BTreeSet<&String> = of_checker.iter().map(|(package, _)| package).collect();
    for kind in ["exercises", "solutions"] {
        for entry in fs::read_dir(root().join(kind)).unwrap() {
            let entry = entry.unwrap();
            if !entry.path().is_dir() {
                continue;
            }
            let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            if manifest.contains_key("workspace") {
                // It is built apart, by who wants it.
                continue;
            }
            let package = manifest["package"]["name"].as_str().unwrap();
            // One has no program, only tests.
            let program = if entry.path().join("src/main.rs").is_file() {
                format!("--bin {package} ")
            } else {
                String::new()
            };
            let of_subject = built(&format!(
                "build --package checker --package {package} {program}--message-format json"
            ));
            // What only the subject needs, such as a database, is built once, with it.
            let again: Vec<_> = of_subject
                .difference(&of_checker)
                .filter(|(package, _)| known.contains(package))
                .collect();
            assert!(
                again.is_empty(),
                "{package} needs these once more: {again:#?}"
            );
        }
    }
}
