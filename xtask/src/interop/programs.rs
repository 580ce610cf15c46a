//! The checker against programs in Python that are clients: exercise 1's on FastMCP's client,
//! `interop/connect.py`, and exercise 2's on OpenAI's package, `interop/agent.py`. Each is right at
//! first, then has one thing wrong at a time, which the checker has to name.

use anyhow::{Context, Result};
use checker::course::Course;

use super::Setup;
use super::verdicts::{Flaw, agree, by_command, expected, verdicts};

/// A program that does what an exercise asks for.
struct Peer {
    exercise: &'static str,
    script: &'static str,
    what: &'static str,
    flaws: &'static [Flaw<'static>],
}

const PEERS: [Peer; 2] = [
    Peer {
        exercise: "ex1_connect",
        script: "connect.py",
        what: "client on FastMCP",
        flaws: &[
            Flaw {
                era: Some("modern"),
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
        let sentence = format!("a right {what} passes every step in both eras");
        tally.check(&sentence, judge(setup, peer, None)).await;
        for flaw in *flaws {
            let Flaw {
                name, step, code, ..
            } = flaw;
            let sentence = format!("{name} in the {what} fails {step}, as {code}");
            tally
                .check(&sentence, judge(setup, peer, Some(*flaw)))
                .await;
        }
    }
}

/// Has the checker judge the program, and compares what it says with what is so. With a flaw it is only
/// asked about that step: a program in Python takes seconds to start, and a check starts many. That a
/// flaw fails no other step is shown by those of the tests.
async fn judge(setup: &Setup, peer: &Peer, flaw: Option<Flaw<'_>>) -> Result<String> {
    let course = Course::load(&setup.root.join("course.toml"))?;
    let exercise = course.exercise(peer.exercise).context("no such exercise")?;
    let script = setup.root.join("interop").join(peer.script);
    let mut program = setup.python.script(script);
    if let Some(flaw) = flaw {
        program.args(["--flaw", flaw.name]);
    }
    let by_program = |checker: &mut _| by_command(checker, &program);
    let what = flaw.map_or(peer.exercise, |flaw| flaw.step);
    let mut said = verdicts(setup, what, by_program).await?;
    let is_asked = |key: &String| match flaw {
        Some(flaw) => key.split(' ').next() == Some(flaw.step),
        None => !key.starts_with(OF_SETTINGS),
    };
    let mut so = expected(exercise.steps.iter(), flaw, &[OF_SETTINGS], &[]);
    so.retain(|key, _| is_asked(key));
    said.retain(|key, _| is_asked(key));
    agree(&so, &said)
}
