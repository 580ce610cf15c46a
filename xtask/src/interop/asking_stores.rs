//! The checker against stores in other languages that ask before they sell, and show what they have:
//! `interop/store4.py` in FastMCP is right at first, then has one thing wrong at a time, which the
//! checker has to name. `interop/store4.cjs` on the official SDKs for TypeScript is right.

use tokio::process::Command;

use super::Setup;
use super::stores::{Way, judge};
use super::verdicts::Flaw;

const EXERCISE: &str = "ex4_interact";

/// Neither store has tasks: both libraries leave them to another package.
const UNBEGUN: &[&str] = &["4.12"];

const MODERN: Option<&str> = Some("modern");

const FLAWS: [(Way, Flaw<'static>); 15] = [
    by_url("sells-before-asking", "4.1", "sells_before_the_answer"),
    by_url("buys-on-decline", "4.2", "buys_without_yes"),
    by_url("any-truth", "4.2", "buys_without_yes"),
    by_url("asks-everybody", "4.3", "asks_who_cannot_answer"),
    (
        Way::Url,
        Flaw {
            era: MODERN,
            ..Flaw::of("replay", "4.4", "accepts_replay")
        },
    ),
    (
        // Only one that the checker starts itself has a question expire while it waits.
        Way::Command,
        Flaw {
            era: MODERN,
            ..Flaw::of("never-expires", "4.4", "state_never_expires")
        },
    ),
    by_url("no-second-look", "4.5", "sells_what_is_gone"),
    by_url("plain-html", "4.6", "wrong_mime_type"),
    by_url("from-a-cdn", "4.6", "page_needs_more"),
    by_url("chart-hard-coded", "4.8", "bar_label"),
    by_url("names-as-html", "4.8", "name_as_html"),
    by_url("one-for-all", "4.9", "button_buys_other"),
    by_url("progress-falls", "4.10", "progress_does_not_rise"),
    by_url("bakes-on", "4.10", "does_not_stop"),
    by_url("code-in-link", "4.11", "url_unsafe"),
];

const fn by_url(
    name: &'static str,
    step: &'static str,
    code: &'static str,
) -> (Way, Flaw<'static>) {
    (Way::Url, Flaw::of(name, step, code))
}

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The checker against stores in other languages that ask and show");
    for (way, by) in [(Way::Url, "--url"), (Way::Command, "--command")] {
        let sentence = format!("a right store in FastMCP passes every step but 4.12 by {by}");
        let store = || in_python(setup, None);
        let judged = judge(setup, EXERCISE, way, store, None, UNBEGUN);
        tally.check(&sentence, judged).await;
    }
    let sentence =
        "a right store on the SDKs for TypeScript passes every step but 4.12 by --command";
    let store = || setup.node.script(setup.root.join("interop/store4.cjs"));
    let judged = judge(setup, EXERCISE, Way::Command, store, None, UNBEGUN);
    tally.check(sentence, judged).await;
    for (way, flaw) in FLAWS {
        let Flaw {
            name, step, code, ..
        } = flaw;
        let sentence = format!("{name} in FastMCP fails {step} alone, as {code}");
        let store = || in_python(setup, Some(flaw));
        let judged = judge(setup, EXERCISE, way, store, Some(flaw), UNBEGUN);
        tally.check(&sentence, judged).await;
    }
}

fn in_python(setup: &Setup, flaw: Option<Flaw<'_>>) -> Command {
    let mut command = setup.python.script(setup.root.join("interop/store4.py"));
    if let Some(flaw) = flaw {
        command.args(["--flaw", flaw.name]);
    }
    command
}
