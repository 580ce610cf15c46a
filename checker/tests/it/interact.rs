//! For every check of exercise 4 there is a server that is right but for one thing, in which that
//! step is the only one that fails; and the message is the one that an attendee should read.

use std::fs;

use checker::subject::Program;
use checker::subject::guard::Guard;
use checker::verdict::{ExerciseReport, Outcome};
use tempfile::TempDir;

use crate::common::broken::{ASKING_SERVER, failed, flaws_fail_alone};
use crate::common::{beside_checker, browser, check, course, redacted, root, told};

flaws_fail_alone! {
    ASKING_SERVER:
    the_flaws_of_4_1_fail_it_alone "4.1"
    the_flaws_of_4_2_fail_it_alone "4.2"
    the_flaws_of_4_3_fail_it_alone "4.3"
    the_flaws_of_4_4_fail_it_alone "4.4"
    the_flaws_of_4_5_fail_it_alone "4.5"
    the_flaws_of_4_6_fail_it_alone "4.6"
    the_flaws_of_4_7_fail_it_alone "4.7"
    the_flaws_of_4_10_fail_it_alone "4.10"
    the_flaws_of_4_11_fail_it_alone "4.11"
    the_flaws_of_4_12_fail_it_alone "4.12";
    in_a_browser_the_flaws_of_4_8_fail_it_alone "4.8"
    in_a_browser_the_flaws_of_4_9_fail_it_alone "4.9"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes() {
    ASKING_SERVER.passes_with_what_is_harmless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_not_started() {
    let mut all = String::new();
    for flaw in ASKING_SERVER.flaws_of("missing") {
        if flaw == "no-buttons" {
            // It takes a browser to see that.
            continue;
        }
        let report = ASKING_SERVER.check(&flaw, 7).await;
        assert_eq!(failed(&report), "", "{flaw}:\n{}", told(&report));
        all += &format!("== {flaw}\n{}\n", told(&report));
    }
    redacted().bind(|| insta::assert_snapshot!("not_started", all));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_lacks_an_attribute_is_not_started_and_found_where_it_is_written() {
    let told = async |lines: &[&str]| {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/store.rs"), lines.join("\n")).unwrap();
        let report = ASKING_SERVER
            .check_with_source("no-oven", folder.path())
            .await;
        let step = report.steps.iter().find(|step| step.id == "4.10").unwrap();
        assert_eq!(step.outcome, Outcome::NotStarted);
        step.eras[0].reason().unwrap()
    };
    let bake = "    async fn bake(&self) {}";
    let router = ["#[tool_router]", "impl Store {"];
    let unmarked = told(&[&router[..], &[bake, "}"]].concat()).await;
    assert!(
        unmarked.starts_with("no tool named bake: the server has "),
        "{unmarked}"
    );
    let place = "store.rs:3, without #[tool] above it";
    assert!(unmarked.ends_with(place), "{unmarked}");

    let apart = ["}", "", "impl Store {", "    #[tool]", bake, "}"];
    let apart = told(&[&router[..], &apart].concat()).await;
    let place = "store.rs:7, outside the `impl` that has #[tool_router]";
    assert!(apart.ends_with(place), "{apart}");

    let right = told(&[&router[..], &["    #[tool]", bake, "}"]].concat()).await;
    assert!(!right.contains("fn bake"), "{right}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_work_minds_it_a_task_that_goes_on_points_at_what_cancels_it() {
    let folder = root().join("solutions/ex4_interact");
    let report = ASKING_SERVER
        .check_with_source("cancels-nothing", &folder)
        .await;
    let step = report.steps.iter().find(|step| step.id == "4.12").unwrap();
    let (finding, _) = step.finding().unwrap();
    let line = finding.location.position().unwrap().line.unwrap() as usize;
    let source = fs::read_to_string(folder.join("src/store.rs")).unwrap();
    let before = source.lines().nth(line - 2).unwrap();
    assert!(before.ends_with("// ANCHOR: step_4_12_tasks"), "{before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_right_pages_pass_however_they_are_written() {
    if !browser::is_there("in_a_browser_right_pages_pass_however_they_are_written") {
        return;
    }
    let harmless = ASKING_SERVER.flaws_of("harmless-page");
    for flaw in harmless.iter().map(String::as_str).chain([""]) {
        let report = ASKING_SERVER.check_in_browser(flaw, 7).await;
        passes(&report, flaw);
    }
    let solution = Program {
        executable: beside_checker("ex4_interact_solution"),
        arguments: Vec::new(),
        folder: root(),
        environment: Vec::new(),
        guard: Guard::none(),
    };
    let mut exercise = course().exercise("ex4_interact").unwrap().clone();
    browser::leave_what_needs_it(&mut exercise);
    passes(&check(&exercise, solution, 7).await, "the solution");
}

fn passes(report: &ExerciseReport, what: &str) {
    let all = report
        .steps
        .iter()
        .all(|step| step.outcome == Outcome::Passed);
    assert!(all, "{what}:\n{}", told(report));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_cards_without_buttons_are_not_started() {
    if !browser::is_there("in_a_browser_cards_without_buttons_are_not_started") {
        return;
    }
    let report = ASKING_SERVER.check_in_browser("no-buttons", 7).await;
    assert_eq!(failed(&report), "", "{}", told(&report));
    insta::assert_snapshot!(told(&report));
}

/// All steps share the stock of a server that runs already: one that goes on baking must not disturb
/// what comes next.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_store_that_bakes_on_fails_4_10_alone() {
    let report = ASKING_SERVER
        .check_running("ignores-cancel", 7, false)
        .await;
    assert_eq!(failed(&report), "4.10", "{}", told(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_the_buttons_of_a_running_store_are_told_apart() {
    if !browser::is_there("in_a_browser_the_buttons_of_a_running_store_are_told_apart") {
        return;
    }
    let report = ASKING_SERVER.check_running("buys-the-first", 7, true).await;
    assert_eq!(failed(&report), "4.9", "{}", told(&report));
}
