//! The other way round: the checker against stores in other languages. The one in FastMCP,
//! `interop/store.py`, is right at first, then has one thing wrong at a time, which the checker has
//! to name. The one on the official SDK for TypeScript, `interop/store.cjs`, is right.

use std::time::Duration;

use anyhow::{Context, Result};
use checker::checks::store::SERVING;
use checker::course::Course;
use checker::subject::server::Server;
use tokio::process::Command;

use super::Setup;
use super::verdicts::{Flaw, Verdicts, agree, by_command, expected, verdicts};

pub(super) const EXERCISE: &str = "ex3_store";

/// How long Python may take to listen.
pub(super) const START: Duration = Duration::from_secs(60);

/// How the checker reaches the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Url,
    Command,
}

const FLAWS: [(Way, Flaw<'static>); 8] = [
    (Way::Url, Flaw::of("total-as-text", "3.3", "contract")),
    (Way::Url, Flaw::of("forgets-stock", "3.3", "wrong_stock")),
    (Way::Url, Flaw::of("accepts-zero", "3.4", "accepts_zero")),
    (
        Way::Url,
        Flaw::of("sold-out-as-text", "3.4", "accepts_too_many"),
    ),
    (Way::Url, Flaw::of("undescribed", "3.6", "no_description")),
    (
        Way::Command,
        Flaw::of("chatty", "3.7", "stdout_is_not_pure"),
    ),
    (
        Way::Url,
        Flaw::of("any-origin", "3.8", "foreign_origin_accepted"),
    ),
    (
        Way::Url,
        Flaw::of("empty-page", "3.10", "unknown_uri_answered"),
    ),
];

impl Way {
    /// The steps that the checker cannot reach: a URL has no stdio, a stdio server no HTTP. Exercise 4
    /// has no such step.
    fn unreached(self) -> &'static [&'static str] {
        match self {
            Self::Url => &["3.7"],
            Self::Command => &["3.8"],
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
        tally
            .check(sentence, judge(setup, way, store, None, &[]))
            .await;
    }
    let sentence = "a right store on the SDK for TypeScript passes every step but 3.8 by --command";
    let store = || setup.node.script(setup.root.join("interop/store.cjs"));
    tally
        .check(sentence, judge(setup, Way::Command, store, None, &[]))
        .await;
    for (way, flaw) in FLAWS {
        let Flaw {
            name, step, code, ..
        } = flaw;
        let sentence = format!("{name} in FastMCP fails {step} alone, as {code}");
        let store = || in_python(setup, Some(flaw));
        tally
            .check(&sentence, judge(setup, way, store, Some(flaw), &[]))
            .await;
    }
}

fn in_python(setup: &Setup, flaw: Option<Flaw<'_>>) -> Command {
    let mut command = setup.python.script(setup.root.join("interop/store.py"));
    if let Some(flaw) = flaw {
        command.args(["--flaw", flaw.name]);
    }
    command
}

/// Has the checker judge the store, and compares what it says with what is so. `unbegun` are the steps
/// of which the store has nothing.
pub(super) async fn judge(
    setup: &Setup,
    way: Way,
    store: impl Fn() -> Command,
    flaw: Option<Flaw<'_>>,
    unbegun: &[&str],
) -> Result<String> {
    let course = Course::load(&setup.root.join("course.toml"))?;
    let exercise = course.exercise(EXERCISE).context("no such exercise")?;
    let said = asked(setup, EXERCISE, way, store, &[]).await?;
    let steps = exercise.steps.iter();
    agree(&expected(steps, flaw, way.unreached(), unbegun), &said)
}

/// What the checker says of an exercise, or of one step, with these variables in its environment.
pub(super) async fn asked(
    setup: &Setup,
    what: &str,
    way: Way,
    store: impl Fn() -> Command,
    environment: &[(&str, &str)],
) -> Result<Verdicts> {
    match way {
        Way::Url => {
            // Lives as long as the check.
            let server = Server::start(store, SERVING, &setup.guard, START).await?;
            verdicts(setup, what, |checker| {
                checker.args(["--url", server.url().as_str()]);
                checker.envs(environment.iter().copied());
                Ok(())
            })
            .await
        }
        Way::Command => {
            let mut command = store();
            command.arg("--stdio");
            verdicts(setup, what, |checker| {
                checker.envs(environment.iter().copied());
                by_command(checker, &command)
            })
            .await
        }
    }
}
