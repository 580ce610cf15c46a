//! FastMCP, in a Python environment of its own. typos and kubernetes-validate are in there too.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use checker::subject::guard::Guard;
use tokio::process::Command;

use super::call::call;
use super::install::Place;

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// How long pip may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// What FastMCP and the versions in `constraints.txt` need.
const NEWER_THAN: &str =
    "import sys; print(sys.version, sys.executable); sys.exit(sys.version_info < (3, 11))";

/// A Python that has FastMCP.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    /// The interpreter.
    pub(crate) program: PathBuf,
}

impl Python {
    pub(super) async fn install(pins: &Path, place: &Place, guard: &Guard) -> Result<Self> {
        let read = |name| {
            let path = pins.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let requirements = read("requirements.txt")?;
        let version = version(guard).await?;
        let source = format!("{version}{requirements}{}", read("constraints.txt")?);
        let folder = place
            .installed("FastMCP", &source, async |folder| {
                let mut venv = Command::new(PYTHON);
                venv.args(["-m", "venv"]).arg(folder);
                call(venv, guard, PATIENCE).await?.ended_well()?;
                let mut pip = Command::new(interpreter(folder));
                pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
                    .args(["--quiet", "--requirement"])
                    .arg(pins.join("requirements.txt"));
                call(pip, guard, PATIENCE).await?.ended_well()?;
                Ok(())
            })
            .await?;
        Ok(Self {
            program: interpreter(&folder),
        })
    }

    /// The interpreter with a script, and with an environment in which FastMCP prints nothing but
    /// its log, and asks nobody for updates.
    pub(crate) fn script(&self, script: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(script)
            .env("NO_COLOR", "1")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1")
            .env("FASTMCP_CHECK_FOR_UPDATES", "off")
            .env("FASTMCP_SHOW_SERVER_BANNER", "false");
        command
    }

    /// typos, which finds misspelled words.
    pub(crate) fn typos(&self) -> Command {
        let typos = self.program.with_file_name("typos");
        Command::new(typos.with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// kubernetes-validate, which compares manifests with the schemas of Kubernetes. It comes with the schemas of
    /// every version, and needs no network.
    pub(crate) fn kubernetes_validate(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-m", "kubernetes_validate"]);
        command
    }
}

/// Which Python there is; one that is new enough.
async fn version(guard: &Guard) -> Result<String> {
    const NEEDED: &str = "`cargo interop` needs Python 3.11 or newer with venv. Install it with your system's package manager (on Debian and Ubuntu `sudo apt install python3 python3-venv`)";
    let mut command = Command::new(PYTHON);
    command.args(["-c", NEWER_THAN]);
    let said = call(command, guard, Duration::from_secs(30))
        .await
        .context(NEEDED)?;
    if !said.status.success() {
        bail!("{NEEDED}. `{PYTHON}` says:\n    {}", said.stdout.trim_end());
    }
    Ok(said.stdout)
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    })
}
