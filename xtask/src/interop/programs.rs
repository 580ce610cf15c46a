//! The checker against programs in Python that are clients: exercise 1's on FastMCP's client,
//! `interop/connect.py`, and exercise 2's on OpenAI's package, `interop/agent.py`. Each is right at
//! first, then has one thing wrong at a time, which the checker has to name.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use checker::course::{Course, Exercise};

use super::Setup;
use super::verdicts::{ERAS, Verdicts, agree, by_command, verdicts};

/// A program that does what an exercise asks for.
struct Peer {
    exercise: &'static str,
    script: &'static str,
    what: &'static str,
    flaws: &'static [Flaw],
}

/// What can be wrong with it.
struct Flaw {
    /// Its name in the script.
    name: &'static str,
    /// The step that it fails, and the finding there.
    step: &'static str,
    code: &'static str,
    /// The eras on which it shows.
    eras: &'static [&'static str],
}

impl Flaw {
    const fn of(name: &'static str, step: &'static str, code: &'static str) -> Self {
        Self {
            name,
            step,
            code,
            eras: &ERAS,
        }
    }
}

const PEERS: [Peer; 2] = [
    Peer {
        exercise: "ex1_connect",
        script: "connect.py",
        what: "client on FastMCP",
        flaws: &[
            Flaw {
                eras: &["modern"],
                ..Flaw::of("legacy-only", "1.2", "no_session")
            },
            Flaw::of("first-page", "1.3", "pages_left_out"),
            Flaw::of("text-only", "1.4", "structured_content_not_printed"),
            Flaw::of("error-as-answer", "1.5", "complaint_on_stdout"),
            Flaw::of("no-login", "1.6", "login_not_named"),
        ],
    },
    Peer {
        exercise: "ex2_agent",
        script: "agent.py",
        what: "agent on OpenAI's package",
        flaws: &[
            Flaw::of("no-schema", "2.1", "schema_differs"),
            Flaw::of("own-id", "2.2", "result_missing"),
            Flaw::of("first-call-only", "2.4", "not_called"),
            Flaw::of("crashes", "2.5", "trouble_not_told"),
            Flaw::of("asks-nobody", "2.6", "not_asked"),
        ],
    },
];

/// The step about the settings of an editor: no program has a part in it.
const OF_SETTINGS: &str = "1.1";

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The checker against a client and an agent in Python");
    for peer in &PEERS {
        let Peer { what, flaws, .. } = peer;
        let sentence = format!("a right {what} passes every step on both eras");
        tally.check(&sentence, judge(setup, peer, None)).await;
        for flaw in *flaws {
            let Flaw {
                name, step, code, ..
            } = flaw;
            let sentence = format!("{name} in the {what} fails {step} alone, as {code}");
            tally.check(&sentence, judge(setup, peer, Some(flaw))).await;
        }
    }
}

/// Has the checker judge the program, and compares what it says with what is so.
async fn judge(setup: &Setup, peer: &Peer, flaw: Option<&Flaw>) -> Result<String> {
    let course = Course::load(&setup.root.join("course.toml"))?;
    let exercise = course.exercise(peer.exercise).context("no such exercise")?;
    let script = setup.root.join("interop").join(peer.script);
    let mut program = setup.python.script(script);
    if let Some(flaw) = flaw {
        program.args(["--flaw", flaw.name]);
    }
    let by_program = |checker: &mut _| by_command(checker, &program);
    let mut said = verdicts(setup, peer.exercise, by_program).await?;
    said.retain(|key, _| !key.starts_with(OF_SETTINGS));
    agree(&expected(exercise, flaw), &said)
}

/// What the checker should say of each step on each era.
fn expected(exercise: &Exercise, flaw: Option<&Flaw>) -> Verdicts {
    let mut expected = Verdicts::new();
    for era in ERAS {
        let mut outcomes: BTreeMap<&str, &str> = BTreeMap::new();
        let steps = exercise.steps.iter().filter(|step| step.id != OF_SETTINGS);
        for step in steps {
            let fails = |flaw: &&Flaw| flaw.step == step.id && flaw.eras.contains(&era);
            let flaw = flaw.filter(fails);
            let waits = step.needs.iter().any(|need| {
                let outcome = outcomes.get(need.as_str());
                outcome.is_some_and(|outcome| *outcome != "passed")
            });
            let outcome = match (waits, flaw) {
                (true, _) => "not_started",
                (false, Some(_)) => "failed",
                (false, None) => "passed",
            };
            outcomes.insert(&step.id, outcome);
            let code = flaw.filter(|_| outcome == "failed").map(|flaw| flaw.code);
            let codes = code.into_iter().map(str::to_owned).collect();
            let key = format!("{} {era}", step.id);
            expected.insert(key, (outcome.to_owned(), codes));
        }
    }
    expected
}
