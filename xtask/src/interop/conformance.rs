//! The official conformance suite against the solution: the scenarios that need no test tools of
//! their own in the server, on both revisions.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use checker::subject::server::Server;
use serde::Deserialize;

use super::{LEGACY, MODERN, Stage};
use crate::peers::call;

/// How long one scenario may take. Most of its second is Node's start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A scenario of the suite, and what a server proves with it.
struct Scenario {
    revision: &'static str,
    name: &'static str,
    proves: &'static str,
    /// Its checks that cannot be made here.
    excused: &'static [Excuse],
}

/// A check that a scenario cannot make of this server, and why.
struct Excuse {
    check: &'static str,
    why: &'static str,
    /// The suite's own words for it. A check that fails for another reason is not excused.
    said: &'static str,
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

/// A check as the suite writes it down.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    id: String,
    status: String,
    description: String,
    error_message: Option<String>,
    #[serde(default)]
    details: Details,
}

#[derive(Debug, Default, Deserialize)]
struct Details {
    note: Option<String>,
}

pub(super) async fn run(stage: &Stage) {
    stage
        .tally
        .peer("The official conformance suite against the solution");
    for scenario in &SCENARIOS {
        let sentence = format!(
            "{} {}: {}",
            scenario.revision, scenario.name, scenario.proves
        );
        stage.tally.check(&sentence, play(stage, scenario)).await;
    }
    for why in [NO_TEST_TOOL, NEVER_CHANGES] {
        let these = STATELESS_EXCUSED.iter().filter(|excuse| excuse.why == why);
        let these: Vec<&str> = these.map(|excuse| excuse.check).collect();
        println!("   left out, for {why}:\n     {}", these.join("\n     "));
    }
}

/// Plays one scenario against a server of its own.
async fn play(stage: &Stage, scenario: &Scenario) -> Result<String> {
    let server = Server::start(&stage.solution).await?;
    let folder = stage
        .root
        .join("target/interop/conformance")
        .join(scenario.revision)
        .join(scenario.name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut command = stage.node.conformance();
    command
        .args(["server", "--url", server.url().as_str()])
        .args(["--scenario", scenario.name])
        .args(["--spec-version", scenario.revision])
        .arg("--output-dir")
        .arg(&folder);
    let said = call(command, &stage.guard, PATIENCE).await?;
    let checks = written(&folder).with_context(|| said.to_string())?;
    judge(&checks, scenario.excused)
}

/// The `checks.json` in the one folder, named after the time, that the suite makes.
fn written(folder: &Path) -> Result<Vec<Check>> {
    let folders: Vec<PathBuf> = fs::read_dir(folder)
        .context("the suite wrote nothing")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    let [folder] = folders.as_slice() else {
        bail!("the suite wrote {} results and not one", folders.len());
    };
    let text = fs::read_to_string(folder.join("checks.json")).context("no checks.json")?;
    serde_json::from_str(&text).context("checks.json is not what it was")
}

/// What the checks say together.
///
/// # Errors
///
/// When one of them did not succeed and is not excused, when an excuse is no longer needed, or
/// when none succeeded.
fn judge(checks: &[Check], excused: &[Excuse]) -> Result<String> {
    let mut faults = Vec::new();
    for check in checks.iter().filter(|check| !check.succeeded()) {
        if !excused.iter().any(|excuse| excuse.covers(check)) {
            let (status, id, description) = (&check.status, &check.id, &check.description);
            faults.push(format!("{status} {id}: {description}\n  {}", check.why()));
        }
    }
    for excuse in excused {
        if !checks.iter().any(|check| excuse.covers(check)) {
            let check = excuse.check;
            faults.push(format!(
                "{check} is left out, and need not be: take it out of the list"
            ));
        }
    }
    ensure!(faults.is_empty(), faults.join("\n"));
    let succeeded = checks.iter().filter(|check| check.succeeded()).count();
    ensure!(succeeded > 0, "the scenario made no check");
    Ok(match excused.len() {
        0 => format!("{succeeded} checks"),
        left_out => format!("{succeeded} checks, {left_out} left out"),
    })
}

impl Check {
    fn succeeded(&self) -> bool {
        self.status == "SUCCESS"
    }

    /// Why it did not succeed.
    fn why(&self) -> &str {
        let note = self.details.note.as_deref();
        self.error_message.as_deref().or(note).unwrap_or_default()
    }
}

impl Excuse {
    fn covers(&self, check: &Check) -> bool {
        check.id == self.check && !check.succeeded() && check.why().starts_with(self.said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCUSE: &[Excuse] = &[Excuse {
        check: "b",
        why: "there is no tool for it",
        said: "Not testable",
    }];

    fn check(id: &str, status: &str, error: Option<&str>) -> Check {
        Check {
            id: id.to_owned(),
            status: status.to_owned(),
            description: "it holds".to_owned(),
            error_message: error.map(str::to_owned),
            details: Details::default(),
        }
    }

    fn fault(checks: &[Check], excused: &[Excuse]) -> String {
        judge(checks, excused).unwrap_err().to_string()
    }

    #[test]
    fn a_scenario_passes_by_its_successes() {
        let checks = [
            check("a", "SUCCESS", None),
            check("b", "FAILURE", Some("Not testable: no such tool")),
        ];
        assert_eq!(judge(&checks[..1], &[]).unwrap(), "1 checks");
        assert_eq!(judge(&checks, EXCUSE).unwrap(), "1 checks, 1 left out");
    }

    #[test]
    fn a_scenario_without_a_check_fails() {
        assert_eq!(fault(&[], &[]), "the scenario made no check");
    }

    #[test]
    fn a_failure_a_warning_and_a_skip_fail_it() {
        for status in ["FAILURE", "WARNING", "SKIPPED"] {
            let checks = [check("a", "SUCCESS", None), check("b", status, Some("no"))];
            assert_eq!(fault(&checks, &[]), format!("{status} b: it holds\n  no"));
        }
    }

    #[test]
    fn an_excuse_holds_for_its_own_reason_alone() {
        let checks = [
            check("a", "SUCCESS", None),
            check("b", "FAILURE", Some("answered 500")),
        ];
        assert!(fault(&checks, EXCUSE).starts_with("FAILURE b: it holds\n  answered 500"));
    }

    #[test]
    fn an_excuse_that_is_not_needed_is_reported() {
        let checks = [check("a", "SUCCESS", None), check("b", "SUCCESS", None)];
        assert!(fault(&checks, EXCUSE).starts_with("b is left out, and need not be"));
    }
}
