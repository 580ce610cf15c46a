//! The broken programs of the tests: each of their flaws has to fail its step, and no other.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use checker::course::Exercise;
use checker::subject::guard::Guard;
use checker::subject::{Program, Subject};
use checker::verdict::{ExerciseReport, Outcome, StepReport, SubjectKind};
use futures::stream::{self, StreamExt};

use super::serving::Serving;
use super::{
    beside_checker, browser, check, check_for, check_subject, check_with_source, course, root, told,
};

/// The longest that an attendee waits for a verdict on any of them.
const LONGEST: Duration = Duration::from_secs(25);

/// A program that is right but for the flaws it is started with.
pub struct Broken {
    /// The example that it is.
    example: &'static str,
    /// The environment variable that names its flaws.
    variable: &'static str,
    /// The exercise that it solves.
    exercise: &'static str,
    /// A step of that exercise that is not about the program.
    apart: Option<&'static str>,
    /// Whether its steps take seconds each. A flaw is then checked in its own step and in those that the
    /// step needs, unless [`AMONG_ALL`] is set.
    is_long: bool,
}

/// With this in the environment, each flaw of a long exercise is checked in every step.
const AMONG_ALL: &str = "FLAWS_AMONG_ALL";

pub const SERVER: Broken = Broken {
    example: "broken",
    variable: "STORE_FLAWS",
    exercise: "ex3_store",
    apart: None,
    is_long: false,
};

pub const ASKING_SERVER: Broken = Broken {
    example: "broken_interact",
    variable: "STORE_FLAWS",
    exercise: "ex4_interact",
    apart: None,
    is_long: false,
};

pub const AUTH_SERVER: Broken = Broken {
    example: "broken_auth",
    variable: "STORE_FLAWS",
    exercise: "ex5_auth",
    apart: None,
    is_long: false,
};

pub const SHIP_SERVER: Broken = Broken {
    example: "broken_ship",
    variable: "STORE_FLAWS",
    exercise: "ex6_ship",
    apart: Some("6.8"),
    is_long: true,
};

pub const CLIENT: Broken = Broken {
    example: "broken_client",
    variable: "CLIENT_FLAWS",
    exercise: "ex1_connect",
    // The editor's settings, which `settings.rs` proves.
    apart: Some("1.1"),
    is_long: false,
};

pub const AGENT: Broken = Broken {
    example: "broken_agent",
    variable: "AGENT_FLAWS",
    exercise: "ex2_agent",
    apart: None,
    is_long: false,
};

/// The tests of a broken program: that it passes without a flaw, that no step is forgotten, and
/// one for each step, so that they run side by side and fail apart. The snapshots are named after
/// the file that these stand in.
///
/// Those that need a browser come last, and say so in their names: `cargo interop` finds them by it.
macro_rules! flaws_fail_alone {
    ($program:path: $($name:ident $step:literal)* $(; $($shown:ident $drawn:literal)*)?) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn without_a_flaw_it_passes_every_step_whatever_the_seed() {
            $program.passes_without_a_flaw().await;
        }

        #[test]
        fn every_step_has_flaws_and_a_test_of_them() {
            $program.has_flaws_for(&[$($step),* $(, $($drawn),*)?]);
        }

        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let Some(all) = $program.flaws_fail_alone($step).await else {
                    return;
                };
                let name = concat!("step_", $step);
                $crate::common::redacted().bind(|| insta::assert_snapshot!(name, all));
            }
        )*

        $($(
            #[tokio::test(flavor = "multi_thread")]
            async fn $shown() {
                if !$crate::common::browser::is_there(stringify!($shown)) {
                    return;
                }
                let Some(all) = $program.flaws_fail_alone($drawn).await else {
                    return;
                };
                let name = concat!("step_", $drawn);
                $crate::common::redacted().bind(|| insta::assert_snapshot!(name, all));
            }
        )*)?
    };
}
pub(crate) use flaws_fail_alone;

/// What is drawn in the messages of the snapshots.
const SEED: u64 = 7;

/// With `FLAW_SEEDS=20` each flaw is tried with so many others instead.
fn other_seeds() -> Option<Range<u64>> {
    let count: u64 = std::env::var("FLAW_SEEDS").ok()?.parse().unwrap();
    Some(SEED + 1..SEED + 1 + count)
}

impl Broken {
    /// The program with these flaws, as if it were the attendee's exercise.
    fn with(&self, flaws: &str) -> Program {
        Program {
            executable: beside_checker(&format!("examples/{}", self.example)),
            arguments: Vec::new(),
            folder: root(),
            environment: vec![(self.variable.to_owned(), flaws.to_owned())],
            guard: Guard::none(),
        }
    }

    /// How long an attendee waits for a verdict on it at most.
    fn longest(&self) -> Duration {
        if self.is_long { LONGEST * 4 } else { LONGEST }
    }

    /// The steps that it can pass or fail.
    fn exercise(&self) -> Exercise {
        let mut exercise = course().exercise(self.exercise).unwrap().clone();
        exercise
            .steps
            .retain(|step| Some(step.id.as_str()) != self.apart);
        exercise
    }

    /// Those for which no browser has to be started.
    fn exercise_without_browser(&self) -> Exercise {
        let mut exercise = self.exercise();
        exercise
            .steps
            .retain(|step| !browser::STEPS.contains(&step.id.as_str()));
        exercise
    }

    /// Checks the program with these flaws, as far as that goes without a browser.
    pub async fn check(&self, flaws: &str, seed: u64) -> ExerciseReport {
        check(&self.exercise_without_browser(), self.with(flaws), seed).await
    }

    /// The same, as if it were written in this folder.
    pub async fn check_with_source(&self, flaws: &str, folder: &Path) -> ExerciseReport {
        let subject = Subject::Program(self.with(flaws));
        check_with_source(&self.exercise_without_browser(), &subject, folder, SEED).await
    }

    /// The steps that are checked in a browser, and before them those that they need: nothing else
    /// hears of a page.
    fn exercise_in_browser(&self) -> Exercise {
        let mut exercise = self.exercise();
        browser::leave_what_needs_it(&mut exercise);
        exercise
    }

    /// Checks the program with these flaws, as far as that needs a browser.
    pub async fn check_in_browser(&self, flaws: &str, seed: u64) -> ExerciseReport {
        check(&self.exercise_in_browser(), self.with(flaws), seed).await
    }

    /// Checks the program with these flaws as a server that runs already, which has one stock for all
    /// the steps: those that need a browser, or the others.
    pub async fn check_running(&self, flaws: &str, seed: u64, in_browser: bool) -> ExerciseReport {
        let exercise = if in_browser {
            self.exercise_in_browser()
        } else {
            self.exercise_without_browser()
        };
        let example = format!("examples/{}", self.example);
        let environment = [
            (self.variable, flaws),
            ("STORE_PORT", "0"),
            ("STORE_BAKE_SECONDS", "0.02"),
        ];
        let serving = Serving::start(&example, &environment);
        let subject = Subject::Url(serving.url.parse().unwrap());
        check_subject(&exercise, &subject, seed).await
    }

    /// Checks that the program with these flaws fails this step alone, in a browser if the step needs
    /// one.
    async fn check_for(&self, step: &str, flaws: &str, seed: u64) -> ExerciseReport {
        let mut exercise = if browser::STEPS.contains(&step) {
            self.exercise_in_browser()
        } else {
            self.exercise_without_browser()
        };
        if self.is_long && std::env::var_os(AMONG_ALL).is_none() {
            browser::leave(&mut exercise, &[step]);
        }
        let alone = |report: &ExerciseReport| failed(report) == step;
        check_for(alone, &exercise, || self.with(flaws), seed).await
    }

    /// Checks that the program with these flaws passes every step that needs no browser.
    async fn check_for_passes(&self, flaws: &str, seed: u64) -> ExerciseReport {
        let exercise = self.exercise_without_browser();
        check_for(passes_all, &exercise, || self.with(flaws), seed).await
    }

    /// Checks the program with this variable in its environment.
    pub async fn check_where(&self, name: &str, value: &str, seed: u64) -> ExerciseReport {
        let mut program = self.with("");
        let variable = (name.to_owned(), value.to_owned());
        program.environment.push(variable);
        check(&self.exercise_without_browser(), program, seed).await
    }

    pub async fn passes_without_a_flaw(&self) {
        for seed in 0..5 {
            let report = self.check_for_passes("", seed).await;
            let steps = self.exercise_without_browser().steps.len();
            assert_eq!(report.steps.len(), steps);
            assert!(passes_all(&report), "seed {seed}:\n{}", told(&report));
        }
    }

    pub async fn passes_with_what_is_harmless(&self) {
        for flaw in self.flaws_of("harmless") {
            let report = self.check_for_passes(&flaw, SEED).await;
            let all = told(&report);
            assert_eq!(report.outcome(), Outcome::Passed, "{flaw}:\n{all}");
        }
    }

    /// Its flaws with their steps, in their order.
    fn flaws(&self) -> Vec<(String, String)> {
        let listed = Command::new(self.with("").executable)
            .arg("--list")
            .output();
        let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
        let flaw = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_owned);
            Some((words.next()?, words.next()?))
        };
        listed.lines().filter_map(flaw).collect()
    }

    /// The flaws of a step, or those that fail none: `harmless` or `missing`.
    pub fn flaws_of(&self, step: &str) -> Vec<String> {
        let all = self.flaws().into_iter();
        let flaws: Vec<_> = all.filter(|(_, of)| of == step).collect();
        assert!(!flaws.is_empty(), "{step} has no flaw");
        flaws.into_iter().map(|(flaw, _)| flaw).collect()
    }

    pub fn has_flaws_for(&self, tested: &[&str]) {
        let all = self.flaws();
        let with_flaws: BTreeSet<&str> = all
            .iter()
            .map(|(_, step)| step.as_str())
            .filter(|step| !["harmless", "harmless-page", "missing"].contains(step))
            .collect();
        let exercise = self.exercise();
        let steps: BTreeSet<&str> = exercise.steps.iter().map(|step| step.id.as_str()).collect();
        assert_eq!(with_flaws, steps, "the steps that some flaw fails");
        assert_eq!(tested.iter().copied().collect::<BTreeSet<_>>(), steps);
    }

    /// Checks the program with each flaw of a step, and gives what an attendee reads of them; nothing
    /// where it is tried with other seeds than the one of the snapshots.
    pub async fn flaws_fail_alone(&self, step: &str) -> Option<String> {
        match other_seeds() {
            None => Some(self.fails_alone(step).await),
            Some(seeds) => {
                self.fails_whatever_the_seed(step, seeds).await;
                None
            }
        }
    }

    /// Checks the program with each flaw of a step, and gives what an attendee reads of them.
    async fn fails_alone(&self, step: &str) -> String {
        let reports: Vec<(String, ExerciseReport)> = stream::iter(self.flaws_of(step))
            .map(async |flaw| {
                let begin = Instant::now();
                let report = self.check_for(step, &flaw, SEED).await;
                let took = begin.elapsed();
                assert!(took < self.longest(), "{flaw} took {took:?}");
                (flaw, report)
            })
            .buffered(2)
            .collect()
            .await;
        let mut all = String::new();
        let mut wrong = String::new();
        for (flaw, report) in &reports {
            let (failed, told) = (failed(report), told(report));
            if failed != step {
                let others = findings_of_others(report, step);
                wrong += &format!("{flaw} fails {failed:?}:\n{told}\n{others}");
            }
            wrong += &of_rust(flaw, report);
            all += &format!("== {flaw}\n{told}\n");
        }
        assert!(wrong.is_empty(), "not {step} alone, or of Rust:\n{wrong}");
        all
    }

    /// Checks the program with each flaw of a step and each of these seeds, and says which are missed
    /// by which. `cargo interop seeds` reads how many were tried. That no other step fails is proved with
    /// the seed of the snapshots: only what the step needs is checked before it.
    async fn fails_whatever_the_seed(&self, step: &str, seeds: Range<u64>) {
        let flaws = self.flaws_of(step);
        let mut exercise = self.exercise();
        browser::leave(&mut exercise, &[step]);
        let (exercise, alone) = (&exercise, |report: &ExerciseReport| failed(report) == step);
        let tried = flaws
            .iter()
            .flat_map(|flaw| seeds.clone().map(move |seed| (flaw, seed)));
        let missed: Vec<String> = stream::iter(tried)
            .map(async |(flaw, seed)| {
                let report = check_for(alone, exercise, || self.with(flaw), seed).await;
                let (failed, others) = (failed(&report), findings_of_others(&report, step));
                let missed = format!("{flaw}, seed {seed}, fails {failed:?}\n{others}");
                (failed != step).then_some(missed)
            })
            .buffered(2)
            .filter_map(async |missed| missed)
            .collect()
            .await;
        let (flaws, first, end) = (flaws.len(), seeds.start, seeds.end);
        println!("tried {flaws} flaws with each seed from {first} and below {end}");
        let missed = missed.join("");
        assert!(missed.is_empty(), "{step} does not fail:\n{missed}");
    }
}

/// Words that mean something only to whoever writes Rust with the workshop's starters.
const OF_RUST: [&str; 8] = [
    "rmcp", "Rust", "starter", "an Err", "unwrap", "show::", "serde", "schemars",
];

/// What an author of a program in another language would be told of Rust.
fn of_rust(flaw: &str, report: &ExerciseReport) -> String {
    let eras = report.steps.iter().flat_map(|step| &step.eras);
    let findings = eras.flat_map(|era| &era.findings);
    let told = findings.flat_map(|finding| {
        let why = finding.why.clone().told_to(SubjectKind::Command);
        [finding.expected.clone(), why.to_string()]
    });
    let of_rust = |words: &String| OF_RUST.iter().any(|word| words.contains(word));
    let told: Vec<String> = told.filter(of_rust).collect();
    match told.as_slice() {
        [] => String::new(),
        told => format!("{flaw} speaks of Rust: {}\n", told.join("\n")),
    }
}

/// What is wrong with the steps that should not have failed: a report shows one finding at length.
fn findings_of_others(report: &ExerciseReport, step: &str) -> String {
    let others = report.steps.iter().filter(|one| one.id != step);
    let findings = others.filter_map(|one| Some((&one.id, one.finding()?.0)));
    findings
        .map(|(id, finding)| format!("{id}: expected {}, got {}\n", finding.expected, finding.got))
        .collect()
}

fn passes_all(report: &ExerciseReport) -> bool {
    let passed = |step: &StepReport| step.outcome == Outcome::Passed;
    report.steps.iter().all(passed)
}

/// The ids of the failed steps.
pub fn failed(report: &ExerciseReport) -> String {
    let failed = |step: &&StepReport| step.outcome == Outcome::Failed;
    let failed = report.steps.iter().filter(failed);
    let ids: Vec<&str> = failed.map(|step| step.id.as_str()).collect();
    ids.join(" ")
}
