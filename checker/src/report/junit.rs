//! The JUnit report: a suite for each exercise, a case for each step and era.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::escape::visible;
use crate::verdict::{EraReport, ExerciseReport, Finding, Outcome, StepReport};

pub(super) fn write<W: Write>(out: &mut W, exercises: &[ExerciseReport]) -> io::Result<()> {
    let mut report = Report::new("workshop");
    for exercise in exercises {
        let mut suite = TestSuite::new(exercise.id.as_str());
        suite.set_time(Duration::from_millis(exercise.check_ms));
        for step in &exercise.steps {
            suite.add_test_cases(step.eras.iter().map(|era| case(step, era)));
        }
        report.add_test_suite(suite);
    }
    // Not to `out` itself, which would turn a closed pipe into some other error.
    let document = report.to_string().map_err(io::Error::other)?;
    out.write_all(document.as_bytes())
}

fn case(step: &StepReport, era: &EraReport) -> TestCase {
    let mut status = match era.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        // Neither passes nor hides: whoever counts skipped cases sees them.
        Outcome::NotStarted | Outcome::CouldNotCheck => TestCaseStatus::skipped(),
    };
    if let Some(finding) = era.findings.first() {
        status.set_type(finding.code.as_str());
        status.set_message(visible(&finding.got));
        status.set_description(described(finding));
    } else if let Some(reason) = era.reason() {
        status.set_message(visible(&reason));
    }
    let mut case = TestCase::new(
        format!("{} {} ({})", step.id, step.title, era.era_name()),
        status,
    );
    case.set_classname(step.id.as_str());
    case.set_time(Duration::from_millis(era.ms));
    case
}

/// A finding as lines of text.
fn described(finding: &Finding) -> String {
    let Finding {
        sent,
        expected,
        got,
        why,
        location,
        ..
    } = finding;
    let (why, location) = (why.to_string(), location.to_string());
    let lines = [
        ("sent", sent),
        ("expected", expected),
        ("got", got),
        ("why", &why),
        ("where", &location),
    ];
    let lines = lines.iter().filter(|(_, text)| !text.is_empty());
    lines
        .map(|(label, text)| format!("{label}: {}\n", visible(text)))
        .collect()
}
