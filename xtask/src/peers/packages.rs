//! Packages of Debian, or of a distribution of its kind.

use std::time::Duration;

use anyhow::{Context, Result};
use checker::fixtures::browser::is_root;
use checker::subject::guard::Guard;
use tokio::process::Command;

use super::call;

/// A browser is 100 MB, which are fetched and unpacked.
const PATIENCE: Duration = Duration::from_secs(600);

/// Installs packages. `hint` says what else somebody can do, where that is not possible.
///
/// # Errors
///
/// When they are not to be had; with apt's words.
pub(super) async fn install(packages: &[&str], hint: &str, guard: &Guard) -> Result<()> {
    println!(
        "installing {} from the distribution's packages",
        packages.join(" and ")
    );
    let update = ["update", "--quiet=2"];
    let install = ["install", "--quiet=2", "--yes", "--no-install-recommends"];
    for arguments in [update.to_vec(), [&install, packages].concat()] {
        let said = call(apt_get(&arguments), guard, PATIENCE).await;
        said.and_then(super::Said::ended_well)
            .with_context(|| hint.to_owned())?;
    }
    Ok(())
}

/// apt-get, as root: as whoever this is, or without a question by sudo.
fn apt_get(arguments: &[&str]) -> Command {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "apt-get"]);
        sudo
    };
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}
