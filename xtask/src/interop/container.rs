//! Step 6.8 with a real Docker or Podman: the tests of the checker that need one. `cargo ci` runs them where one
//! answers; here they are never left out.

use std::time::Duration;

use anyhow::Result;

use super::browser::passed;
use super::{Setup, build_tests, cargo};
use crate::peers::container::Containers;
use crate::peers::{Peers, call};

/// What the names of these tests begin with.
const TESTS: &str = "container::";

/// They build and run some thirty images.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("Images of a store in containers");
    let mut found = None;
    let find = async {
        let containers = Peers::new(&setup.root, &setup.guard).containers().await?;
        let mut version = containers.command();
        version.arg("--version");
        let said = call(version, &setup.guard, PATIENCE).await?.ended_well()?;
        found = Some(containers);
        Ok(said.trim().to_owned())
    };
    tally.check("an engine answers", find).await;
    let Some(containers) = found else {
        return;
    };
    let sentence = "right images pass, and every flaw of 6.8 is reported";
    tally.check(sentence, tests(setup, &containers)).await;
}

async fn tests(setup: &Setup, containers: &Containers) -> Result<String> {
    build_tests(setup).await?;
    let mut command = cargo(setup);
    command
        .args(["test", "--locked", "--package", "checker", "--test", "it"])
        .args(["--", TESTS, "--skip", "devcontainer"])
        .env("CHECKER_CONTAINER", "required")
        .env("INSTA_UPDATE", "no");
    containers.prepare(&mut command);
    passed(&call(command, &setup.guard, PATIENCE).await?.ended_well()?)
}
