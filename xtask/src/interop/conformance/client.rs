//! The suite's scenarios for clients against the solution of exercise 1: those that ask nothing of
//! a client but what its command line can do. `interop/asks.py` stands between the two.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Excuse, Played, judge, played};
use crate::interop::{LEGACY, MODERN, Setup};

/// A scenario of the suite, and what a client proves with it.
struct Scenario {
    revision: &'static str,
    name: &'static str,
    proves: &'static str,
    /// What the client is asked, one command line after the other.
    asks: &'static [&'static [&'static str]],
    /// Arguments with which each tool is called that the client lists.
    calls_listed: Option<&'static str>,
    /// Its checks that cannot be made here.
    excused: &'static [Excuse],
}

/// Scenarios that the client cannot pass.
struct LeftOut {
    revision: &'static str,
    name: &'static str,
    why: &'static str,
    asks: &'static [&'static [&'static str]],
    /// What the client or a check says of it. When it is no longer said, it need not be left out.
    said: &'static str,
}

impl Scenario {
    const fn of(revision: &'static str, name: &'static str, proves: &'static str) -> Self {
        Self {
            revision,
            name,
            proves,
            asks: &[],
            calls_listed: None,
            excused: &[],
        }
    }
}

const SUM: &[&[&str]] = &[
    &["info"],
    &["list"],
    &["call", "add_numbers", r#"{"a": 2, "b": 3}"#],
];

const SCENARIOS: [Scenario; 7] = [
    Scenario {
        asks: SUM,
        ..Scenario::of(
            LEGACY,
            "tools_call",
            "a tool is called, and each message fits the schema",
        )
    },
    Scenario {
        asks: SUM,
        ..Scenario::of(
            MODERN,
            "tools_call",
            "a tool is called, and each message fits the schema",
        )
    },
    Scenario {
        asks: &[&["list"]],
        excused: METADATA_EXCUSED,
        ..Scenario::of(
            MODERN,
            "request-metadata",
            "each request says its version and who asks; another version is tried when one is refused",
        )
    },
    Scenario {
        asks: &[
            &["list"],
            &["call", "test_headers", "{}"],
            &["read", "file:///path/to/file%20name.txt"],
        ],
        excused: HEADERS_EXCUSED,
        ..Scenario::of(
            MODERN,
            "http-standard-headers",
            "method and name are in headers too",
        )
    },
    Scenario {
        calls_listed: Some(r#"{"region": "eu"}"#),
        ..Scenario::of(
            MODERN,
            "http-invalid-tool-headers",
            "a tool with headers that cannot be is not listed, and the others are",
        )
    },
    Scenario {
        asks: &[&["list"]],
        ..Scenario::of(
            MODERN,
            "json-schema-ref-no-deref",
            "no address in a schema is fetched",
        )
    },
    Scenario {
        calls_listed: Some("{}"),
        ..Scenario::of(
            MODERN,
            "sep-2322-client-request-state",
            "a call that is asked back is made again, with the state that it was given",
        )
    },
];

const DECLARES_NOTHING: &str = "the client declares no such capability";
const NO_COMMAND: &str = "the client has no command for it";

const METADATA_EXCUSED: &[Excuse] = &[
    Excuse {
        check: "sep-2575-client-declares-roots-capability",
        why: DECLARES_NOTHING,
        said: "",
    },
    Excuse {
        check: "sep-2575-client-declares-sampling-capability",
        why: DECLARES_NOTHING,
        said: "",
    },
    Excuse {
        check: "sep-2575-client-declares-elicitation-capability",
        why: DECLARES_NOTHING,
        said: "",
    },
];

const HEADERS: &str = "sep-2243-client-includes-standard-headers";

const HEADERS_EXCUSED: &[Excuse] = &[
    Excuse {
        check: HEADERS,
        why: "this revision has no `initialize`",
        said: "Client did not send a initialize request",
    },
    Excuse {
        check: HEADERS,
        why: "this revision has no `initialize`",
        said: "Client did not send a notifications/initialized request",
    },
    Excuse {
        check: HEADERS,
        why: NO_COMMAND,
        said: "Client did not send a resources/list request",
    },
    Excuse {
        check: HEADERS,
        why: NO_COMMAND,
        said: "Client did not send a prompts/list request",
    },
    Excuse {
        check: HEADERS,
        why: NO_COMMAND,
        said: "Client did not send a prompts/get request",
    },
];

const EMPTY_DISCOVERY: &str = "the suite's server answers server/discover, which it does not know, with an empty result instead of an error, and rmcp takes that for no server";

const LEFT_OUT: [LeftOut; 4] = [
    LeftOut {
        revision: LEGACY,
        name: "initialize",
        why: EMPTY_DISCOVERY,
        asks: &[&["info"]],
        said: "expect initialized result, but received: Some(EmptyResult",
    },
    LeftOut {
        revision: LEGACY,
        name: "sse-retry",
        why: EMPTY_DISCOVERY,
        asks: &[&["call", "test_reconnection", "{}"]],
        said: "expect initialized result, but received: Some(EmptyResult",
    },
    LeftOut {
        revision: MODERN,
        name: "http-custom-headers",
        why: "rmcp repeats arguments in headers for tools that the session has listed, and `call` lists none",
        asks: &[&["call", "test_custom_headers", r#"{"region": "eu"}"#]],
        said: "Missing Mcp-Param-Region header",
    },
    LeftOut {
        revision: MODERN,
        name: "json-schema-2020-12-preservation",
        why: "a client should send a schema back, and this one shows none",
        asks: &[&["list"]],
        said: "Client did not echo back the inputSchema",
    },
];

/// Scenarios that are for another kind of client.
const NOT_FOR_IT: &str = "elicitation-sep1034-client-defaults (it cannot be asked), auth/* (it says where to log in; `sign_in` does it, below), sep-2640-* (an extension)";

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The official conformance suite against the client of exercise 1");
    for scenario in &SCENARIOS {
        let Scenario {
            revision,
            name,
            proves,
            ..
        } = scenario;
        let sentence = format!("{revision} {name}: {proves}");
        tally.check(&sentence, play(setup, scenario)).await;
    }
    for left_out in &LEFT_OUT {
        let LeftOut {
            revision,
            name,
            why,
            ..
        } = left_out;
        let sentence = format!("{revision} {name} is left out: {why}");
        tally.check(&sentence, still(setup, left_out)).await;
    }
    for excuse in METADATA_EXCUSED.iter().chain(HEADERS_EXCUSED) {
        let Excuse { check, why, said } = excuse;
        println!("   left out, for {why}: {check} {said}");
    }
    println!("   not for this client: {NOT_FOR_IT}");
}

async fn play(setup: &Setup, scenario: &Scenario) -> Result<String> {
    let Scenario {
        revision,
        name,
        asks,
        calls_listed,
        excused,
        ..
    } = scenario;
    let played = ask(setup, revision, name, asks, *calls_listed).await?;
    judge(&played.checks, excused).with_context(|| played.words)
}

/// That a scenario which is left out still has to be.
async fn still(setup: &Setup, left_out: &LeftOut) -> Result<String> {
    let LeftOut {
        revision,
        name,
        asks,
        said,
        ..
    } = left_out;
    let played = ask(setup, revision, name, asks, None).await?;
    let unmet = played.checks.iter().filter(|check| !check.succeeded());
    let mut words = unmet.flat_map(|check| [check.why(), check.description.as_str()]);
    let still_said = words.any(|words| words.starts_with(said)) || played.words.contains(said);
    ensure!(
        still_said,
        "it no longer has to be left out: {}",
        played.words
    );
    Ok(format!("still {said:?}"))
}

async fn ask(
    setup: &Setup,
    revision: &str,
    name: &str,
    asks: &[&[&str]],
    calls_listed: Option<&str>,
) -> Result<Played> {
    let script = setup.root.join("interop/asks.py");
    let client = setup.python.program.as_os_str();
    let words = [client, script.as_os_str(), setup.client.as_os_str()];
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let line = shlex::try_join(words.iter().map(|word| word.as_ref()))?;
    let mut command = setup.node.conformance();
    command
        .args(["client", "--command", &line])
        .env("ASKS", json!(asks).to_string());
    if let Some(arguments) = calls_listed {
        command.env("CALL_LISTED", arguments);
    }
    played(setup, command, revision, name).await
}
