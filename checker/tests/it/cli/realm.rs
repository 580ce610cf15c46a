//! `cargo checker realm`: what it serves and says, and how it ends. Keycloak, Java, Docker and Maven
//! are played by scripts, and the stand-in answers for Keycloak; `cargo interop keycloak` has the
//! real one.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::cli::told::{Told, fresh, nothing_is_left, processes_of, redacted, told_by};
use crate::common::workshop::Workshop;

/// How soon everything has ended that was asked to end.
const SOON: Duration = Duration::from_secs(5);

/// `cargo checker realm`, until it is stopped.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it has said until it was ready.
    welcome: String,
    issuer: String,
}

impl Running {
    /// Starts it, and waits until it says how to stop it.
    fn start(mut command: Command) -> Self {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.stdin(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("stops it.") {
            if stdout.read_line(&mut welcome).unwrap() == 0 {
                let mut stderr = String::new();
                let _ = child.stderr.take().unwrap().read_to_string(&mut stderr);
                panic!("it has ended: {welcome}{stderr}");
            }
        }
        let issuer = welcome.lines().find_map(|line| line.split_once("issuer"));
        let (_, issuer) = issuer.unwrap();
        Self {
            issuer: issuer.trim().to_owned(),
            child,
            stdout,
            welcome,
        }
    }

    fn port(&self) -> &str {
        let (_, rest) = self.issuer.split_once("localhost:").unwrap();
        rest.split_once('/').unwrap().0
    }

    fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Stops it, and gives all that it said.
    fn stopped_by(mut self, workshop: &Workshop, signal: Signal) -> Told {
        let begin = Instant::now();
        self.send(signal);
        let mut rest = Vec::new();
        self.stdout.read_to_end(&mut rest).unwrap();
        let mut output = self.child.wait_with_output().unwrap();
        assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
        output.stdout = [self.welcome.into_bytes(), rest].concat();
        Told::of(workshop, output)
    }
}

/// Scripts that stand for other programs, in the workshop itself.
struct Others<'a> {
    workshop: &'a Workshop,
}

/// Answers for Keycloak on the port that is in its arguments, until it is ended.
const KEYCLOAK: &str = "\
while [ $# -gt 0 ]; do
  case $1 in
    --http-port) port=$2;;
    127.0.0.1:*:8080) port=${1#127.0.0.1:}; port=${port%:8080};;
  esac
  shift
done
echo \"it listens on $port\"
echo 'it complains' >&2
exec \"$CHECKER\" realm --port $port > /dev/null";

impl<'a> Others<'a> {
    /// No container engine and no Maven, a Java 21, and a Keycloak that is fetched already.
    fn of(workshop: &'a Workshop) -> Self {
        let others = Self { workshop };
        for name in ["docker", "podman", "mvn"] {
            others.are("bin", name, "echo 'nobody is there' >&2; exit 1");
        }
        others.are("java/bin", "java", "echo 'openjdk version \"21.0.1\"' >&2");
        others.are("target/keycloak/keycloak-26.7.3/bin", "kc.sh", KEYCLOAK);
        others
    }

    fn are(&self, folder: &str, name: &str, script: &str) {
        let folder = self.workshop.path(folder);
        fs::create_dir_all(&folder).unwrap();
        let (new, path) = (folder.join("new"), folder.join(name));
        fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn keycloak(&self) -> Command {
        let mut command = self.workshop.checker("realm --keycloak --port 0");
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.workshop.path("bin").display());
        command
            .env("PATH", path)
            .env("JAVA_HOME", self.workshop.path("java"))
            .env("CHECKER", env!("CARGO_BIN_EXE_checker"))
            // Nobody is there either: nothing is fetched from elsewhere.
            .env("HTTPS_PROXY", "http://127.0.0.1:9");
        command
    }

    fn could_not(&self) -> String {
        let told = told_by(self.workshop, self.keycloak());
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{told:?}");
        let last = told.stderr.lines().next_back().unwrap();
        last.strip_prefix("error: ").unwrap().to_owned()
    }
}

fn settings(workshop: &Workshop) -> insta::Settings {
    let mut settings = redacted(workshop);
    settings.add_filter(r"localhost:\d+", "localhost:[port]");
    settings.add_filter(r"--port \d+", "--port [other]");
    settings.add_filter(r"\(pid \d+\)", "(pid [pid])");
    settings.add_filter(r"kill \d+", "kill [pid]");
    settings.add_filter(r"it-[[:xdigit:]]+ ", "[program] ");
    settings.add_filter(r"took \d+\.\d s", "took [time]");
    settings
}

async fn token(running: &Running, password: &str) -> Value {
    let url = format!("{}/protocol/openid-connect/token", running.issuer);
    let form = format!(
        "grant_type=password&client_id=checker&client_secret=checker-secret&username=alice&password={password}&scope=mcp:access"
    );
    let request = reqwest::Client::new().post(url).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test]
async fn it_serves_the_realm_tells_what_happens_and_ends_with_ctrl_c() {
    let workshop = fresh();
    let running = Running::start(workshop.checker("realm --port 0"));
    let wrong = token(&running, "hunter2").await;
    assert_eq!(wrong["error"], "invalid_grant");
    let right = token(&running, "alice").await;
    let told = running.stopped_by(&workshop, Signal::SIGINT);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told:?}");
    for secret in ["hunter2", right["access_token"].as_str().unwrap()] {
        assert!(!told.stdout.contains(secret), "{}", told.stdout);
    }
    settings(&workshop).bind(|| assert_snapshot!("stand_in", told.stdout));
}

#[tokio::test]
async fn it_is_reached_by_the_names_of_this_machine_only() {
    let workshop = fresh();
    let running = Running::start(workshop.checker("realm --port 0"));
    let port = running.port();
    let status = async |host: &str| {
        let url = format!("http://127.0.0.1:{port}/realms/workshop");
        let request = reqwest::Client::new().get(url).header("host", host);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&format!("localhost:{port}")).await, 200);
    assert_eq!(status("evil.example").await, 403);
    assert_eq!(running.stopped_by(&workshop, Signal::SIGTERM).code, 0);
}

#[test]
fn a_taken_port_is_told_with_who_has_it() {
    let workshop = fresh();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = other.local_addr().unwrap().port();
    let running = Running::start(workshop.checker("realm --port 0"));
    let mut said = String::new();
    for port in [&other.to_string(), running.port()] {
        let mut command = workshop.checker("realm");
        command.args(["--port", port]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        said += &String::from_utf8(output.stderr).unwrap();
    }
    running.stopped_by(&workshop, Signal::SIGINT);
    settings(&workshop).bind(|| assert_snapshot!("taken", said));
}

#[test]
fn keycloak_is_started_and_ends_with_the_checker() {
    let workshop = fresh();
    let others = Others::of(&workshop);
    let running = Running::start(others.keycloak());
    let at_work = processes_of(&workshop).join("\n");
    assert!(at_work.contains("realm --port"), "control: {at_work}");
    let second = others.could_not_while_it_runs();
    assert!(second.contains("is already running"), "{second}");
    let told = running.stopped_by(&workshop, Signal::SIGINT);
    assert_eq!(told.code, 0, "{told:?}");
    settings(&workshop).bind(|| assert_snapshot!("keycloak", told.stdout));
    let stages = "starting it with a fresh realm, which takes up to a minute\n";
    assert_eq!(told.stderr, stages);
    let log = workshop.read("target/keycloak/keycloak.log");
    assert!(
        log.contains("it listens on") && log.contains("it complains"),
        "{log}"
    );
    let import = "target/keycloak/keycloak-26.7.3/data/import/workshop-realm.json";
    assert!(workshop.read(import).contains("\"realm\": \"workshop\""));

    // The realm is there now. And nothing outlives a checker that is killed.
    let mut running = Running::start(others.keycloak());
    running.send(Signal::SIGKILL);
    running.child.wait().unwrap();
    nothing_is_left(&workshop, SOON);
    let mut stderr = String::new();
    let pipe = running.child.stderr.as_mut().unwrap();
    pipe.read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "starting it, which takes about 10 s\n");
}

impl Others<'_> {
    fn could_not_while_it_runs(&self) -> String {
        let output = self.keycloak().output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn a_container_is_preferred_where_an_engine_answers() {
    let workshop = fresh();
    let others = Others::of(&workshop);
    let runs = format!("case $1 in run) ;; *) exit 0;; esac\n{KEYCLOAK}");
    others.are("bin", "docker", &runs);
    let running = Running::start(others.keycloak());
    let told = running.stopped_by(&workshop, Signal::SIGINT);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.stdout.contains("Keycloak 26.7.3 on a container"),
        "{told:?}"
    );

    // Java it is, where the image cannot be had.
    others.are(
        "bin",
        "docker",
        "case $1 in info) exit 0;; *) exit 1;; esac",
    );
    let running = Running::start(others.keycloak());
    let told = running.stopped_by(&workshop, Signal::SIGINT);
    assert!(told.stdout.contains("on Java 21"), "{told:?}");
}

#[test]
fn what_keycloak_lacks_is_told_with_what_to_do() {
    let workshop = fresh();
    let others = Others::of(&workshop);
    let mut said = String::new();

    others.are(
        "target/keycloak/keycloak-26.7.3/bin",
        "kc.sh",
        "echo '2026-11-27 20:10:00,000 ERROR [org.keycloak] (main) ERROR: Out of luck'; exit 3",
    );
    said += &format!("ended: {}\n\n", others.could_not());

    fs::remove_dir_all(workshop.path("target/keycloak")).unwrap();
    said += &format!("not fetched: {}\n\n", others.could_not());

    let archive = "target/keycloak/keycloak-quarkus-dist-26.7.3.tar.gz";
    workshop.write(archive, "an archive of somebody else");
    said += &format!("another one: {}\n\n", others.could_not());
    assert!(!workshop.path(archive).exists());

    others.are("java/bin", "java", "echo 'java version \"1.8.0_402\"' >&2");
    said += &format!("too old: {}\n\n", others.could_not());

    fs::remove_dir_all(workshop.path("java")).unwrap();
    said += &format!("no Java: {}\n", others.could_not());
    let mut settings = settings(&workshop);
    settings.add_filter(
        r"(On Debian|`brew|`winget).* installs one",
        "[how to install one]",
    );
    settings.bind(|| assert_snapshot!("lacks", said));
}
