//! The other way round: the checker against stores in other languages. The one in FastMCP,
//! `interop/store.py`, is right at first, then has one thing wrong at a time, which the checker has
//! to name. The one on the official SDK for TypeScript, `interop/store.cjs`, is right.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use checker::checks::store::SERVING;
use checker::course::{Course, Exercise};
use checker::subject::server::Server;
use tokio::process::Command;

use super::Setup;
use super::verdicts::{ERAS, Verdicts, agree, by_command, verdicts};

const EXERCISE: &str = "ex3_store";

/// How long Python may take to listen.
const START: Duration = Duration::from_secs(60);

/// What can be wrong with the store.
struct Flaw {
    /// Its name in the script.
    name: &'static str,
    /// How the checker reaches the store.
    way: Way,
    /// The step that it fails, and the finding there.
    step: &'static str,
    code: &'static str,
}

/// How the checker reaches the store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Url,
    Command,
}

const FLAWS: [Flaw; 8] = [
    Flaw::of("total-as-text", "3.3", "contract"),
    Flaw::of("forgets-stock", "3.3", "wrong_stock"),
    Flaw::of("accepts-zero", "3.4", "accepts_zero"),
    Flaw::of("sold-out-as-text", "3.4", "accepts_too_many"),
    Flaw::of("undescribed", "3.6", "no_description"),
    Flaw {
        way: Way::Command,
        ..Flaw::of("chatty", "3.7", "stdout_is_not_pure")
    },
    Flaw::of("any-origin", "3.8", "foreign_origin_accepted"),
    Flaw::of("empty-page", "3.10", "unknown_uri_answered"),
];

impl Flaw {
    const fn of(name: &'static str, step: &'static str, code: &'static str) -> Self {
        Self {
            name,
            way: Way::Url,
            step,
            code,
        }
    }
}

impl Way {
    /// The steps that the checker cannot reach: a URL has no stdio, a stdio server no HTTP.
    fn unreached(self) -> &'static str {
        match self {
            Self::Url => "3.7",
            Self::Command => "3.8",
        }
    }
}

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The checker against stores in other languages");
    for (way, sentence) in [
        (
            Way::Url,
            "a right store in FastMCP passes every step but 3.7 by --url",
        ),
        (
            Way::Command,
            "a right store in FastMCP passes every step but 3.8 by --command",
        ),
    ] {
        let store = || in_python(setup, None);
        tally.check(sentence, judge(setup, way, store, None)).await;
    }
    let sentence = "a right store on the SDK for TypeScript passes every step but 3.8 by --command";
    let store = || setup.node.script(setup.root.join("interop/store.cjs"));
    tally
        .check(sentence, judge(setup, Way::Command, store, None))
        .await;
    for flaw in &FLAWS {
        let Flaw {
            name, step, code, ..
        } = flaw;
        let sentence = format!("{name} in FastMCP fails {step} alone, as {code}");
        let store = || in_python(setup, Some(flaw));
        tally
            .check(&sentence, judge(setup, flaw.way, store, Some(flaw)))
            .await;
    }
}

fn in_python(setup: &Setup, flaw: Option<&Flaw>) -> Command {
    let mut command = setup.python.script(setup.root.join("interop/store.py"));
    if let Some(flaw) = flaw {
        command.args(["--flaw", flaw.name]);
    }
    command
}

/// Has the checker judge the store, and compares what it says with what is so.
async fn judge(
    setup: &Setup,
    way: Way,
    store: impl Fn() -> Command,
    flaw: Option<&Flaw>,
) -> Result<String> {
    let course = Course::load(&setup.root.join("course.toml"))?;
    let exercise = course.exercise(EXERCISE).context("no such exercise")?;
    let said = said(setup, way, store).await?;
    agree(&expected(exercise, way, flaw), &said)
}

/// What the checker should say of each step on each era.
fn expected(exercise: &Exercise, way: Way, flaw: Option<&Flaw>) -> Verdicts {
    let mut outcomes: BTreeMap<&str, &str> = BTreeMap::new();
    for step in &exercise.steps {
        let of_needed = |outcome: &str| {
            let mut needs = step.needs.iter();
            needs.any(|need| outcomes.get(need.as_str()) == Some(&outcome))
        };
        let outcome = if of_needed("failed") || of_needed("not_started") {
            "not_started"
        } else if step.id == way.unreached() || of_needed("could_not_check") {
            "could_not_check"
        } else if flaw.is_some_and(|flaw| flaw.step == step.id) {
            "failed"
        } else {
            "passed"
        };
        outcomes.insert(&step.id, outcome);
    }
    let mut expected = Verdicts::new();
    for (step, outcome) in outcomes {
        let code = flaw.filter(|_| outcome == "failed").map(|flaw| flaw.code);
        let codes: Vec<String> = code.into_iter().map(str::to_owned).collect();
        for era in ERAS {
            expected.insert(format!("{step} {era}"), (outcome.to_owned(), codes.clone()));
        }
    }
    expected
}

async fn said(setup: &Setup, way: Way, store: impl Fn() -> Command) -> Result<Verdicts> {
    match way {
        Way::Url => {
            // Lives as long as the check.
            let server = Server::start(store, SERVING, &setup.guard, START).await?;
            verdicts(setup, EXERCISE, |checker| {
                checker.args(["--url", server.url().as_str()]);
                Ok(())
            })
            .await
        }
        Way::Command => {
            let mut command = store();
            command.arg("--stdio");
            verdicts(setup, EXERCISE, |checker| by_command(checker, &command)).await
        }
    }
}
