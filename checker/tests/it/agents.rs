//! For every check of exercise 2 there is an agent that is right but for one thing, in which
//! that step is the only one that fails; and the message is the one that an attendee should read.

use checker::subject::Program;
use checker::subject::guard::Guard;
use checker::verdict::Outcome;

use crate::common::alone::{are_all_flaws, fail_alone};
use crate::common::{beside_checker, check, course, redacted, root, told};

/// The flaws that each step must find.
const FLAWS: [(&str, &str); 6] = [
    (
        "2.1",
        "asks-no-model no-key bare-key no-question no-tools first-page-only no-schemas \
         no-descriptions raw-schemas strict-offers reading-tools-only dotted-names prints-key answer-on-stderr exits-one",
    ),
    (
        "2.2",
        "makes-up-result no-arguments calls-twice wrong-id forgets-proposal drops-words result-as-user \
         hides-result chatty-stdout",
    ),
    ("2.3", "one-round five-rounds forgets"),
    ("2.4", "drops-second first-only swaps-results one-for-all"),
    (
        "2.5",
        "panics-on-unknown ends-on-unknown panics-on-json json-as-nothing ends-on-tool-error \
         hides-tool-error panics-on-refusal ends-on-gone-server tells-nothing empty-answer",
    ),
    (
        "2.6",
        "ignores-max-steps no-default-limit ten-steps one-step-more gives-up-with-zero asks-nobody \
         asks-about-all asks-for-destructive silence-is-read-only end-is-yes anything-is-yes yes-by-its-letter \
         yes-to-the-letter yes-is-one-letter ok-is-yes asks-without-arguments asks-blindly ends-on-refusal says-done-after-refusal hides-users-refusal",
    ),
];

fn broken(flaws: &str) -> Program {
    Program {
        executable: beside_checker("examples/broken_agent"),
        folder: root(),
        environment: vec![("AGENT_FLAWS".to_owned(), flaws.to_owned())],
        guard: Guard::none(),
    }
}

/// It takes the model's answers as a stream; the solution takes them whole.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_a_flaw_passes_every_step_whatever_the_seed() {
    let course = course();
    let exercise = course.exercise("ex2_agent").unwrap();
    for seed in 0..5 {
        let report = check(exercise, broken(""), seed).await;
        let passed = |step: &checker::verdict::StepReport| step.outcome == Outcome::Passed;
        let all = report.steps.iter().all(passed);
        assert!(all, "seed {seed}:\n{}", told(&report));
        assert_eq!(report.steps.len(), 6);
    }
}

#[test]
fn every_flaw_of_the_broken_agent_belongs_to_a_step() {
    are_all_flaws("examples/broken_agent", "--flaws", &FLAWS);
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
    the_flaws_of_2_1_fail_it_alone "2.1"
    the_flaws_of_2_2_fail_it_alone "2.2"
    the_flaws_of_2_3_fail_it_alone "2.3"
    the_flaws_of_2_4_fail_it_alone "2.4"
    the_flaws_of_2_5_fail_it_alone "2.5"
    the_flaws_of_2_6_fail_it_alone "2.6"
}

async fn fails_alone(step: &str) {
    let course = course();
    let exercise = course.exercise("ex2_agent").unwrap();
    let (_, flaws) = FLAWS.iter().find(|(of, _)| *of == step).unwrap();
    let all = fail_alone(exercise, step, flaws, broken).await;
    redacted().bind(|| insta::assert_snapshot!(format!("step_{step}"), all));
}
