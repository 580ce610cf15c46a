//! What programs read.

use std::collections::BTreeSet;
use std::fs;

use checker::report::Format;
use clap::ValueEnum;
use quick_junit::{Report, TestCaseStatus};
use serde_json::{Value, json};

use crate::cli::subjects::write_broken;
use crate::cli::told::{fresh, outcomes, told, told_by};
use crate::common::root;

const STEPS: usize = 11;

/// The published schema of the report.
struct Schema(boon::Schemas, boon::SchemaIndex);

impl Schema {
    fn of_the_report() -> Self {
        let path = root().join("checker/report.schema.json");
        let mut schemas = boon::Schemas::new();
        let index = boon::Compiler::new().compile(path.to_str().unwrap(), &mut schemas);
        let index = index.unwrap_or_else(|error| panic!("{error:#}"));
        Self(schemas, index)
    }

    fn is_valid(&self, report: &Value) -> bool {
        self.0.validate(report, self.1).is_ok()
    }
}

fn assert_valid(report: &Value) {
    let Schema(schemas, index) = Schema::of_the_report();
    if let Err(mistakes) = schemas.validate(report, index) {
        panic!("{mistakes}");
    }
}

#[test]
fn every_format_reports_the_solution_as_passed_on_both_eras() {
    let workshop = fresh();
    let run = |format: &str| {
        let told = told(
            &workshop,
            &format!("check ex3 --solution --format {format}"),
        );
        assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
        told
    };
    let report = run("json").json();
    assert_valid(&report);
    let exercise = &report["exercises"][0];
    assert_eq!(exercise["outcome"], "passed");
    assert_eq!(exercise["subject"]["kind"], "solution");
    let steps = exercise["steps"].as_array().unwrap();
    assert_eq!(steps.len(), STEPS);
    for step in steps {
        for era in ["modern", "legacy"] {
            assert_eq!(step["eras"][era]["outcome"], "passed", "{step}");
        }
    }

    let report = Report::deserialize_from_str(&run("junit").stdout).unwrap();
    let cases = &report.test_suites[0].test_cases;
    assert_eq!(cases.len(), 2 * STEPS);
    let passed = |status: &TestCaseStatus| matches!(status, TestCaseStatus::Success { .. });
    assert!(cases.iter().all(|case| passed(&case.status)));

    assert_eq!(run("github").stdout, "ex3_store: 11 passed, 0 failed\n");
    assert!(
        run("human")
            .stdout
            .contains("8 of 8 steps passed, 3 of 3 bonus")
    );
    assert_eq!(
        Format::value_variants().len(),
        4,
        "a format has no test here"
    );
}

#[test]
fn a_failing_run_is_reported_as_the_schema_says() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero,search-ignores-max");
    let told = told(&workshop, "check ex3 --format json --seed 4242");
    assert_eq!((told.code, told.stderr.as_str()), (1, ""), "{told:?}");
    let report = told.json();
    assert_valid(&report);
    assert_eq!(report["seed"], 4242);
    assert_eq!(report["exercises"][0]["outcome"], "failed");
    let outcomes = outcomes(&report);
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|one| one.contains("failed"))
        .collect();
    assert_eq!(failed, ["3.4 failed", "3.9 failed"]);
    let finding = &report["exercises"][0]["steps"][3]["eras"]["legacy"]["findings"][0];
    assert_eq!(finding["code"], "accepts_zero");
    let place = finding["where"].as_str().unwrap();
    let line = place.strip_prefix("exercises/ex3_store/src/inventory.rs:");
    assert!(
        line.is_some_and(|line| line.parse::<u32>().is_ok()),
        "{place}"
    );
}

/// The schema would catch every change that readers of the report could stumble over.
#[test]
fn the_schema_accepts_new_fields_and_no_missing_or_wrong_one() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero");
    let report = told(&workshop, "check ex3 --format json").json();
    assert_valid(&report);
    let schema = Schema::of_the_report();

    let exercise = "/exercises/0";
    let step = "/exercises/0/steps/3";
    let era = "/exercises/0/steps/3/eras/modern";
    let finding = "/exercises/0/steps/3/eras/modern/findings/0";
    let objects = [
        ("", "version seed exercises"),
        (exercise, "id outcome subject steps"),
        ("/exercises/0/subject", "kind build_ms check_ms"),
        (step, "id title bonus outcome eras"),
        (era, "outcome ms findings"),
        (finding, "code sent expected got why where next"),
        // Not started, so there is a reason.
        ("/exercises/0/steps/4/eras/modern", "reason"),
    ];
    for (place, fields) in objects {
        for field in fields.split(' ') {
            for wrong in [None, Some(json!([false]))] {
                let mut changed = report.clone();
                let object = changed.pointer_mut(place).unwrap().as_object_mut().unwrap();
                let before = match &wrong {
                    None => object.remove(field),
                    Some(wrong) => object.insert(field.to_owned(), wrong.clone()),
                };
                assert!(before.is_some(), "{place} has no {field}");
                assert!(!schema.is_valid(&changed), "{place} {field} {wrong:?}");
            }
        }
        let mut changed = report.clone();
        changed.pointer_mut(place).unwrap()["something_new"] = json!(1);
        assert!(schema.is_valid(&changed), "{place} may have new fields");
    }
    for (place, wrong) in [
        ("/version", json!(2)),
        ("/exercises/0/outcome", json!("ok")),
        ("/exercises/0/subject/kind", json!("program")),
        ("/exercises/0/steps/3/eras", json!({})),
        ("/exercises/0/steps/3/eras/modern/findings", json!([])),
    ] {
        let mut changed = report.clone();
        *changed.pointer_mut(place).unwrap() = wrong;
        assert!(!schema.is_valid(&changed), "{place}");
    }
}

#[test]
fn junit_counts_what_failed_and_what_was_not_started() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero");
    let told = told(&workshop, "check ex3 --format junit");
    assert_eq!((told.code, told.stderr.as_str()), (1, ""), "{told:?}");
    let report = Report::deserialize_from_str(&told.stdout).unwrap();
    let suite = &report.test_suites[0];
    assert_eq!((suite.tests, suite.failures), (2 * STEPS, 2));
    assert_eq!(suite.errors, 0);
    let skipped: BTreeSet<&str> = suite
        .test_cases
        .iter()
        .filter(|case| matches!(case.status, TestCaseStatus::Skipped { .. }))
        .map(|case| case.classname.as_ref().unwrap().as_str())
        .collect();
    assert!(skipped.contains("3.5"), "it waits for 3.4: {skipped:?}");
}

#[test]
fn github_gets_an_annotation_for_each_failure_and_a_summary() {
    let workshop = fresh();
    write_broken(&workshop, "accepts-zero,search-ignores-max");
    let summary = workshop.path("summary.md");
    fs::write(&summary, "what was there before\n").unwrap();
    let mut command = workshop.checker("check ex3 --format github");
    command.env("GITHUB_STEP_SUMMARY", &summary);
    let told = told_by(&workshop, command);
    assert_eq!((told.code, told.stderr.as_str()), (1, ""), "{told:?}");

    let errors: Vec<&str> = told
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("::error "))
        .collect();
    assert_eq!(errors.len(), 2, "{}", told.stdout);
    let (properties, message) = errors[0].split_once("::").unwrap();
    let mut properties = properties.split(',');
    assert_eq!(
        properties.next(),
        Some("file=exercises/ex3_store/src/inventory.rs")
    );
    let line = properties.next().unwrap().strip_prefix("line=").unwrap();
    assert!(line.parse::<u32>().unwrap() > 1);
    assert!(properties.next().unwrap().starts_with("title=3.4 "));
    assert!(
        message.starts_with("sent: tools/call buy_product"),
        "{message}"
    );
    assert!(message.contains("%0Aexpected: "), "{message}");

    let page = fs::read_to_string(&summary).unwrap();
    assert!(page.starts_with("what was there before\n"), "{page}");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    assert_eq!(rows.count(), 2 + STEPS, "{page}");
    assert!(page.contains("| ❌ | 3.4 "), "{page}");
    assert!(page.contains("| ✅ | 3.1 "), "{page}");
    assert!(page.contains("| ⬜ | 3.5 "), "{page}");
}

#[test]
fn what_a_server_sends_cannot_move_the_cursor_or_turn_the_text_anywhere() {
    let workshop = fresh();
    write_broken(&workshop, "ansi-texts");
    for format in ["human", "junit", "github"] {
        // No run may print escapes: `told` looks for them.
        let told = told(&workshop, &format!("check ex3 --format {format}"));
        assert_eq!(told.code, 1);
        assert!(told.stdout.contains("u{1b}[2J"), "{}", told.stdout);
        assert!(told.stdout.contains("u{202e}"), "{}", told.stdout);
        assert!(!told.stdout.contains('\u{202e}'), "{}", told.stdout);
    }
}

#[test]
fn a_summary_that_cannot_be_written_is_told_by_its_name() {
    let workshop = fresh();
    let mut command = workshop.checker("check 3.1 --format github");
    command.env("GITHUB_STEP_SUMMARY", workshop.path("no/such/folder.md"));
    let told = told_by(&workshop, command);
    assert_eq!(told.code, 2);
    assert!(told.stderr.contains("no/such/folder.md"), "{}", told.stderr);
    assert!(
        told.stderr.contains("GITHUB_STEP_SUMMARY"),
        "{}",
        told.stderr
    );
}

#[test]
fn the_trace_stands_in_the_report_for_people_and_beside_the_others() {
    let workshop = fresh();
    let run = |format: &str| {
        told(
            &workshop,
            &format!("check 3.3 --solution --trace --format {format}"),
        )
    };
    let sent = "\"method\": \"tools/call\"";
    let human = run("human");
    assert!(human.stdout.contains(sent), "{}", human.stdout);
    assert!(
        human.stdout.contains("── 3.3 in the legacy era ──"),
        "{}",
        human.stdout
    );
    assert_eq!(human.stderr, "");
    let json = run("json");
    assert!(json.stderr.contains(sent), "{}", json.stderr);
    assert_eq!(outcomes(&json.json()), ["3.3 passed"]);
    let without = told(&workshop, "check 3.3 --solution");
    assert!(!without.stdout.contains(sent), "{}", without.stdout);
}

#[test]
fn one_era_alone_is_spoken_and_no_progress_is_kept() {
    let workshop = fresh();
    write_broken(&workshop, "");
    for era in ["modern", "legacy"] {
        let told = told(&workshop, &format!("check ex3 --era {era} --format json"));
        assert_eq!(told.code, 0, "{told:?}");
        let report = told.json();
        assert_valid(&report);
        for step in report["exercises"][0]["steps"].as_array().unwrap() {
            let eras: Vec<&String> = step["eras"].as_object().unwrap().keys().collect();
            assert_eq!(eras, [era]);
        }
        let progress = workshop.read(".workshop/progress.toml");
        assert!(!progress.contains("3.1"), "{progress}");
    }
    assert_eq!(told(&workshop, "check ex3").code, 0);
    let progress = workshop.read(".workshop/progress.toml");
    assert!(progress.contains("\"3.1\" = \"passed\""), "{progress}");
}

#[test]
fn the_same_seed_sends_the_same_arguments_and_another_seed_others() {
    let workshop = fresh();
    write_broken(&workshop, "unknown-as-success");
    let sent = |seed: u32| {
        let told = told(&workshop, &format!("check 3.4 --seed {seed} --format json"));
        let report = told.json();
        assert_eq!(report["seed"], seed);
        let finding = &report["exercises"][0]["steps"][0]["eras"]["modern"]["findings"][0];
        finding["sent"].as_str().unwrap().to_owned()
    };
    let first = sent(7);
    assert!(first.contains("product_name"), "{first}");
    assert_eq!(sent(7), first);
    assert_ne!(sent(8), first);
}
