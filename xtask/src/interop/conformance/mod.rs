//! The official conformance suite, on both revisions.
//!
//! - [`server`] has its scenarios for servers, against the solution of exercise 3,
//! - [`client`] those for clients, against the solution of exercise 1,
//! - [`asking`] those for servers that want test tools, about asking back, progress and tasks, against
//!   a server of the checker's tests that has them,
//! - [`signing_in`] those about signing in, for clients, against the solutions' `sign_in`,
//! - [`authorization`] those for authorization servers, against the realm of exercise 5, which the
//!   group `keycloak` starts.
//!
//! A check that cannot be made is excused by name, with the suite's words for it. An excuse that
//! is no longer needed is a failure.

mod asking;
pub(super) mod authorization;
mod client;
mod server;
mod signing_in;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tokio::process::Command;

use super::Setup;
use crate::peers::call;

/// How long one scenario may take. Most of its second is Node's start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A check that a scenario cannot make here, and why.
struct Excuse {
    check: &'static str,
    why: &'static str,
    /// The suite's own words for it. A check that fails for another reason is not excused.
    said: &'static str,
}

/// What came of a scenario.
struct Played {
    checks: Vec<Check>,
    /// What the client said, if the scenario has one.
    words: String,
}

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

pub(super) async fn run(setup: &Setup) {
    server::run(setup).await;
    client::run(setup).await;
    asking::run(setup).await;
    signing_in::run(setup).await;
}

/// Has the suite play a scenario. `command` says against what.
async fn played(setup: &Setup, mut command: Command, revision: &str, name: &str) -> Result<Played> {
    let folder = fresh(setup, revision, name)?;
    command
        .args(["--scenario", name])
        .args(["--spec-version", revision])
        .arg("--output-dir")
        .arg(&folder);
    let said = call(command, &setup.guard, PATIENCE).await?;
    // The suite makes one folder in it, named after the scenario and the time: of `auth/iss-supported` in
    // a folder `auth`.
    let group = Path::new(name).parent().unwrap_or(Path::new(""));
    let folders: Vec<PathBuf> = fs::read_dir(folder.join(group))
        .with_context(|| format!("the suite wrote nothing: {said}"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    let [folder] = folders.as_slice() else {
        bail!(
            "the suite wrote {} results and not one: {said}",
            folders.len()
        );
    };
    let checks = checks_in(folder).with_context(|| said.to_string())?;
    let words = ["stdout.txt", "stderr.txt"]
        .map(|file| fs::read_to_string(folder.join(file)).unwrap_or_default());
    Ok(Played {
        checks,
        words: words.concat(),
    })
}

/// An empty place for what the suite writes down.
fn fresh(setup: &Setup, revision: &str, name: &str) -> Result<PathBuf> {
    let folder = setup
        .root
        .join("target/interop/conformance")
        .join(revision)
        .join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Ok(folder)
}

/// The checks of all scenarios that the suite has played into this folder.
fn checks(folder: &Path) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for entry in fs::read_dir(folder).context("the suite wrote nothing")? {
        checks.extend(checks_in(&entry?.path())?);
    }
    Ok(checks)
}

/// The checks of one scenario.
fn checks_in(folder: &Path) -> Result<Vec<Check>> {
    let text = fs::read_to_string(folder.join("checks.json")).context("no checks.json")?;
    let mut checks: Vec<Check> =
        serde_json::from_str(&text).context("checks.json is not what it was")?;
    // What only tells what happened is no check.
    checks.retain(|check| check.status != "INFO");
    Ok(checks)
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
                "{check} is left out, but does not have to be. Remove it from the list"
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
        assert!(fault(&checks, EXCUSE).starts_with("b is left out, but does not have to be"));
    }
}
