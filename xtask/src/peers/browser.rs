//! A browser: one that is there, or Chromium from the packages of Debian or one of its kind.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use checker::fixtures::browser::find::find;
use checker::fixtures::browser::is_root;
use checker::subject::guard::Guard;
use tokio::process::Command;

use super::call;

/// 100 MB are fetched and unpacked.
const PATIENCE: Duration = Duration::from_secs(600);

/// Installs one, unless there is one.
///
/// # Errors
///
/// As `Peers::browser`.
pub(super) async fn install(guard: &Guard) -> Result<PathBuf> {
    if let Ok(found) = find() {
        return Ok(found);
    }
    let hint = "no browser is installed, and this command cannot install one. Install Chrome or Chromium, or set CHROME to one";
    println!("installing chromium from the distribution's packages");
    for arguments in [
        ["update", "--quiet=2"].as_slice(),
        &[
            "install",
            "--quiet=2",
            "--yes",
            "--no-install-recommends",
            "chromium",
        ],
    ] {
        let said = call(apt_get(arguments), guard, PATIENCE)
            .await
            .context(hint)?;
        said.ended_well().context(hint)?;
    }
    find().map_err(|why| anyhow!("chromium was installed, but {why}"))
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
