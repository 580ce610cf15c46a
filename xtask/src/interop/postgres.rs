//! The store of exercise 6 on a real PostgreSQL, which runs on a free port for as long as this takes.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use checker::checks;
use checker::fixtures::browser::is_root;
use checker::subject::process::Process;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::Setup;
use crate::folders::emptied;
use crate::peers::{Peers, call};

/// How long a command of PostgreSQL may take, or its start.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the checker may take, with a build of the solution.
const CHECKS: Duration = Duration::from_secs(1200);

/// Its user, who needs no password.
const USER: &str = "store";

/// A PostgreSQL, until this is dropped.
struct Postgres {
    /// The folder of its programs.
    programs: PathBuf,
    url: String,
    _process: Process,
}

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The store of exercise 6 on PostgreSQL");
    let mut started = None;
    let start = async {
        let postgres = start(setup).await?;
        let version = sql(setup, &postgres, "SHOW server_version").await?;
        started = Some(postgres);
        Ok(version)
    };
    tally.check("starts", start).await;
    let Some(postgres) = started else {
        return;
    };
    tally
        .check(
            "every step of exercise 6 passes on it",
            passes(setup, &postgres),
        )
        .await;
    tally
        .check("no database is left", leaves_nothing(setup, &postgres))
        .await;
    let sentence = "a PostgreSQL that is not there is reported";
    tally.check(sentence, is_reported(setup, &postgres)).await;
}

async fn passes(setup: &Setup, postgres: &Postgres) -> Result<String> {
    let steps = checked(setup, postgres, "ex6", &postgres.url).await?;
    let is_here = |step: &&Value| {
        let id = step["id"].as_str();
        id.is_none_or(|id| checks::takes_minutes(id).is_none())
    };
    let steps: Vec<&Value> = steps.iter().filter(is_here).collect();
    for step in &steps {
        let outcome = &step["outcome"];
        ensure!(outcome == "passed", "{step:#}");
    }
    ensure!(!steps.is_empty(), "no step was checked");
    Ok(format!("{} steps passed", steps.len()))
}

/// Each check drops the database that it has made.
async fn leaves_nothing(setup: &Setup, postgres: &Postgres) -> Result<String> {
    let left = "SELECT COUNT(*) FROM pg_database WHERE datname LIKE 'store\\_%'";
    let left = sql(setup, postgres, left).await?;
    ensure!(left == "0", "{left} databases are left");
    Ok("none".to_owned())
}

async fn is_reported(setup: &Setup, postgres: &Postgres) -> Result<String> {
    // Nobody listens on the port of a listener that is gone.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let url = format!("postgres://{USER}@{free}");
    let steps = checked(setup, postgres, "6.1", &url).await?;
    let [step] = steps.as_slice() else {
        bail!("{steps:?}");
    };
    let said = step.to_string();
    let is_said = step["outcome"] == "could_not_check" && said.contains("made no database");
    ensure!(is_said, "{step:#}");
    Ok("could not check".to_owned())
}

/// The steps of the checker's report about the solution, with databases of this PostgreSQL.
async fn checked(setup: &Setup, postgres: &Postgres, what: &str, url: &str) -> Result<Vec<Value>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::split_paths(&path);
    let path = std::env::join_paths([postgres.programs.clone()].into_iter().chain(path))?;
    let mut command = Command::new(&setup.checker);
    command
        .current_dir(&setup.root)
        .args(["check", what, "--solution", "--format", "json"])
        .args(["--database", url])
        .env("PATH", path);
    let said = call(command, &setup.guard, CHECKS).await?;
    let report: Value = serde_json::from_str(&said.stdout).with_context(|| said.to_string())?;
    let steps = report["exercises"][0]["steps"].as_array();
    Ok(steps.context("a report without steps")?.clone())
}

async fn start(setup: &Setup) -> Result<Postgres> {
    let programs = Peers::new(&setup.root, &setup.guard).postgres().await?;
    let folder = setup.root.join("target/interop/postgres");
    emptied(&folder)?;
    let owner = owner(&folder)?;
    let data = folder.join("data");
    let mut init = as_owner(&programs.join("initdb"), owner, &folder);
    init.arg("-D").arg(&data).args([
        "--username",
        USER,
        "--auth",
        "trust",
        "--encoding",
        "UTF8",
        "--locale",
        "C",
        "--no-sync",
    ]);
    call(init, &setup.guard, PATIENCE).await?.ended_well()?;
    // Free a moment ago.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut server = as_owner(&programs.join("postgres"), owner, &folder);
    server
        .arg("-D")
        .arg(&data)
        .args(["-p", &free.port().to_string()])
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories="])
        // It does not have to survive a crash of the machine.
        .args(["-c", "fsync=off"]);
    let postgres = Postgres {
        programs,
        url: format!("postgres://{USER}@{free}"),
        _process: Process::start(server, &setup.guard)?,
    };
    let begun = Instant::now();
    while let Err(error) = sql(setup, &postgres, "SELECT 1").await {
        ensure!(begun.elapsed() < PATIENCE, "it does not start: {error:#}");
        sleep(Duration::from_millis(100)).await;
    }
    Ok(postgres)
}

/// What one statement gives.
async fn sql(setup: &Setup, postgres: &Postgres, statement: &str) -> Result<String> {
    let mut psql = Command::new(postgres.programs.join("psql"));
    psql.args([
        "--no-psqlrc",
        "--no-password",
        "--tuples-only",
        "--no-align",
    ])
    .args(["--dbname", &format!("{}/postgres", postgres.url)])
    .args(["--command", statement]);
    let said = call(psql, &setup.guard, PATIENCE).await?.ended_well()?;
    Ok(said.trim().to_owned())
}

/// A command of PostgreSQL in a folder that its user may read.
fn as_owner(program: &Path, owner: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    #[cfg(unix)]
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    #[cfg(not(unix))]
    let _ = owner;
    command
}

/// PostgreSQL refuses to run as root. Root gives the folder to nobody, who then runs it.
fn owner(folder: &Path) -> Result<Option<(u32, u32)>> {
    if !is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let nobody = users.lines().find(|line| line.starts_with("nobody:"));
    let mut fields = nobody
        .context("there is no user nobody")?
        .split(':')
        .skip(2);
    let mut number = || fields.next()?.parse::<u32>().ok();
    let (Some(user), Some(group)) = (number(), number()) else {
        bail!("/etc/passwd does not say who nobody is");
    };
    #[cfg(unix)]
    std::os::unix::fs::chown(folder, Some(user), Some(group))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(Some((user, group)))
}
