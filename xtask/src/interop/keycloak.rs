//! The realm of exercise 5: the stand-in and a real Keycloak, each as `cargo checker realm` starts it,
//! asked the same by the tests of the crate `realm` and by the official conformance suite.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use checker::subject::process::Process;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::browser::passed;
use super::conformance::authorization;
use super::{Setup, build_tests, cargo, signing_in};
use crate::peers::call;

/// How long the tests may take, with what is still to be built.
const PATIENCE: Duration = Duration::from_secs(600);

/// How soon a realm has ended that was asked to end.
const END: Duration = Duration::from_secs(15);

/// A realm that the checker can start.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    arguments: &'static [&'static str],
    /// The variable by which the tests know it, if they are for it.
    variable: Option<&'static str>,
    /// How long it may take to answer. Keycloak is fetched the first time.
    start: Duration,
}

const STAND_IN: Kind = Kind {
    name: "stand-in",
    arguments: &[],
    variable: Some("STAND_IN_URL"),
    start: Duration::from_secs(30),
};

/// With client ID metadata documents, which Keycloak has as an experiment.
const CIMD: Kind = Kind {
    name: "stand-in-cimd",
    arguments: &["--cimd"],
    variable: None,
    start: STAND_IN.start,
};

const KEYCLOAK: Kind = Kind {
    name: "keycloak",
    arguments: &["--keycloak"],
    variable: Some("KEYCLOAK_URL"),
    start: Duration::from_secs(900),
};

/// A realm that runs.
struct Realm {
    process: Process,
    /// `http://localhost:8180/realms/workshop`
    issuer: String,
}

pub(super) async fn run(setup: &Setup) {
    for kind in [STAND_IN, CIMD, KEYCLOAK] {
        let tally = &setup.tally;
        let words = ["cargo checker realm", kind.arguments.join(" ").as_str()].join(" ");
        tally.peer(words.trim_end());
        let mut started = None;
        let starting = async {
            let (realm, took) = start(setup, kind).await?;
            started = Some(realm);
            Ok(took)
        };
        tally.check("starts, and says where it is", starting).await;
        // What cannot be asked has failed already.
        let Some(realm) = started else { continue };
        if let Some(variable) = kind.variable {
            let asked = asked(setup, variable, &realm);
            tally.check("answers as the tests want it", asked).await;
            signing_in::run(setup, &realm.issuer).await;
        }
        let documents = kind.arguments.contains(&"--cimd");
        authorization::run(setup, kind.name, &realm.issuer, documents).await;
        tally
            .check("ends when it is asked to, and leaves nothing", ended(realm))
            .await;
    }
}

/// Starts it on a free port, and says how long that took.
async fn start(setup: &Setup, kind: Kind) -> Result<(Realm, String)> {
    let begin = Instant::now();
    let mut command = Command::new(&setup.checker);
    command
        .current_dir(&setup.root)
        .env("NO_COLOR", "1")
        .args(["realm", "--port", "0"])
        .args(kind.arguments);
    let mut process = Process::start(command, &setup.guard).context("it cannot be started")?;
    let stdout = process.take_stdout().context("it has no stdout")?;
    let mut lines = BufReader::new(stdout).lines();
    let ready = async {
        let mut issuer = None;
        while let Some(line) = lines.next_line().await? {
            if let Some((_, url)) = line.split_once("issuer ") {
                issuer = Some(url.trim().to_owned());
            }
            if line.contains("Ctrl-C stops it") {
                return issuer.context("it does not say where it is");
            }
        }
        process.monitor().ended_with_words().await;
        bail!("it ended: {}", process.stderr().last_lines().join("\n"))
    };
    let issuer = timeout(kind.start, ready).await;
    let issuer = issuer.with_context(|| format!("nothing for {} s", kind.start.as_secs()))??;
    // It tells what happens, and must not be held up by a full pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let took = format!("ready after {:.1} s", begin.elapsed().as_secs_f64());
    Ok((Realm { process, issuer }, took))
}

/// The tests of the crate `realm`, against it.
async fn asked(setup: &Setup, variable: &str, realm: &Realm) -> Result<String> {
    let (origin, _) = realm.issuer.split_once("/realms/").context("no issuer")?;
    build_tests(setup).await?;
    let mut command = cargo(setup);
    command
        .args(["test", "--locked", "--workspace", "--test", "wire"])
        .env(variable, origin);
    passed(&call(command, &setup.guard, PATIENCE).await?.ended_well()?)
}

async fn ended(realm: Realm) -> Result<String> {
    let Realm { process, issuer } = realm;
    process.ask_to_end();
    let status = timeout(END, process.ended()).await;
    let status = status.context("it goes on")?.context("it was lost")?;
    // Windows has no way to ask.
    ensure!(status.success() || cfg!(windows), "{status}");
    let (_, port) = issuer.split_once("localhost:").context("no port")?;
    let (port, _) = port.split_once('/').context("no port")?;
    let port: u16 = port.parse()?;
    std::net::TcpListener::bind(("127.0.0.1", port))
        .with_context(|| format!("port {port} is still taken"))?;
    Ok(format!("{status}, port {port} is free"))
}
