//! Docker or Podman: the one that answers, or the distribution's Podman.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use checker::fixtures::browser::is_root;
use checker::subject::container::Engine;
use checker::subject::guard::Guard;
use tokio::process::Command;

use super::packages;

/// Podman, with what runs containers and publishes their ports.
const PACKAGES: [&str; 5] = [
    "podman",
    "buildah",
    "runc",
    "containernetworking-plugins",
    "iptables",
];

/// How Podman runs containers for root, also on a machine that is itself a sandbox: there, crun and the
/// usual limits are often refused.
const SETTINGS: &str = r#"[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"#;

/// What runs containers here.
pub(crate) struct Containers {
    /// `docker` or `podman`.
    pub(crate) engine: Engine,
    settings: Option<PathBuf>,
}

impl Containers {
    /// What answers, or what was installed.
    ///
    /// # Errors
    ///
    /// As `Peers::containers`.
    pub(super) async fn install(target: &Path, guard: &Guard) -> Result<Self> {
        let engine = match Engine::find().await {
            Some(engine) => engine,
            None => {
                let hint = "neither Docker nor Podman answers, and this cannot install Podman";
                packages::install(&PACKAGES, hint, guard).await?;
                let found = Engine::find().await;
                found.context("Podman was installed, and does not answer")?
            }
        };
        let mut settings = None;
        if engine.name() == "podman" && is_root() {
            let file = target.join("containers.conf");
            fs::create_dir_all(target)?;
            fs::write(&file, SETTINGS)?;
            settings = Some(file);
        }
        Ok(Self { engine, settings })
    }

    /// The engine's command, without arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.engine.command();
        self.prepare(&mut command);
        command
    }

    /// Has whatever a program starts run containers as it is possible here.
    pub(crate) fn prepare(&self, command: &mut Command) {
        if let Some(settings) = &self.settings {
            command.env("CONTAINERS_CONF", settings);
        }
    }
}
