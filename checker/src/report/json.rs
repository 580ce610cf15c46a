//! The JSON report. Tools outside this repository read it: fields are added, never renamed.
//! Its schema is `checker/report.schema.json`.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::mcp::Era;
use crate::verdict::{Code, EraReport, ExerciseReport, Finding, Outcome, StepReport, SubjectKind};

/// The document, ready to be written.
pub fn document(seed: u64, exercises: &[ExerciseReport]) -> impl Serialize + use<> {
    Document {
        version: 1,
        seed,
        exercises: exercises.iter().map(exercise).collect(),
    }
}

#[derive(Serialize)]
struct Document {
    version: u32,
    seed: u64,
    exercises: Vec<ExerciseDocument>,
}

#[derive(Serialize)]
struct ExerciseDocument {
    id: String,
    outcome: Outcome,
    subject: SubjectDocument,
    steps: Vec<StepDocument>,
}

#[derive(Serialize)]
struct SubjectDocument {
    kind: SubjectKind,
    build_ms: u64,
    check_ms: u64,
}

#[derive(Serialize)]
struct StepDocument {
    id: String,
    title: String,
    bonus: bool,
    outcome: Outcome,
    eras: BTreeMap<EraKey, EraDocument>,
}

/// `modern`, `legacy`, or `any` where no era applies to the step.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct EraKey(Option<Era>);

impl Serialize for EraKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.map_or("any", Era::name))
    }
}

#[derive(Serialize)]
struct EraDocument {
    outcome: Outcome,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    findings: Vec<FindingDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct FindingDocument {
    code: Code,
    sent: String,
    expected: String,
    got: String,
    why: String,
    r#where: String,
    next: String,
}

fn exercise(report: &ExerciseReport) -> ExerciseDocument {
    ExerciseDocument {
        id: report.id.clone(),
        outcome: report.outcome(),
        subject: SubjectDocument {
            kind: report.subject,
            build_ms: report.build_ms,
            check_ms: report.check_ms,
        },
        steps: report.steps.iter().map(step).collect(),
    }
}

fn step(report: &StepReport) -> StepDocument {
    StepDocument {
        id: report.id.clone(),
        title: report.title.clone(),
        bonus: report.bonus,
        outcome: report.outcome,
        eras: report
            .eras
            .iter()
            .map(|one| (EraKey(one.era), era(one)))
            .collect(),
    }
}

fn era(report: &EraReport) -> EraDocument {
    EraDocument {
        outcome: report.outcome,
        ms: report.ms,
        reason: report.reason(),
        findings: report.findings.iter().map(finding).collect(),
        remarks: report.remarks.clone(),
    }
}

fn finding(finding: &Finding) -> FindingDocument {
    FindingDocument {
        code: finding.code,
        sent: finding.sent.clone(),
        expected: finding.expected.clone(),
        got: finding.got.clone(),
        why: finding.why.to_string(),
        r#where: finding.location.to_string(),
        next: finding.next.join(" "),
    }
}
