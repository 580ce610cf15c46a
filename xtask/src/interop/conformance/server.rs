//! The official conformance suite against the solution: the scenarios that need no test tools of
//! their own in the server, on both revisions.

use anyhow::Result;
use checker::checks::store::SERVING;
use checker::patience::Patience;

use super::{Excuse, judge, played};
use crate::interop::{LEGACY, MODERN, Setup};

/// A scenario of the suite, and what a server proves with it.
struct Scenario {
    revision: &'static str,
    name: &'static str,
    proves: &'static str,
    /// Its checks that cannot be made here.
    excused: &'static [Excuse],
}

impl Scenario {
    const fn of(revision: &'static str, name: &'static str, proves: &'static str) -> Self {
        Self {
            revision,
            name,
            proves,
            excused: &[],
        }
    }
}

const SCENARIOS: [Scenario; 17] = [
    Scenario {
        excused: STATELESS_EXCUSED,
        ..Scenario::of(
            MODERN,
            "server-stateless",
            "discovery, `_meta`, versions, methods and their HTTP statuses",
        )
    },
    Scenario::of(
        MODERN,
        "http-header-validation",
        "headers that contradict the body are refused",
    ),
    Scenario::of(
        MODERN,
        "dns-rebinding-protection",
        "a foreign Host with a foreign Origin is refused",
    ),
    Scenario::of(
        MODERN,
        "tools-list",
        "tools have safe names and a stable order",
    ),
    Scenario::of(
        MODERN,
        "server-sse-multiple-streams",
        "several streams are served at once",
    ),
    Scenario::of(
        MODERN,
        "sep-2164-resource-not-found",
        "an unknown resource is an error that names it",
    ),
    Scenario::of(
        MODERN,
        "caching",
        "results say for how long and by whom they may be kept",
    ),
    Scenario::of(MODERN, "resources-list", "resources are listed"),
    Scenario::of(MODERN, "prompts-list", "prompts are listed"),
    Scenario::of(LEGACY, "server-initialize", "`initialize` opens a session"),
    Scenario::of(
        LEGACY,
        "server-session-lifecycle",
        "a session ends when it is deleted",
    ),
    Scenario::of(LEGACY, "ping", "`ping` is answered"),
    Scenario::of(LEGACY, "tools-list", "tools have safe names"),
    Scenario::of(LEGACY, "resources-list", "resources are listed"),
    Scenario::of(LEGACY, "prompts-list", "prompts are listed"),
    Scenario::of(
        LEGACY,
        "dns-rebinding-protection",
        "a foreign Host with a foreign Origin is refused",
    ),
    Scenario::of(
        LEGACY,
        "server-sse-multiple-streams",
        "several streams are served at once",
    ),
];

const NO_TEST_TOOL: &str = "the suite asks a test tool that a store does not have";
const NEVER_CHANGES: &str = "the store's lists never change, so there is nothing to subscribe to";

const STATELESS_EXCUSED: &[Excuse] = &[
    Excuse {
        check: "sep-2575-server-rejects-undeclared-capability",
        why: NO_TEST_TOOL,
        said: "Not testable: server does not list the diagnostic tool 'test_missing_capability'",
    },
    Excuse {
        check: "sep-2575-missing-capability-http-400",
        why: NO_TEST_TOOL,
        said: "Not testable: server does not list the diagnostic tool 'test_missing_capability'",
    },
    Excuse {
        check: "sep-2575-http-server-no-independent-requests-on-stream",
        why: NO_TEST_TOOL,
        said: "Not testable: server does not list the diagnostic tool 'test_streaming_elicitation'",
    },
    Excuse {
        check: "sep-2575-server-no-log-without-loglevel",
        why: NO_TEST_TOOL,
        said: "Not testable: server does not list the diagnostic tool 'test_logging_tool'",
    },
    Excuse {
        check: "sep-2575-server-sends-subscription-ack",
        why: NEVER_CHANGES,
        said: "Server advertises no subscription-delivered capability",
    },
    Excuse {
        check: "sep-2575-server-tags-subscription-id",
        why: NEVER_CHANGES,
        said: "Server advertises no subscription-delivered capability",
    },
    Excuse {
        check: "sep-2575-server-honors-notification-filter",
        why: NEVER_CHANGES,
        said: "Server advertises no subscription-delivered capability",
    },
    Excuse {
        check: "sep-2575-server-sends-prompts-list-changed-on-subscription",
        why: NEVER_CHANGES,
        said: "Server did not declare prompts.listChanged capability",
    },
    Excuse {
        check: "sep-2575-server-sends-tools-list-changed-on-subscription",
        why: NEVER_CHANGES,
        said: "Server did not declare tools.listChanged capability",
    },
];

pub(super) async fn run(setup: &Setup) {
    setup
        .tally
        .peer("The official conformance suite against the solution");
    for scenario in &SCENARIOS {
        let sentence = format!(
            "{} {}: {}",
            scenario.revision, scenario.name, scenario.proves
        );
        setup.tally.check(&sentence, play(setup, scenario)).await;
    }
    for why in [NO_TEST_TOOL, NEVER_CHANGES] {
        let these = STATELESS_EXCUSED.iter().filter(|excuse| excuse.why == why);
        let these: Vec<&str> = these.map(|excuse| excuse.check).collect();
        println!("   left out, for {why}:\n     {}", these.join("\n     "));
    }
}

/// Plays one scenario against a server of its own.
async fn play(setup: &Setup, scenario: &Scenario) -> Result<String> {
    let server = setup
        .solution
        .serve(SERVING, Patience::default().listening)
        .await?;
    let Scenario { revision, name, .. } = scenario;
    let mut command = setup.node.conformance();
    command.args(["server", "--url", server.url().as_str()]);
    let played = played(setup, command, revision, name).await?;
    judge(&played.checks, scenario.excused)
}
