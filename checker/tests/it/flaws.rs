//! For every check there is a server that is right but for one thing, in which that step is
//! the only one that fails; and the message is the one that an attendee should read.

use checker::verdict::Outcome;

use crate::common::alone::{are_all_flaws, fail_alone, failed};
use crate::common::{broken, check, course, redacted, told};

/// The flaws that each step must find.
const FLAWS: [(&str, &str); 12] = [
    (
        "3.1",
        "library-name no-version no-discover no-initialize unknown-protocol discover-without-modern \
         no-result-type exits-at-once never-answers slow-answers garbage html wrong-ids \
         endless-stream endless-flood port-in-use needs-token server-error",
    ),
    (
        "3.2",
        "tools-not-declared text-only no-mirror mirror-differs two-products price-as-text \
         no-output-schema broken-output-schema renamed-field twins list-protocol-error \
         exits-on-second-request huge-result ansi-texts panics panics-and-hangs",
    ),
    (
        "3.3",
        "stock-stays canned-receipt wrong-total wrong-remaining sells-one receipt-as-text \
         renamed-parameter receipt-lies hangs-on-buy",
    ),
    (
        "3.4",
        "accepts-zero accepts-negative accepts-fraction oversells unknown-as-success \
         refusal-as-success refusal-as-protocol-error empty-refusal vague-refusal same-refusal \
         refusal-takes-stock accepts-text-number default-quantity huge-wraps \
         mistyped-as-protocol-error unknown-product-sells-first",
    ),
    ("3.5", "race nobody-wins loser-protocol-error lost-update"),
    (
        "3.6",
        "no-tool-description no-parameter-description nothing-described no-annotations-anywhere broken-input-schema no-constraint no-annotations \
         dishonest-annotations list-not-read-only unknown-tool-as-result idempotent-buy",
    ),
    (
        "3.7",
        "no-stdio stdout-banner stdout-logs stdout-on-buy stdio-other-tools stdio-garbles stdio-hangs",
    ),
    (
        "3.8",
        "all-interfaces any-origin any-host no-origin localhost-only late-origin-check origin-wrong-status host-wrong-status",
    ),
    (
        "3.9",
        "search-ignores-keyword search-ignores-min search-ignores-max search-exclusive \
         search-case-sensitive search-nothing-is-error",
    ),
    (
        "3.10",
        "resources-not-declared empty-contents unknown-uri-success text-plain stale-inventory undecoded-name no-template \
         resource-not-json product-wrong",
    ),
    (
        "3.11",
        "prompts-not-declared completions-not-declared prompt-ignores-occasion prompt-ignores-budget budget-as-number occasion-optional \
         no-completions completion-ignores-prefix completes-other-arguments completes-other-prompts unknown-prompt-empty bad-budget-accepted",
    ),
    // Four that are harmless, and two that leave a step not started.
    (
        "",
        "stderr-flood stdout-flood host-misdirected slow-start misnamed-tool todo-list",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_flaw_passes_every_step_whatever_the_seed() {
    let course = course();
    let exercise = course.exercise("ex3_store").unwrap();
    for seed in 0..5 {
        let report = check(exercise, broken(""), seed).await;
        assert_eq!(failed(&report), "", "seed {seed}:\n{}", told(&report));
        assert_eq!(
            report.outcome(),
            Outcome::Passed,
            "seed {seed}:\n{}",
            told(&report)
        );
    }
}

#[test]
fn every_flaw_of_the_broken_server_belongs_to_a_step() {
    are_all_flaws("examples/broken", "--list", &FLAWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_passes_and_what_is_missing_is_not_started() {
    let course = course();
    let exercise = course.exercise("ex3_store").unwrap();
    for flaw in [
        "stderr-flood",
        "stdout-flood",
        "host-misdirected",
        "slow-start",
    ] {
        let report = check(exercise, broken(flaw), 7).await;
        assert_eq!(
            report.outcome(),
            Outcome::Passed,
            "{flaw}:\n{}",
            told(&report)
        );
    }
    let mut all = String::new();
    for flaw in ["misnamed-tool", "todo-list"] {
        let report = check(exercise, broken(flaw), 7).await;
        assert_eq!(failed(&report), "", "{flaw}:\n{}", told(&report));
        all += &format!("== {flaw}\n{}\n", told(&report));
    }
    redacted().bind(|| insta::assert_snapshot!("not_started", all));
}

/// One test for each step, so that they run side by side and fail apart.
macro_rules! flaws_of {
    ($($name:ident $step:literal)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            fails_alone($step).await;
        }
    )* };
}

flaws_of! {
    the_flaws_of_3_1_fail_it_alone "3.1"
    the_flaws_of_3_2_fail_it_alone "3.2"
    the_flaws_of_3_3_fail_it_alone "3.3"
    the_flaws_of_3_4_fail_it_alone "3.4"
    the_flaws_of_3_5_fail_it_alone "3.5"
    the_flaws_of_3_6_fail_it_alone "3.6"
    the_flaws_of_3_7_fail_it_alone "3.7"
    the_flaws_of_3_8_fail_it_alone "3.8"
    the_flaws_of_3_9_fail_it_alone "3.9"
    the_flaws_of_3_10_fail_it_alone "3.10"
    the_flaws_of_3_11_fail_it_alone "3.11"
}

async fn fails_alone(step: &str) {
    let course = course();
    let exercise = course.exercise("ex3_store").unwrap();
    let (_, flaws) = FLAWS.iter().find(|(of, _)| *of == step).unwrap();
    let all = fail_alone(exercise, step, flaws, broken).await;
    redacted().bind(|| insta::assert_snapshot!(format!("step_{step}"), all));
}
