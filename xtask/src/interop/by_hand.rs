//! The checker against a store in plain Python, `interop/by_hand`: no library, and no line that it
//! shares with the broken server of the tests. It is right at first, then has one switch on at a
//! time: a fault, which the checker has to name, or something unusual, which it has to pass.
//!
//! `interop/by_hand/switches.toml` says what each switch does and what comes of it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use checker::checks::store::SERVING;
use checker::subject::server::Server;
use serde::Deserialize;
use tokio::process::Command;

use super::Setup;
use super::stores::{EXERCISE, START, Way, judge};
use super::verdicts::Flaw;
use crate::peers::call;

/// The table of all switches.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    over_stdio: BTreeMap<String, Switch>,
    over_http: BTreeMap<String, Switch>,
}

/// What a switch does, and what the checker must say then.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    what: String,
    /// The step that fails; with none all pass.
    step: Option<String>,
    code: Option<String>,
    /// The only era in which it fails.
    era: Option<String>,
    #[serde(default)]
    not_started: Vec<String>,
    /// What the checker says instead of checking.
    refused: Option<String>,
}

impl Table {
    fn read() -> Result<Self> {
        toml::from_str(include_str!("../../../interop/by_hand/switches.toml"))
            .context("interop/by_hand/switches.toml cannot be read")
    }

    /// All switches by their names, with the way to a store that has them.
    fn all(&self) -> impl Iterator<Item = (Way, &String, &Switch)> {
        let of = |way, switches| {
            let switches: &BTreeMap<_, _> = switches;
            switches
                .iter()
                .map(move |(name, switch)| (way, name, switch))
        };
        of(Way::Command, &self.over_stdio).chain(of(Way::Url, &self.over_http))
    }
}

impl Switch {
    fn flaw<'a>(&'a self, name: &'a str) -> Option<Flaw<'a>> {
        Some(Flaw {
            name,
            step: self.step.as_deref()?,
            code: self.code.as_deref()?,
            era: self.era.as_deref(),
        })
    }
}

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The checker against a store by hand in Python");
    for (way, unreached) in [
        (Way::Url, "3.7 by --url"),
        (Way::Command, "3.8 by --command"),
    ] {
        let sentence = format!("a correct one passes every step except {unreached}");
        let store = || store(setup, None);
        tally
            .check(&sentence, judge(setup, way, store, None, &[]))
            .await;
    }
    let table = match Table::read() {
        Ok(table) => table,
        Err(error) => return tally.check("its switches", async { Err(error) }).await,
    };
    for (way, name, switch) in table.all() {
        let what = &switch.what;
        let flaw = switch.flaw(name);
        let store = || store(setup, Some(name));
        if let Some(words) = &switch.refused {
            let sentence = format!("{name}: one that {what} is refused, with the reason");
            tally.check(&sentence, refused(setup, store, words)).await;
            continue;
        }
        let outcome = match flaw {
            Some(Flaw { step, code, .. }) => format!("fails {step} alone, as {code}"),
            None => "passes".to_owned(),
        };
        let sentence = format!("{name}: one that {what} {outcome}");
        let unbegun: Vec<&str> = switch.not_started.iter().map(String::as_str).collect();
        tally
            .check(&sentence, judge(setup, way, store, flaw, &unbegun))
            .await;
    }
}

/// Sees that the checker does not take the store for one, and says why.
async fn refused(setup: &Setup, store: impl Fn() -> Command, words: &str) -> Result<String> {
    let server = Server::start(store, SERVING, &setup.guard, START).await?;
    let mut checker = Command::new(&setup.checker);
    checker
        .current_dir(&setup.root)
        .args(["check", EXERCISE, "--url", server.url().as_str()]);
    let said = call(checker, &setup.guard, START).await?;
    let is_told = said.stderr.iter().any(|line| line.contains(words));
    ensure!(
        said.status.code() == Some(2) && is_told,
        "no {words:?}: {said}"
    );
    Ok("exit code 2".to_owned())
}

fn store(setup: &Setup, switch: Option<&str>) -> Command {
    let mut command = setup.python.script(setup.root.join("interop/by_hand"));
    if let Some(switch) = switch {
        command.args(["--switches", switch]);
    }
    command
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use checker::course::Course;
    use checker::verdict::Code;

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    /// A right store would pass with a switch that does nothing.
    #[test]
    fn every_switch_acts_somewhere() {
        let mut source = String::new();
        for file in fs::read_dir(root().join("interop/by_hand")).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "py") {
                source += &fs::read_to_string(path).unwrap();
            }
        }
        for (_, name, _) in Table::read().unwrap().all() {
            // The last part of some is a number that Python fills in.
            let begin = name.trim_end_matches(|last: char| last.is_ascii_digit());
            let acts = [name.as_str(), begin].map(|name| format!("\"{name}"));
            assert!(acts.iter().any(|name| source.contains(name)), "{name}");
        }
    }

    #[test]
    fn switches_name_steps_and_codes_that_there_are() {
        let course = Course::load(&root().join("course.toml")).unwrap();
        let steps = &course.exercise("ex3_store").unwrap().steps;
        let is_step = |id: &String| steps.iter().any(|step| step.id == *id);
        for (_, name, switch) in Table::read().unwrap().all() {
            let steps = switch.step.iter().chain(&switch.not_started);
            assert!(steps.clone().all(is_step), "{name}");
            assert_eq!(switch.step.is_some(), switch.code.is_some(), "{name}");
            let is_code = |code: &String| Code::ALL.iter().any(|one| one.as_str() == code);
            assert!(switch.code.iter().all(is_code), "{name}");
        }
    }
}
