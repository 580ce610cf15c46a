//! For every check of exercise 1 there is a client that is right but for one thing, in which
//! that step is the only one that fails; and the message is the one that an attendee should read.

use checker::course::Exercise;
use checker::subject::Program;
use checker::subject::guard::Guard;
use checker::verdict::{ExerciseReport, Outcome};

use crate::common::alone::{are_all_flaws, fail_alone};
use crate::common::{beside_checker, check, course, redacted, root, told};

/// The flaws that each step must find.
const FLAWS: [(&str, &str); 5] = [
    (
        "1.2",
        "only-initialize todo-elsewhere only-discover asks-nothing no-name own-version answers-on-stderr \
         info-exits-one info-panics info-hangs",
    ),
    (
        "1.3",
        "never-lists ignores-cursor forgets-cursor cursor-in-capitals raw-escapes two-pages drops-last-of-page no-descriptions \
         unwraps-description",
    ),
    (
        "1.4",
        "never-calls calls-twice arguments-as-text arguments-as-string no-arguments other-tool \
         first-block-only unwraps-text no-structured never-reads other-uri first-contents-only",
    ),
    (
        "1.5",
        "error-as-success error-on-stdout error-on-both swallows-refusal swallows-read-errors broken-is-refused refusal-exits-one error-exits-three \
         unreachable-exits-one unreachable-silent elsewhere-exits-three",
    ),
    (
        "1.6",
        "key-once-only no-key key-elsewhere prints-key no-login metadata-as-login login-exits-four",
    ),
];

/// Exercise 1 without its settings, which `settings.rs` of the command line's tests proves.
fn exercise() -> Exercise {
    let mut exercise = course().exercise("ex1_connect").unwrap().clone();
    exercise.steps.retain(|step| step.id != "1.1");
    exercise
}

fn broken(flaws: &str) -> Program {
    Program {
        executable: beside_checker("examples/broken_client"),
        folder: root(),
        environment: vec![("CLIENT_FLAWS".to_owned(), flaws.to_owned())],
        guard: Guard::none(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_flaw_passes_every_step_whatever_the_seed() {
    for seed in 0..5 {
        let report = check(&exercise(), broken(""), seed).await;
        let told = told(&report);
        assert_eq!(report.outcome(), Outcome::Passed, "seed {seed}:\n{told}");
        assert_eq!(passed(&report), 5, "seed {seed}:\n{told}");
    }
}

#[test]
fn every_flaw_of_the_broken_client_belongs_to_a_step() {
    are_all_flaws("examples/broken_client", "--flaws", &FLAWS);
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
    the_flaws_of_1_2_fail_it_alone "1.2"
    the_flaws_of_1_3_fail_it_alone "1.3"
    the_flaws_of_1_4_fail_it_alone "1.4"
    the_flaws_of_1_5_fail_it_alone "1.5"
    the_flaws_of_1_6_fail_it_alone "1.6"
}

async fn fails_alone(step: &str) {
    let (_, flaws) = FLAWS.iter().find(|(of, _)| *of == step).unwrap();
    let all = fail_alone(&exercise(), step, flaws, broken).await;
    redacted().bind(|| insta::assert_snapshot!(format!("step_{step}"), all));
}

fn passed(report: &ExerciseReport) -> usize {
    let passed = |outcome| outcome == Outcome::Passed;
    report
        .steps
        .iter()
        .filter(|step| passed(step.outcome))
        .count()
}
