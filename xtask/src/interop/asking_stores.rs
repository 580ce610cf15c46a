//! The checker against stores in other languages that ask before they sell, and show what they have:
//! `interop/store4.py` in FastMCP is right at first, then has one thing wrong at a time, which the
//! checker has to name. `interop/store4.cjs` on the official SDKs for TypeScript is right.

use anyhow::{Context, Result};
use checker::course::Course;
use checker::fixtures::browser::find::VARIABLE as BROWSER;
use tokio::process::Command;

use super::Setup;
use super::stores::{Way, asked};
use super::verdicts::{Flaw, agree, expected};

const EXERCISE: &str = "ex4_interact";

/// Neither store has tasks: both libraries leave them to another package.
const UNBEGUN: &[&str] = &["4.12"];

/// The steps that are checked in a browser. Without one they take no time, and cannot be checked.
const IN_BROWSER: &[&str] = &["4.8", "4.9"];

/// What there is in place of a browser, where none is needed.
const NO_BROWSER: (&str, &str) = (BROWSER, "no-browser-is-needed");

/// How much of a store is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All of it.
    Whole,
    /// What needs no browser.
    NoPages,
    /// This step.
    Step(&'static str),
}

/// The step for which the checker must start the program itself: there, and only there, a question
/// expires while it waits. It starts one for each step and era, and Python takes seconds to start, so
/// nothing else is asked of the store in this way.
const EXPIRES: Scope = Scope::Step("4.4");

const FLAWS: [(Scope, Flaw<'static>); 15] = [
    of("sells-before-asking", "4.1", "sells_before_the_answer"),
    of("buys-on-decline", "4.2", "buys_without_yes"),
    of("any-truth", "4.2", "buys_without_yes"),
    of("asks-everybody", "4.3", "asks_who_cannot_answer"),
    on("modern", of("replay", "4.4", "accepts_replay")),
    (
        EXPIRES,
        on("modern", of("never-expires", "4.4", "state_never_expires")).1,
    ),
    // On 2026-07-28 the second round is a call like any other, and looks at the stock first.
    on("legacy", of("no-second-look", "4.5", "sells_what_is_gone")),
    of("plain-html", "4.6", "wrong_mime_type"),
    of("from-a-cdn", "4.6", "page_needs_more"),
    drawn("chart-hard-coded", "4.8", "bar_label"),
    drawn("names-as-html", "4.8", "name_as_html"),
    drawn("one-for-all", "4.9", "button_buys_other"),
    of("progress-falls", "4.10", "progress_does_not_rise"),
    of("bakes-on", "4.10", "does_not_stop"),
    of("code-in-link", "4.11", "url_unsafe"),
];

const fn of(name: &'static str, step: &'static str, code: &'static str) -> (Scope, Flaw<'static>) {
    (Scope::NoPages, Flaw::of(name, step, code))
}

const fn drawn(
    name: &'static str,
    step: &'static str,
    code: &'static str,
) -> (Scope, Flaw<'static>) {
    (Scope::Whole, Flaw::of(name, step, code))
}

/// One that only shows in this era.
const fn on(era: &'static str, (scope, flaw): (Scope, Flaw<'static>)) -> (Scope, Flaw<'static>) {
    let era = Some(era);
    (scope, Flaw { era, ..flaw })
}

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The checker against stores in other languages that ask and show");
    let store = || in_python(setup, None);
    let sentence = "a correct store in FastMCP passes every step except 4.12, with --url";
    let judged = judge(setup, Way::Url, store, Scope::Whole, None);
    tally.check(sentence, judged).await;
    let sentence = "questions expire in a correct store in FastMCP: it passes 4.4, with --command";
    let judged = judge(setup, Way::Command, store, EXPIRES, None);
    tally.check(sentence, judged).await;
    let sentence =
        "a correct store on the SDKs for TypeScript passes every step except 4.12, with --command";
    let store = || setup.node.script(setup.root.join("interop/store4.cjs"));
    let judged = judge(setup, Way::Command, store, Scope::Whole, None);
    tally.check(sentence, judged).await;
    for (scope, flaw) in FLAWS {
        let Flaw {
            name, step, code, ..
        } = flaw;
        let sentence = format!("{name} in FastMCP fails {step} alone, as {code}");
        let store = || in_python(setup, Some(flaw));
        let way = match scope {
            Scope::Step(_) => Way::Command,
            Scope::Whole | Scope::NoPages => Way::Url,
        };
        let judged = judge(setup, way, store, scope, Some(flaw));
        tally.check(&sentence, judged).await;
    }
}

/// Has the checker judge the store, and compares what it says with what is so.
async fn judge(
    setup: &Setup,
    way: Way,
    store: impl Fn() -> Command,
    scope: Scope,
    flaw: Option<Flaw<'_>>,
) -> Result<String> {
    let course = Course::load(&setup.root.join("course.toml"))?;
    let exercise = course.exercise(EXERCISE).context("no such exercise")?;
    let (unreached, environment): (_, &[_]) = match scope {
        Scope::NoPages => (IN_BROWSER, &[NO_BROWSER]),
        Scope::Whole | Scope::Step(_) => (&[] as &[&str], &[]),
    };
    let only = match scope {
        Scope::Step(step) => Some(step),
        Scope::Whole | Scope::NoPages => None,
    };
    let what = only.unwrap_or(EXERCISE);
    let said = asked(setup, what, way, store, environment).await?;
    let mut so = expected(exercise.steps.iter(), flaw, unreached, UNBEGUN);
    so.retain(|key, _| only.is_none_or(|step| key.starts_with(&format!("{step} "))));
    agree(&so, &said)
}

fn in_python(setup: &Setup, flaw: Option<Flaw<'_>>) -> Command {
    let mut command = setup.python.script(setup.root.join("interop/store4.py"));
    if let Some(flaw) = flaw {
        command.args(["--flaw", flaw.name]);
    }
    command
}

#[cfg(test)]
mod tests {
    use checker::verdict::Code;

    use super::*;

    #[test]
    fn every_flaw_acts_and_fails_as_something_that_there_is() {
        let source = include_str!("../../../interop/store4.py");
        for (_, flaw) in FLAWS {
            let Flaw { name, code, .. } = flaw;
            assert!(source.contains(&format!("has(\"{name}\")")), "{name}");
            assert!(Code::ALL.iter().any(|one| one.as_str() == code), "{code}");
        }
    }
}
