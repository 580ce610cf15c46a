//! A real Keycloak that has imported the workshop's realm.
//!
//! - `container` runs it in a container, where Docker or Podman answers,
//! - `distribution` has it as a program otherwise, and `java` what that runs on,
//! - `log` is what it says, in a file,
//! - `tool` runs a program that does one thing and ends.

mod container;
mod distribution;
mod java;
mod log;
mod tool;

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fs4::{FileExt, TryLockError};
use realm::RealmFile;
use reqwest::{Client, StatusCode};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use self::log::Log;
use super::{claim, origin};
use crate::subject::container::Engine;
use crate::subject::guard::Guard;
use crate::subject::process::Process;

/// The newest that is published as a program and as an image.
pub const VERSION: &str = "26.7.3";

/// The very first start takes half a minute on a quiet machine, because Keycloak builds itself.
const START: Duration = Duration::from_secs(300);

/// How long it may take to end when it is asked to.
const END: Duration = Duration::from_secs(10);

/// How often it is asked whether it is ready.
const PAUSE: Duration = Duration::from_millis(200);

/// A Keycloak that answers. Dropping it ends it.
#[derive(Debug)]
pub struct Keycloak {
    /// Where it is: `http://localhost:8180`.
    pub origin: String,
    /// What it runs in: `Java 17`.
    pub place: String,
    /// How long it took to start.
    pub took: Duration,
    /// The file with what it says.
    pub log: PathBuf,
    process: Process,
    _lock: File,
}

/// What is being done until it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Maven fetches the program.
    FetchingWithMaven,
    /// The checker fetches the program.
    Fetching,
    /// The container engine fetches the image.
    FetchingImage,
    /// The program is compared with what was published.
    Verifying,
    /// The program is unpacked.
    Unpacking,
    /// It starts.
    Starting,
    /// It starts for the first time, which takes longer.
    StartingAnew,
}

/// How far that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it, where that is known.
    pub percent: Option<u64>,
}

impl From<Stage> for Progress {
    fn from(stage: Stage) -> Self {
        let percent = None;
        Self { stage, percent }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            Stage::FetchingWithMaven => {
                write!(f, "downloading Keycloak {VERSION} with Maven, 176 MB, once")
            }
            Stage::Fetching => {
                write!(
                    f,
                    "downloading Keycloak {VERSION} from Maven Central, 176 MB, once"
                )
            }
            Stage::FetchingImage => write!(f, "downloading the image of Keycloak {VERSION}, once"),
            Stage::Verifying => write!(f, "verifying its SHA-256"),
            Stage::Unpacking => write!(f, "unpacking it"),
            Stage::Starting => write!(f, "starting it, which takes about 10 s"),
            Stage::StartingAnew => {
                write!(
                    f,
                    "starting it with a fresh realm, which takes up to a minute"
                )
            }
        }?;
        self.percent
            .map_or(Ok(()), |percent| write!(f, " ({percent} %)"))
    }
}

/// Its administrator, of whom nobody knows unless they chose the password.
struct Admin {
    password: String,
}

impl Admin {
    const PASSWORD: &str = "KC_BOOTSTRAP_ADMIN_PASSWORD";

    /// The one that the environment names, else one with a random password.
    fn new() -> Self {
        match std::env::var(Self::PASSWORD) {
            Ok(password) if !password.is_empty() => Self { password },
            _ => Self::random(),
        }
    }

    fn random() -> Self {
        let password = format!("{:032x}", rand::random::<u128>());
        Self { password }
    }

    fn put(&self, command: &mut Command) {
        command
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", "admin")
            .env(Self::PASSWORD, &self.password);
    }
}

impl Keycloak {
    /// Starts one on a port of this machine, and waits until it answers. What it needs is kept in
    /// this folder.
    ///
    /// # Errors
    ///
    /// When the port is taken, when it cannot be had or does not start; with what to do.
    pub async fn start(
        folder: &Path,
        port: u16,
        guard: &Guard,
        tell: &impl Fn(Progress),
    ) -> Result<Self> {
        let port = claim(port).await?.local_addr()?.port();
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let lock = lock(folder)?;
        let admin = Admin::new();
        let log = folder.join("keycloak.log");
        let container = match Engine::find().await {
            Some(engine) => container::command(&engine, port, &admin, guard, tell)
                .await
                .map(Some),
            None => Ok(None),
        };
        let (command, place, imported) = match container {
            Ok(Some(command)) => (command, "a container".to_owned(), None),
            // A registry that cannot be reached is no reason to give up.
            other => {
                let java = match (java::version().await, other) {
                    (Err(no_java), Err(no_image)) => bail!("{no_image:#}. {no_java:#}"),
                    (java, _) => java?,
                };
                let home = distribution::installed(folder, guard, tell).await?;
                let imported = Imported::new(&home);
                let command = command(&home, port, &admin);
                (command, format!("Java {java}"), Some(imported))
            }
        };
        let is_anew = imported.as_ref().map_or(Ok(true), Imported::begin)?;
        let stage = if is_anew {
            Stage::StartingAnew
        } else {
            Stage::Starting
        };
        tell(stage.into());
        let begin = Instant::now();
        let process = start(command, guard)?;
        let mut keycloak = Self {
            origin: origin(port),
            place,
            took: Duration::ZERO,
            log,
            process,
            _lock: lock,
        };
        keycloak.ready(port).await?;
        keycloak.took = begin.elapsed();
        if let Some(imported) = imported {
            imported.end()?;
        }
        Ok(keycloak)
    }

    /// Waits until the realm answers.
    async fn ready(&mut self, port: u16) -> Result<()> {
        let log = Log::follow(&mut self.process, &self.log)?;
        let http = Client::builder().no_proxy().timeout(END).build()?;
        let url = format!("http://127.0.0.1:{port}/realms/workshop");
        let answers = async {
            loop {
                let answer = http.get(&url).send().await;
                if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                    return;
                }
                sleep(PAUSE).await;
            }
        };
        let log_is = format!("Its log is {}", self.log.display());
        tokio::select! {
            () = answers => Ok(()),
            status = self.process.ended() => {
                let why = log.why().await;
                let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
                bail!("Keycloak exited while it was starting{status}: {why}. {log_is}")
            }
            () = sleep(START) => bail!(
                "Keycloak did not answer within {} s. {log_is}",
                START.as_secs()
            ),
        }
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&self) {
        self.process.ended().await;
    }

    /// Ends it: asks first, so that its database is closed.
    pub async fn stop(self) {
        self.process.ask_to_end();
        let _ = timeout(END, self.process.ended()).await;
        self.process.stop().await;
    }
}

fn start(command: Command, guard: &Guard) -> Result<Process> {
    Process::start(command, guard).context("Keycloak cannot be started")
}

/// Keycloak as a program, on 127.0.0.1.
fn command(home: &Path, port: u16, admin: &Admin) -> Command {
    let script = if cfg!(windows) { "kc.bat" } else { "kc.sh" };
    let mut command = Command::new(home.join("bin").join(script));
    // Nobody else's settings: they are those of another Keycloak.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KC_") {
            command.env_remove(name);
        }
    }
    admin.put(&mut command);
    command
        .current_dir(home)
        .args(["start-dev", "--import-realm", "--http-host", "127.0.0.1"])
        .args(["--http-port", &port.to_string()])
        .args(["--hostname", &origin(port)]);
    command
}

/// One at a time in a folder: they share a database.
fn lock(folder: &Path) -> Result<File> {
    let file = File::create(folder.join("lock"))?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another `cargo checker realm --keycloak` is already running in this workshop, or still stopping. Stop it first"
        ),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock Keycloak's folder"),
    }
}

/// Whether Keycloak's database holds the realm as it is now. A realm that is there is never imported
/// again.
struct Imported {
    data: PathBuf,
}

impl Imported {
    fn new(home: &Path) -> Self {
        let data = home.join("data");
        Self { data }
    }

    /// Prepares the next import, if one is due: the last one was of another realm, or was cut off.
    fn begin(&self) -> Result<bool> {
        let imported = fs::read_to_string(self.mark()).unwrap_or_default();
        if imported == RealmFile::workshop_text() {
            return Ok(false);
        }
        let database = self.data.join("h2");
        if database.exists() {
            fs::remove_dir_all(database).context("cannot remove Keycloak's database")?;
        }
        let import = self.data.join("import");
        fs::create_dir_all(&import)?;
        fs::write(
            import.join("workshop-realm.json"),
            RealmFile::workshop_text(),
        )?;
        Ok(true)
    }

    /// Keycloak answers for the realm, so it is in the database.
    fn end(&self) -> Result<()> {
        Ok(fs::write(self.mark(), RealmFile::workshop_text())?)
    }

    fn mark(&self) -> PathBuf {
        self.data.join("imported.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_is_imported_afresh_when_it_has_changed_or_the_last_import_was_cut_off() {
        let home = tempfile::tempdir().unwrap();
        let imported = Imported::new(home.path());
        let database = home.path().join("data/h2");
        assert!(imported.begin().unwrap());
        fs::create_dir_all(&database).unwrap();
        assert!(imported.begin().unwrap(), "it was cut off");
        assert!(!database.exists());
        fs::create_dir_all(&database).unwrap();
        imported.end().unwrap();
        assert!(!imported.begin().unwrap());
        assert!(database.exists());
        fs::write(imported.mark(), "{}").unwrap();
        assert!(imported.begin().unwrap(), "the realm is another");
        assert!(!database.exists());
    }

    #[test]
    fn only_one_at_a_time_has_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        let error = lock(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is already running"), "{error}");
        drop(first);
        lock(folder.path()).unwrap();
    }

    #[test]
    fn keycloak_listens_on_this_machine_only_and_takes_no_settings_of_others() {
        let admin = Admin::random();
        let command = command(Path::new("/keycloak"), 8180, &admin);
        let words = command.as_std().get_args();
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let words = words.join(" ");
        assert!(words.contains("--http-host 127.0.0.1 "), "{words}");
        assert!(!words.contains(&admin.password));
        assert_eq!(admin.password.len(), 32);
        assert_ne!(admin.password, Admin::random().password);
    }
}
