//! The store as it runs in production: behind nginx and Caddy, as a service of systemd, and on Kubernetes, with the
//! files of `deploy/`, which the book shows.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use checker::checks;
use checker::patience::Patience;
use checker::subject::Program;
use checker::subject::process::Process;
use checker::subject::server::Server;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::Setup;
use crate::peers::{Peers, call, solution};

/// How long a check through a proxy may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a proxy may take to listen.
const TO_LISTEN: Duration = Duration::from_secs(10);

/// How long kubernetes-validate may take to read its schemas.
const TO_VALIDATE: Duration = Duration::from_secs(60);

/// The oldest version of Kubernetes that takes the manifest, as the book says, and the newest that
/// kubernetes-validate knows.
const KUBERNETES: [&str; 2] = ["1.29", "1.37"];

/// Where the store listens, as the files in `deploy/` have it.
const STORE: &str = "127.0.0.1:8420";

/// A reverse proxy.
#[derive(Clone, Copy)]
enum Proxy {
    Nginx,
    /// nginx, told to hold events back until it has many.
    NginxThatHoldsBack,
    Caddy,
}

/// A store behind a proxy, until this is dropped.
struct Behind {
    url: String,
    _proxy: Process,
    _store: Server,
}

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The store behind nginx and Caddy, under systemd, and on Kubernetes");
    let sentence = "kubernetes-validate takes the manifest";
    tally.check(sentence, is_a_manifest(setup)).await;
    let programs = Peers::new(&setup.root, &setup.guard).deployment().await;
    let [nginx, caddy, systemd] = match programs {
        Ok(programs) => programs,
        Err(error) => return tally.check("finds them", async { Err(error) }).await,
    };
    for (proxy, program, name, eras) in [
        (Proxy::Nginx, &nginx, "nginx", "both eras"),
        (Proxy::Caddy, &caddy, "Caddy", "the modern era"),
    ] {
        let sentence = format!("every step of exercise 4 passes behind {name}, in {eras}");
        tally.check(&sentence, asks(setup, proxy, program)).await;
        let sentence = format!("exercise 5 names its public address behind {name}");
        tally
            .check(&sentence, names_itself(setup, proxy, program))
            .await;
    }
    let sentence = "nginx that holds events back is noticed";
    tally.check(sentence, holds_back(setup, &nginx)).await;
    let sentence = "systemd takes the service";
    tally.check(sentence, is_a_service(setup, &systemd)).await;
}

/// The checker asks the store through the proxy, for events that must come in time.
async fn asks(setup: &Setup, proxy: Proxy, program: &Path) -> Result<String> {
    let behind = behind(setup, proxy, program, &setup.asking, "ex4_interact").await?;
    let eras = match proxy {
        // Caddy 2.6, which Debian 12 has, cuts off one in ten answers to clients of the older era. The book
        // says so.
        Proxy::Caddy => "modern",
        Proxy::Nginx | Proxy::NginxThatHoldsBack => "both",
    };
    let steps = outcomes(setup, &["ex4", "--era", eras], &behind.url).await?;
    let mut passed = 0;
    for (step, outcome) in &steps {
        match outcome.as_str() {
            "passed" => passed += 1,
            // What only a program can show that the checker starts itself.
            "could_not_check" => (),
            outcome => bail!("{step}: {outcome}"),
        }
    }
    for needed in ["4.1", "4.10", "4.12"] {
        let is_passed = steps
            .iter()
            .any(|(step, outcome)| step == needed && outcome == "passed");
        ensure!(is_passed, "{needed} did not pass: {steps:?}");
    }
    Ok(format!("{passed} of {} steps passed", steps.len()))
}

/// Without the events, a question to a client of the older era comes with the answer, or never.
async fn holds_back(setup: &Setup, nginx: &Path) -> Result<String> {
    let proxy = Proxy::NginxThatHoldsBack;
    let behind = behind(setup, proxy, nginx, &setup.asking, "ex4_interact").await?;
    let steps = outcomes(setup, &["4.1", "--era", "legacy"], &behind.url).await?;
    ensure!(
        steps
            .iter()
            .any(|(step, outcome)| step == "4.1" && outcome == "failed"),
        "{steps:?}"
    );
    Ok("4.1 fails".to_owned())
}

/// What clients are told is where they came from, not where the store listens.
async fn names_itself(setup: &Setup, proxy: Proxy, program: &Path) -> Result<String> {
    let store = solution(&setup.root, "ex5_auth", &setup.guard).await?;
    let behind = behind(setup, proxy, program, &store, "ex5_auth").await?;
    let refused = reqwest::Client::new().post(&behind.url).send().await?;
    ensure!(refused.status() == StatusCode::UNAUTHORIZED, "{refused:?}");
    let challenge = refused.headers().get("www-authenticate");
    let challenge = challenge.context("no challenge")?.to_str()?.to_owned();
    let place = challenge.split('"').nth(1).context("no address in it")?;
    let metadata: Value = reqwest::get(place).await?.json().await?;
    ensure!(metadata["resource"] == behind.url.as_str(), "{metadata}");
    Ok("the challenge leads to its metadata".to_owned())
}

async fn is_a_service(setup: &Setup, systemd: &Path) -> Result<String> {
    let unit = fs::read_to_string(setup.root.join("deploy/product-store.service"))?;
    // It looks whether the program is there.
    let store = setup.solution.executable.display().to_string();
    let unit = replaced(&unit, "/usr/local/bin/product-store", &store)?;
    let folder = folder(setup, "systemd")?;
    let file = folder.join("product-store.service");
    let broken = folder.join("broken.service");
    fs::write(&file, &unit)?;
    fs::write(&broken, replaced(&unit, "DynamicUser", "DynamicUsr")?)?;
    let said = verify(setup, systemd, &file).await?;
    ensure!(said.is_empty(), "{said}");
    let said = verify(setup, systemd, &broken).await?;
    ensure!(
        said.contains("DynamicUsr"),
        "a broken one is not noticed: {said}"
    );
    Ok("nothing to say".to_owned())
}

/// What systemd has to say of a unit.
async fn verify(setup: &Setup, systemd: &Path, file: &Path) -> Result<String> {
    let mut command = Command::new(systemd);
    command.arg("verify").arg(file);
    let said = call(command, &setup.guard, TO_LISTEN).await?;
    let words = said.stderr.join("\n");
    ensure!(said.status.success() || !words.is_empty(), "{said}");
    Ok(words)
}

async fn is_a_manifest(setup: &Setup) -> Result<String> {
    let manifest = setup.root.join("deploy/kubernetes.yaml");
    let text = fs::read_to_string(&manifest)?;
    // A probe with another name is never asked, and nothing looks wrong.
    let broken = folder(setup, "kubernetes")?.join("broken.yaml");
    fs::write(&broken, replaced(&text, "readinessProbe", "readyProbe")?)?;
    for version in KUBERNETES {
        let (passes, said) = validate(setup, version, &manifest).await?;
        ensure!(passes, "{said}");
        // One line for each document.
        let resources = said.matches(" passed for resource ").count();
        ensure!(resources == 2, "{resources} resources: {said}");
        let (passes, said) = validate(setup, version, &broken).await?;
        ensure!(
            !passes && said.contains("'readyProbe' was unexpected"),
            "a broken one is not noticed: {said}"
        );
    }
    Ok(format!("Kubernetes {}", KUBERNETES.join(" and ")))
}

/// Whether a manifest is valid for this version of Kubernetes, and what kubernetes-validate says.
async fn validate(setup: &Setup, version: &str, manifest: &Path) -> Result<(bool, String)> {
    let mut command = setup.python.kubernetes_validate();
    command
        // Without this, it accepts fields that do not exist.
        .arg("--strict")
        .args(["--kubernetes-version", version])
        .arg(manifest);
    let said = call(command, &setup.guard, TO_VALIDATE).await?;
    let words = said.stdout + &said.stderr.join("\n");
    Ok((said.status.success(), words))
}

/// Starts a store, and a proxy in front of it with the file of `deploy/`.
async fn behind(
    setup: &Setup,
    proxy: Proxy,
    program: &Path,
    store: &Program,
    exercise: &str,
) -> Result<Behind> {
    // Free a moment ago.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let url = format!("http://{free}/mcp");
    let mut store = store.clone();
    for (name, value) in [("STORE_URL", url.as_str()), ("STORE_BAKE_SECONDS", "0.05")] {
        store.environment.push((name.to_owned(), value.to_owned()));
    }
    let course = checker::course::Course::load(&setup.root.join("course.toml"))?;
    let exercise = course.exercise(exercise).context("no such exercise")?;
    let serving = checks::serving_of(exercise).context("it is no server")?;
    let store = store.serve(serving, Patience::default().listening).await?;
    let listens = format!("127.0.0.1:{}", store.port);
    let command = match proxy {
        Proxy::Nginx | Proxy::NginxThatHoldsBack => {
            let holds_back = matches!(proxy, Proxy::NginxThatHoldsBack);
            nginx(setup, program, &listens, free, holds_back)?
        }
        Proxy::Caddy => caddy(setup, program, &listens, free)?,
    };
    let process = Process::start(command, &setup.guard)?;
    let there = timeout(TO_LISTEN, async {
        while TcpStream::connect(free).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    let monitor = process.monitor();
    tokio::select! {
        there = there => there.with_context(|| format!("it does not listen: {:?}", monitor.stderr.last_lines()))?,
        _ = monitor.ended_with_words() => bail!("it ended: {:?}", monitor.stderr.last_lines()),
    }
    Ok(Behind {
        url,
        _proxy: process,
        _store: store,
    })
}

fn nginx(
    setup: &Setup,
    program: &Path,
    store: &str,
    free: SocketAddr,
    holds_back: bool,
) -> Result<Command> {
    let server = fs::read_to_string(setup.root.join("deploy/nginx.conf"))?;
    let server = replaced(&server, STORE, store)?;
    let mut server = replaced(&server, "listen 8080;", &format!("listen {free};"))?;
    if holds_back {
        // rmcp's answers say that they must not be held back, and nginx heeds that. Over HTTP/1.1 it sends
        // each chunk when it comes, whatever it was told.
        let wrong = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;";
        server = replaced(&server, "proxy_buffering off;", wrong)?;
        server = replaced(
            &server,
            "proxy_http_version 1.1;",
            "proxy_http_version 1.0;",
        )?;
    }
    let folder = folder(setup, "nginx")?;
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {name};\n"))
        .concat();
    let file = format!(
        "daemon off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{server}\n}}\n"
    );
    fs::write(folder.join("nginx.conf"), file)?;
    let mut command = Command::new(program);
    command
        .arg("-p")
        .arg(&folder)
        .args(["-c", "nginx.conf", "-e", "stderr"]);
    Ok(command)
}

fn caddy(setup: &Setup, program: &Path, store: &str, free: SocketAddr) -> Result<Command> {
    let server = fs::read_to_string(setup.root.join("deploy/Caddyfile"))?;
    let server = replaced(&server, STORE, store)?;
    let server = replaced(&server, "http://:8080", &format!("http://{free}"))?;
    let folder = folder(setup, "caddy")?;
    fs::write(
        folder.join("Caddyfile"),
        format!("{{\n\tadmin off\n}}\n{server}"),
    )?;
    let mut command = Command::new(program);
    command
        .args(["run", "--config", "Caddyfile"])
        .current_dir(&folder)
        // It keeps certificates there, and has none.
        .env("XDG_DATA_HOME", &folder)
        .env("XDG_CONFIG_HOME", &folder);
    Ok(command)
}

/// The outcome of each step in the checker's report, through this address.
async fn outcomes(setup: &Setup, words: &[&str], url: &str) -> Result<Vec<(String, String)>> {
    let mut command = Command::new(&setup.checker);
    command
        .current_dir(&setup.root)
        .arg("check")
        .args(words)
        .args(["--format", "json", "--url", url]);
    let said = call(command, &setup.guard, PATIENCE).await?;
    let report: Value = serde_json::from_str(&said.stdout).with_context(|| said.to_string())?;
    let steps = report["exercises"][0]["steps"].as_array();
    let steps = steps.context("a report without steps")?.iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(steps
        .map(|step| (text(&step["id"]), text(&step["outcome"])))
        .collect())
}

/// A folder for what a program needs to run.
fn folder(setup: &Setup, name: &str) -> Result<PathBuf> {
    let folder = setup.root.join("target/interop/deployment").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The text with another part, which must be there: the file may have been changed.
fn replaced(text: &str, part: &str, other: &str) -> Result<String> {
    ensure!(text.contains(part), "there is no `{part}` in it");
    Ok(text.replace(part, other))
}
