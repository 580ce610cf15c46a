//! Other people's MCP software that the project is held against, installed under
//! `target/interop/` with pip and npm as this machine has them set up, and pinned in `interop/`.
//!
//! - [`install`] keeps what is installed whole, of the pinned versions, and for one user at a time,
//! - [`python`] is FastMCP in a Python environment of its own,
//! - [`browser`] is a Chrome, Chromium or Edge: one that is there, or the distribution's,
//! - [`container`] is Docker or Podman, from the same place,
//! - [`deployment`] is what servers run behind and under, from the same place,
//! - [`postgres`] is a database, from the same place,
//! - [`packages`] are those of the distribution,
//! - [`mutants`] is cargo-mutants, built by cargo,
//! - [`node`] is a Node that is new enough, with the conformance suite and MCP Inspector,
//! - [`reveal`] is reveal.js, for the deck,
//! - [`call`] runs one command of a peer: with a deadline, and with its words if it fails.
//!
//! ```ignore
//! let peers = Peers::new(&root, &guard);
//! let script = peers.python().await?.script(&root.join("interop/client.py"));
//! let said = call(script, &guard, Duration::from_secs(60)).await?;
//! ```

pub(crate) mod browser;
mod call;
pub(crate) mod container;
mod deployment;
mod install;
mod mutants;
pub(crate) mod node;
mod packages;
mod postgres;
pub(crate) mod python;
pub(crate) mod reveal;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use checker::subject::Program;
use checker::subject::build::{BuildError, build};
use checker::subject::guard::Guard;

pub(crate) use self::call::{Said, call};
use self::container::Containers;
use self::install::Place;
use self::node::Node;
use self::python::Python;

/// The peers of one checkout. Each is installed when it is first asked for.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    /// `interop/`, where the versions are pinned.
    pins: PathBuf,
    /// `target/interop/`.
    target: PathBuf,
    guard: Guard,
}

impl Peers {
    /// The peers of the checkout at `root`. The guard ends what an installation leaves running.
    pub(crate) fn new(root: &Path, guard: &Guard) -> Self {
        Self {
            pins: root.join("interop"),
            target: root.join("target/interop"),
            guard: guard.clone(),
        }
    }

    /// A Python that has FastMCP.
    ///
    /// # Errors
    ///
    /// When there is no Python 3.11 or newer, or pip fails; with the words of either.
    pub(crate) async fn python(&self) -> Result<Python> {
        Python::install(&self.pins, &self.place("python"), &self.guard).await
    }

    /// A Node that is new enough, with the conformance suite and MCP Inspector.
    ///
    /// # Errors
    ///
    /// When there is no npm, or it fails; with its words.
    pub(crate) async fn node(&self) -> Result<Node> {
        Node::install(&self.pins, &self.place("node"), &self.guard).await
    }

    /// A browser. One that was installed otherwise will do.
    ///
    /// # Errors
    ///
    /// When there is none, and the distribution's packages are not to be had; with apt's words.
    pub(crate) async fn browser(&self) -> Result<PathBuf> {
        browser::install(&self.guard).await
    }

    /// nginx, Caddy and `systemd-analyze`. Those that were installed otherwise will do.
    ///
    /// # Errors
    ///
    /// When one is missing, and the distribution's packages are not to be had; with apt's words.
    pub(crate) async fn deployment(&self) -> Result<[PathBuf; 3]> {
        deployment::install(&self.guard).await
    }

    /// The folder of PostgreSQL's programs. One that was installed otherwise will do.
    ///
    /// # Errors
    ///
    /// When there is none, and the distribution's packages are not to be had; with apt's words.
    pub(crate) async fn postgres(&self) -> Result<PathBuf> {
        postgres::install(&self.guard).await
    }

    /// Docker or Podman, whichever answers.
    ///
    /// # Errors
    ///
    /// When neither does, and the distribution's Podman is not to be had; with apt's words.
    pub(crate) async fn containers(&self) -> Result<Containers> {
        Containers::install(&self.target, &self.guard).await
    }

    /// debootstrap, which makes a Debian from its packages.
    ///
    /// # Errors
    ///
    /// When the distribution's package is not to be had; with apt's words.
    pub(crate) async fn debootstrap(&self) -> Result<()> {
        let hint = "debootstrap is not installed, and this cannot install it";
        packages::install(&["debootstrap"], hint, &self.guard).await
    }

    /// cargo-mutants, for the checkout at `root`.
    ///
    /// # Errors
    ///
    /// When cargo cannot build it; with its words.
    pub(crate) async fn mutants(&self, root: &Path) -> Result<PathBuf> {
        mutants::install(root, &self.place("mutants"), &self.guard).await
    }

    fn place(&self, name: &'static str) -> Place {
        Place::new(&self.target, name)
    }
}

/// The solution of a store's exercise, `ex3_store`, built. `checker::subject::server::Server` starts it
/// on a free port of the loopback address, and ends it when dropped.
///
/// # Errors
///
/// When cargo cannot build it; with cargo's words.
pub(crate) async fn solution(root: &Path, exercise: &str, guard: &Guard) -> Result<Program> {
    Ok(Program {
        arguments: Vec::new(),
        executable: built(root, &format!("{exercise}_solution"), guard).await?,
        folder: root.join("solutions").join(exercise),
        environment: Vec::new(),
        guard: guard.clone(),
    })
}

/// The binary of a package of this workspace.
///
/// # Errors
///
/// As [`solution`].
pub(crate) async fn built(root: &Path, package: &str, guard: &Guard) -> Result<PathBuf> {
    match build(root, package, guard, |_| ()).await {
        Ok(built) => Ok(built.executable),
        Err(BuildError::Compile { first, .. }) => bail!("{package} does not compile:\n{first}"),
        Err(BuildError::Cargo(words)) => bail!("cargo cannot build {package}:\n{words}"),
        Err(BuildError::NoCargo(error)) => bail!("cargo cannot be started: {error}"),
    }
}
