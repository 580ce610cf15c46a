//! The bundle of `cargo xtask bundle`, unpacked elsewhere and used as an attendee would: without a
//! network, and with a cargo that has never fetched a crate.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use tempfile::TempDir;
use tokio::process::Command;

use super::Setup;
use crate::bundle;
use crate::peers::call;

/// The first build of the checker, on a machine of two cores that is busy.
const BUILD: Duration = Duration::from_secs(1800);
const PATIENCE: Duration = Duration::from_secs(300);

/// Raises the loopback of a network namespace, then becomes the command.
const WITH_LOOPBACK: &str = "ip link set lo up && exec \"$@\"";

/// A proxy that nobody is behind: the port for discarding.
const NOWHERE: &str = "http://127.0.0.1:9";

pub(super) async fn run(setup: &Setup) {
    setup.tally.peer("The bundle, with the network off");
    let mut unpacked = None;
    let made = async {
        let room = Room::unpack(&bundle::make(&setup.root, &setup.guard).await?, setup).await?;
        let way = room.way();
        unpacked = Some(room);
        Ok(format!("without a network by {way}"))
    };
    setup.tally.check("it is made and unpacked", made).await;
    // What was wrong is told already.
    let Some(room) = unpacked else { return };
    let sentence = "it has a book, a deck and a clean checkout";
    setup.tally.check(sentence, room.is_whole()).await;
    let sentence = "`cargo checker list` builds the checker";
    let list = room.cargo(&["checker", "list"], BUILD);
    setup.tally.check(sentence, list).await;
    let sentence = "the solution of exercise 3 is built and passes";
    let check = room.cargo(&["checker", "check", "ex3", "--solution"], BUILD);
    setup.tally.check(sentence, check).await;
}

/// Where an attendee sits.
struct Room<'a> {
    setup: &'a Setup,
    folder: TempDir,
    /// The folder in the archive.
    workshop: PathBuf,
    /// Whether there are network namespaces, as on most Linux.
    has_namespaces: bool,
}

impl<'a> Room<'a> {
    async fn unpack(archive: &Path, setup: &'a Setup) -> Result<Self> {
        // Not in `target/`: there cargo would find the settings of this checkout, too.
        let folder = tempfile::tempdir().context("there is no temporary folder")?;
        let file = File::open(archive)?;
        let to = folder.path().to_owned();
        tokio::task::spawn_blocking(move || tar::Archive::new(GzDecoder::new(file)).unpack(to))
            .await??;
        let mut tops = std::fs::read_dir(folder.path())?;
        let workshop = tops.next().context("the archive is empty")??.path();
        ensure!(
            tops.next().is_none(),
            "there is more than one folder at its top"
        );
        let mut room = Self {
            setup,
            folder,
            workshop,
            has_namespaces: true,
        };
        let tried = call(room.offline("true"), &setup.guard, PATIENCE).await;
        room.has_namespaces = tried.is_ok_and(|said| said.status.success());
        Ok(room)
    }

    fn way(&self) -> &'static str {
        if self.has_namespaces {
            "a network namespace of its own"
        } else {
            "CARGO_NET_OFFLINE and a proxy that leads nowhere"
        }
    }

    async fn is_whole(&self) -> Result<String> {
        for page in ["read/book/index.html", "read/slides/index.html"] {
            ensure!(self.workshop.join(page).is_file(), "there is no {page}");
        }
        let mut git = self.offline("git");
        git.args(["status", "--porcelain"]);
        let changed = call(git, &self.setup.guard, PATIENCE).await?.ended_well()?;
        ensure!(changed.is_empty(), "git sees changes:\n{changed}");
        Ok("git sees no changes".to_owned())
    }

    /// Runs cargo, and gives the last line of what it says.
    async fn cargo(&self, arguments: &[&str], patience: Duration) -> Result<String> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = self.offline(&cargo);
        command.args(arguments);
        let said = call(command, &self.setup.guard, patience).await?;
        let said = said.ended_well()?;
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        Ok(last.context("it says nothing")?.trim().to_owned())
    }

    /// A program that has no network, in the unpacked folder.
    fn offline(&self, program: &str) -> Command {
        let mut command = if self.has_namespaces {
            let mut command = Command::new("unshare");
            let words = ["--map-root-user", "--net", "sh", "-c", WITH_LOOPBACK, "sh"];
            command.args(words).arg(program);
            command
        } else {
            let mut command = Command::new(program);
            command.env("CARGO_NET_OFFLINE", "true");
            for variable in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
                command.env(variable, NOWHERE);
            }
            command.env("no_proxy", "127.0.0.1,localhost,::1");
            command
        };
        // What the cargo that runs this has set is not for the one in there.
        for (name, _) in std::env::vars_os() {
            let is_cargos = name.to_str().is_some_and(|name| name.starts_with("CARGO"));
            if is_cargos && name != "CARGO_NET_OFFLINE" {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.workshop)
            .env("CARGO_HOME", self.folder.path().join("cargo-home"));
        command
    }
}
