//! 6.8: an image of the store: small, without root, and with a health check. In a container, the store
//! can be reached, writes to its database, and stops when it is asked to.

use std::process::Stdio;
use std::time::Duration;
use std::{fmt, fs};

use reqwest::Url;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::places;
use crate::checks::{Checked, Stop, WorkspaceUnderTest};
use crate::escape::one_line;
use crate::mcp::plain::{self, Page};
use crate::mcp::{ClientProfile, Era};
use crate::subject::container::{Engine, Ran};
use crate::verdict::{Code, Finding};

/// What takes minutes.
pub(super) const WHAT: &str = "it builds an image and runs it";

/// What the image is called, also for who wants to try it.
const IMAGE: &str = "workshop-store";

/// How large it may be, in bytes.
const LARGEST: u64 = 60_000_000;

/// The port on which the store listens in its container.
const PORT: &str = "8420";

/// How long the store may take until it answers in its container.
const START: Duration = Duration::from_secs(20);

/// How often the check asks whether it does.
const OFTEN: Duration = Duration::from_millis(100);

/// How long a health check may take. Docker's own limit is 30 seconds.
const HEALTH: Duration = Duration::from_secs(30);

/// How long the store may take to end, in seconds. It has ten for calls that are running.
const END: &str = "20";

/// The exit code of `run` if the engine itself has failed, whatever the image is.
const BY_THE_ENGINE: i32 = 125;

/// So many lines of a build that failed, or of a store, are shown.
const LINES: usize = 8;

/// What no image may contain: whoever has the image has it.
const SECRETS: [&str; 2] = ["STORE_SEALING_KEY", "CARRIER_KEY"];

/// What an engine knows about an image. Docker and Podman do not have the health check in the same place.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    size: u64,
    config: Config,
    healthcheck: Option<Health>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    user: String,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    healthcheck: Option<Health>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    test: Vec<String>,
}

/// The command of an image's health check.
struct HealthCheck<'a> {
    program: &'a str,
    arguments: &'a [String],
}

impl fmt::Display for HealthCheck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.program, self.arguments.join(" "))
    }
}

/// A container of the store, until it is dropped.
struct Container<'a> {
    host: &'a Host<'a>,
    name: String,
}

/// What builds images, and runs them.
struct Host<'a> {
    workspace: &'a WorkspaceUnderTest,
    engine: Engine,
}

pub(super) async fn check(workspace: &WorkspaceUnderTest) -> Checked {
    let Some(folder) = &workspace.folder else {
        let reason = "it builds the image of the workshop's own crate. Check it without `--url` and `--command`";
        return Err(Stop::CouldNotCheck(reason.to_owned()));
    };
    let file = folder.join(places::IMAGE.file);
    let text = fs::read_to_string(&file).unwrap_or_default();
    if !text.lines().any(is_instruction) {
        return Err(Stop::not_declared("no instruction in the Dockerfile yet"));
    }
    if !workspace.is_asked_for {
        return Err(Stop::CouldNotCheck(format!(
            "{WHAT}, which takes minutes. To check it, run `cargo checker check {}`",
            workspace.step
        )));
    }
    let Some(engine) = Engine::find().await else {
        let reason = "no container engine answers here. Install and start Docker or Podman: https://podman.io/docs/installation";
        return Err(Stop::CouldNotCheck(reason.to_owned()));
    };
    let host = Host { workspace, engine };
    let checked = host.check(&file.display().to_string()).await;
    checked.map_err(|stop| stop.at(places::IMAGE))
}

fn is_instruction(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

impl Host<'_> {
    async fn check(&self, file: &str) -> Checked {
        self.build(file).await?;
        let image = self.inspect().await?;
        let health = image.judged()?;
        let container = self.start().await?;
        let url = container.answers().await?;
        container.is_ready(&url).await?;
        container.says_that_it_is_healthy(&health).await?;
        self.says_that_it_is_not(&health).await?;
        container.ends().await
    }

    async fn run(&self, arguments: &[&str]) -> Checked<Ran> {
        let ran = self.engine.run(arguments, &self.workspace.guard).await;
        ran.map_err(|error| {
            Stop::CouldNotCheck(format!(
                "`{}` could not be started: {error}",
                self.engine.name()
            ))
        })
    }

    /// What must work, whatever the attendee has written.
    async fn must(&self, arguments: &[&str]) -> Checked<Ran> {
        let ran = self.run(arguments).await?;
        if ran.is_done() {
            return Ok(ran);
        }
        let said = one_line(&ran.last_words(LINES));
        Err(Stop::CouldNotCheck(format!(
            "`{} {}` failed: {said}",
            self.engine.name(),
            arguments.join(" ")
        )))
    }

    async fn build(&self, file: &str) -> Checked {
        let root = self.workspace.root.display().to_string();
        let mut arguments = vec!["build", "--tag", IMAGE, "--file", file];
        if self.engine.name() == "podman" {
            // Otherwise it ignores HEALTHCHECK.
            arguments.extend(["--format", "docker"]);
        }
        arguments.push(&root);
        let before = self.image_id().await?;
        let built = self.run(&arguments).await?;
        if built.is_done() {
            // An image without a name only takes room. One that is in use stays.
            if let Some(before) = before
                && self.image_id().await?.is_some_and(|after| after != before)
            {
                self.run(&["rmi", &before]).await?;
            }
            return Ok(());
        }
        Err(Finding::new(Code::ImageNotBuilt)
            .sent(format!("{} build", self.engine.name()))
            .expected("an image")
            .got(built.last_words(LINES))
            .why("The image is built in the workshop's root, so that cargo finds the whole workspace. What .dockerignore names is not there.")
            .into())
    }

    async fn image_id(&self) -> Checked<Option<String>> {
        let asked = self
            .run(&["image", "inspect", "--format", "{{.Id}}", IMAGE])
            .await?;
        Ok(asked.is_done().then(|| asked.stdout.trim().to_owned()))
    }

    async fn inspect(&self) -> Checked<Inspected> {
        let inspected = self.must(&["image", "inspect", IMAGE]).await?;
        let images: serde_json::Result<Vec<Inspected>> = serde_json::from_str(&inspected.stdout);
        let image = images.ok().and_then(|mut images| images.pop());
        image.ok_or_else(|| {
            let name = self.engine.name();
            Stop::CouldNotCheck(format!(
                "`{name} image inspect` says something else than usual"
            ))
        })
    }

    /// The name of a new container, and its end.
    fn container(&self) -> Container<'_> {
        Container {
            host: self,
            name: format!("{IMAGE}-{:08x}", rand::random::<u32>()),
        }
    }

    fn is_no_fault_of_the_engine(&self, ran: &Ran) -> Checked {
        if ran.code != Some(BY_THE_ENGINE) {
            return Ok(());
        }
        let said = one_line(&ran.last_words(LINES));
        let name = self.engine.name();
        Err(Stop::CouldNotCheck(format!("`{name} run` failed: {said}")))
    }

    /// Starts the store with no more rights than it needs.
    async fn start(&self) -> Checked<Container<'_>> {
        let container = self.container();
        let publish = format!("127.0.0.1::{PORT}");
        let port = format!("STORE_PORT={PORT}");
        let ran = self
            .run(&[
                "run",
                "--detach",
                "--name",
                &container.name,
                "--read-only",
                "--cap-drop",
                "ALL",
                "--security-opt",
                "no-new-privileges",
                "--publish",
                &publish,
                "--env",
                &port,
                IMAGE,
            ])
            .await?;
        if ran.is_done() {
            return Ok(container);
        }
        self.is_no_fault_of_the_engine(&ran)?;
        Err(container.does_not_start(&ran.last_words(LINES)))
    }

    /// The command of the health check, where no store runs.
    async fn says_that_it_is_not(&self, health: &HealthCheck<'_>) -> Checked {
        let container = self.container();
        let port = format!("STORE_PORT={PORT}");
        let mut all = vec!["run", "--name", &container.name, "--env", &port];
        all.extend(["--entrypoint", health.program, IMAGE]);
        all.extend(health.arguments.iter().map(String::as_str));
        let asked = timeout(HEALTH, self.run(&all)).await;
        let Ok(asked) = asked else {
            return Err(unhealthy("it was still running", "a store that does not run").into());
        };
        let asked = asked?;
        self.is_no_fault_of_the_engine(&asked)?;
        if asked.is_done() {
            return Err(Finding::new(Code::HealthCheckAlwaysPasses)
                .sent(format!("the health check, {health}, where no store runs"))
                .expected("an exit code other than 0")
                .got("exit code 0")
                .why("A health check has to ask the store. One that cannot fail reports a store as healthy that has stopped answering.")
                .into());
        }
        Ok(())
    }
}

impl Inspected {
    /// Judges what does not need a container, and gives the command of the health check.
    fn judged(&self) -> Checked<HealthCheck<'_>> {
        if self.size >= LARGEST {
            return Err(Finding::new(Code::ImageTooLarge)
                .sent("the image")
                .expected(format!("less than {} MB", LARGEST / 1_000_000))
                .got(format!("{} MB", self.size / 1_000_000))
                .why("Every machine has to download the image before it can start the store, and everything in it has to be kept up to date. Build in one stage, and copy only the program to a second one.")
                .into());
        }
        let user = self.config.user.split(':').next().unwrap_or_default();
        if ["", "0", "root"].contains(&user) {
            return Err(Finding::new(Code::RunsAsRoot)
                .sent("the image")
                .expected("USER with the number of a user who is not root")
                .got(if user.is_empty() {
                    "no USER, which is root".to_owned()
                } else {
                    format!("USER {user}")
                })
                .why("If an attacker takes over the store, they have its rights. Root in a container has more than any store needs.")
                .into());
        }
        let variables = self.config.env.iter().flatten();
        let names = variables.filter_map(|one| one.split_once('=').map(|(name, _)| name));
        if let Some(secret) = names.into_iter().find(|name| SECRETS.contains(name)) {
            return Err(Finding::new(Code::SecretInImage)
                .sent("the image")
                .expected("no secret")
                .got(format!("a value for {secret}"))
                .why("Whoever can fetch the image can read it, and it stays in the image's history. Give secrets to the container when you start it.")
                .into());
        }
        let health = self.config.healthcheck.as_ref();
        let health = health.or(self.healthcheck.as_ref());
        let Some((kind, command)) = health.and_then(|health| health.test.split_first()) else {
            return Err(no_health_check());
        };
        let Some((program, arguments)) = command.split_first().filter(|_| kind != "NONE") else {
            return Err(no_health_check());
        };
        let starts = self.config.entrypoint.iter().chain(&self.config.cmd);
        let shell = starts
            .filter_map(|words| words.first())
            .find(|program| is_shell(program));
        let by_shell = kind == "CMD-SHELL" || is_shell(program);
        if shell.is_some() || by_shell {
            return Err(Finding::new(Code::NeedsShell)
                .sent("the image")
                .expected("ENTRYPOINT and HEALTHCHECK as lists, such as [\"/store\"]")
                .got(match shell {
                    Some(shell) => format!("the store is started by {shell}"),
                    None => "the health check is run by a shell".to_owned(),
                })
                .why("A command that is not a list is run by a shell. An image without a shell has none to offer an attacker, and many shells do not pass SIGTERM on to the store.")
                .into());
        }
        Ok(HealthCheck { program, arguments })
    }
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    ["sh", "bash", "dash", "ash"].contains(&name)
}

fn no_health_check() -> Stop {
    Finding::new(Code::NoHealthCheck)
        .sent("the image")
        .expected("HEALTHCHECK with a command that asks the store's /health")
        .got("no HEALTHCHECK")
        .why("Without one, an engine only knows that the process runs, not that the store answers.")
        .into()
}

fn unhealthy(got: &str, what: &str) -> Finding {
    Finding::new(Code::HealthCheckFails)
        .sent(format!("the health check of {what}"))
        .expected("an exit code within 30 seconds")
        .got(got)
        .why("An engine reports a store as unhealthy if its health check fails, and what manages the containers replaces it again and again.")
}

impl Container<'_> {
    /// Waits for the store, and gives the address at which it can be reached.
    async fn answers(&self) -> Checked<Url> {
        let begin = Instant::now();
        while begin.elapsed() < START {
            if let Some(url) = self.url().await?
                && self
                    .get(&url, "/health")
                    .await
                    .is_some_and(|page| page.status == 200)
            {
                return Ok(url);
            }
            if !self.runs().await? {
                return Err(self.does_not_start(&self.log().await?));
            }
            sleep(OFTEN).await;
        }
        let finding = self.does_not_serve(&self.log().await?);
        let why = "In a container, 127.0.0.1 is the container itself, and nobody outside can reach it. Set STORE_HOST to 0.0.0.0.";
        Err(finding.why(why).into())
    }

    async fn runs(&self) -> Checked<bool> {
        let format = "{{.State.Running}}";
        let arguments = ["inspect", "--format", format, &self.name];
        let inspected = self.host.must(&arguments).await?;
        Ok(inspected.stdout.trim() == "true")
    }

    async fn log(&self) -> Checked<String> {
        let logs = self.host.run(&["logs", &self.name]).await?;
        Ok(logs.last_words(LINES))
    }

    fn does_not_start(&self, got: &str) -> Stop {
        let why = "The image has to contain everything that the program needs. It runs with read-only files: its user can only write to a VOLUME.";
        self.does_not_serve(got).why(why).into()
    }

    fn does_not_serve(&self, got: &str) -> Finding {
        let got = if got.is_empty() { "no answer" } else { got };
        Finding::new(Code::ContainerDoesNotServe)
            .sent(format!("{} run, and GET /health", self.host.engine.name()))
            .expected("200 from the port that the container publishes")
            .got(got)
    }

    /// Where its port is on this machine, as soon as it has one.
    async fn url(&self) -> Checked<Option<Url>> {
        let port = self.host.run(&["port", &self.name, PORT]).await?;
        let address = port.stdout.lines().next().unwrap_or_default();
        Ok(Url::parse(&format!("http://{address}"))
            .ok()
            .filter(|_| !address.is_empty()))
    }

    async fn get(&self, url: &Url, path: &str) -> Option<Page> {
        let mut url = url.clone();
        url.set_path(path);
        let client = ClientProfile::new(Era::Modern);
        plain::get(&url, &client, self.host.workspace.transcript())
            .await
            .ok()
    }

    /// The database can be written: a user without rights often has no folder for it.
    async fn is_ready(&self, url: &Url) -> Checked {
        let page = self.get(url, "/ready").await;
        if page.as_ref().is_some_and(|page| page.status == 200) {
            return Ok(());
        }
        Err(Finding::new(Code::NotReady)
            .sent("GET /ready, in a container")
            .expected("200")
            .got(page.map_or("no answer".to_owned(), |page| page.status.to_string()))
            .why("The store needs a database. Without DATABASE_URL, that is a file: put it in a VOLUME that belongs to the store's user.")
            .into())
    }

    async fn says_that_it_is_healthy(&self, health: &HealthCheck<'_>) -> Checked {
        let mut arguments = vec!["exec", &self.name, health.program];
        arguments.extend(health.arguments.iter().map(String::as_str));
        let asked = timeout(HEALTH, self.host.run(&arguments)).await;
        let Ok(asked) = asked else {
            return Err(unhealthy("it was still running", "a store that runs").into());
        };
        let asked = asked?;
        if asked.is_done() {
            return Ok(());
        }
        let code = asked
            .code
            .map_or("none".to_owned(), |code| code.to_string());
        let said = asked.last_words(LINES);
        Err(
            unhealthy(&format!("exit code {code}: {said}"), "a store that runs")
                .expected("exit code 0")
                .into(),
        )
    }

    /// As an engine does with a container that is replaced.
    async fn ends(&self) -> Checked {
        self.host.must(&["stop", "-t", END, &self.name]).await?;
        let format = "{{.State.ExitCode}}";
        let inspected = self
            .host
            .must(&["inspect", "--format", format, &self.name])
            .await?;
        let code = inspected.stdout.trim();
        if code == "0" {
            return Ok(());
        }
        Err(Finding::new(Code::ContainerDoesNotStop)
            .sent(format!("{} stop", self.host.engine.name()))
            .expected("exit code 0: the store gets SIGTERM, and stops in order")
            .got(match code {
                "137" => format!("exit code 137: it was killed after {END} seconds"),
                code => format!("exit code {code}"),
            })
            .why("The signal goes to the first process of the container. If that is another program than the store, it has to pass the signal on.")
            .into())
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // Also where the check is cut off, and nobody can wait for it.
        let mut command = std::process::Command::new(self.host.engine.name());
        command
            .args(["rm", "--force", "--volumes", &self.name])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _ = command.status();
    }
}
