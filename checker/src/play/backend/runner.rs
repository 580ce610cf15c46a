//! Keeps an exercise running: builds it, and again after each save; starts a copy of what was built,
//! and another whenever the binary is a new one, whoever built it.
//!
//! A copy, because a program that runs cannot be replaced on Windows, and cargo must be able to.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{RecursiveMode, Watcher};
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::sleep;

use super::{Backend, Problem, Source, Status};
use crate::course::Exercise;
use crate::events::Event;
use crate::patience::Patience;
use crate::subject::Program;
use crate::subject::guard::Guard;
use crate::subject::server::{Server, Serving, StartError};
use crate::workshop::Workshop;
use crate::workshop::build::{self, Built};
use crate::workshop::saves::{FileEvent, Saves};

/// A binary that was not written to for so long is complete.
const QUIET: Duration = Duration::from_millis(150);

/// How often to try a program that the system calls busy, because it was written a moment ago.
const TRIES: u32 = 5;

/// Keeps an exercise running, for as long as [`Runner::run`] is polled.
#[derive(Debug)]
pub struct Runner<'a> {
    workshop: &'a Workshop,
    exercise: &'a Exercise,
    solution: bool,
    serving: Serving,
    guard: Guard,
    /// What it finds in its environment, besides where to listen.
    environment: Vec<(String, String)>,
    backend: Backend,
    restarts: UnboundedReceiver<()>,
}

/// What to do next.
enum Next {
    Build,
    Start(&'static str),
}

/// A program that was started from this binary.
struct Running {
    server: Server,
    binary: Fingerprint,
    // Removed after its process has ended.
    _copy: TempDir,
}

/// By which a binary is known to be a new one.
type Fingerprint = Option<(SystemTime, u64)>;

/// Tells that a binary was written.
struct Binary {
    written: UnboundedReceiver<()>,
    _watcher: Option<notify::RecommendedWatcher>,
}

impl<'a> Runner<'a> {
    /// An exercise of this workshop, or its solution, and what keeps it running.
    pub fn new(
        workshop: &'a Workshop,
        exercise: &'a Exercise,
        solution: bool,
        serving: Serving,
        environment: Vec<(String, String)>,
        guard: Guard,
    ) -> (Backend, Self) {
        let name = match solution {
            true => format!("the solution of {}", exercise.id),
            false => exercise.id.clone(),
        };
        let status = Status::new("exercise", &name);
        let (backend, restarts) = Backend::new(Source::Exercise, status);
        let runner = Self {
            workshop,
            exercise,
            solution,
            // A person's settings, not those that make checks quick.
            serving: Serving {
                settings: &[],
                ..serving
            },
            environment,
            guard,
            backend: backend.clone(),
            restarts,
        };
        (backend, runner)
    }

    /// Never returns. `events` is told what cargo does.
    pub async fn run(mut self, events: UnboundedSender<Event>) {
        let folder = match self.solution {
            true => self.exercise.solution(),
            false => self.exercise.folder(),
        };
        let mut saves = Saves::in_folder(&self.workshop.root, &folder);
        let mut program: Option<Program> = None;
        let mut binary = Binary::unknown();
        let mut running: Option<Running> = None;
        let mut next = Next::Build;
        loop {
            let mut start = None;
            match next {
                Next::Build => {
                    if let Some(built) = self.build(&mut saves, &events).await {
                        if program.as_ref().map(|one| &one.executable) != Some(&built.executable) {
                            binary = Binary::watch(&built.executable);
                        }
                        let is_new = running
                            .as_ref()
                            .is_none_or(|one| one.binary != fingerprint(&built.executable));
                        start = is_new.then_some("rebuilt");
                        program = Some(built);
                    }
                }
                Next::Start(because) => start = Some(because),
            }
            if let (Some(because), Some(program)) = (start, &program) {
                running = self.start(program, because, running).await;
            }
            next = self
                .rest(&mut saves, &mut binary, &mut running, program.as_ref())
                .await;
        }
    }

    /// Builds it, and anew where something is saved meanwhile.
    async fn build(&self, saves: &mut Saves, events: &UnboundedSender<Event>) -> Option<Program> {
        self.backend.change(|status| status.building = true);
        let built = loop {
            let building = build::program(
                self.workshop,
                self.exercise,
                self.solution,
                &self.guard,
                events,
            );
            tokio::select! {
                built = building => break built,
                FileEvent::Saved(_) = saves.next() => (),
            }
        };
        let (program, problem) = match built {
            Ok(Built::Program(program, _)) => (Some(program), None),
            Ok(Built::Broken { first, others }) => {
                let more = match others {
                    0 => String::new(),
                    1 => ", with one more error".to_owned(),
                    others => format!(", with {others} more errors"),
                };
                let problem = Problem {
                    words: format!("It does not compile{more}."),
                    text: anstream::adapter::strip_str(&first).to_string(),
                };
                (None, Some(problem))
            }
            Err(error) => {
                let problem = Problem {
                    words: "Cargo could not build it.".to_owned(),
                    text: format!("{error:#}"),
                };
                (None, Some(problem))
            }
        };
        self.backend.change(|status| {
            status.building = false;
            status.problem = problem;
        });
        program
    }

    /// Starts it in place of the one before, which runs until the new one does.
    async fn start(
        &self,
        program: &Program,
        because: &'static str,
        before: Option<Running>,
    ) -> Option<Running> {
        let binary = fingerprint(&program.executable);
        let is_first = self.backend.0.status.borrow().generation == 0;
        let started = self.start_copy(program).await;
        let started = match started {
            Ok((server, copy)) => {
                let (lines, stderr) = (
                    self.backend.lines().clone(),
                    server.process.stderr().clone(),
                );
                tokio::spawn(async move { lines.follow(&stderr).await });
                self.backend.change(|status| {
                    status.running = true;
                    status.generation += 1;
                    status.because = if is_first { "started" } else { because };
                    status.url = Some(server.url());
                    status.problem = None;
                });
                Some(Running {
                    server,
                    binary,
                    _copy: copy,
                })
            }
            Err(error) => {
                self.backend.change(|status| {
                    status.running = false;
                    status.url = None;
                    status.problem = Some(Problem {
                        words: "It does not start.".to_owned(),
                        text: error.to_string(),
                    });
                });
                None
            }
        };
        drop(before);
        started
    }

    async fn start_copy(&self, program: &Program) -> Result<(Server, TempDir), StartError> {
        let (folder, executable) = copy(&program.executable).map_err(StartError::Spawn)?;
        let program = Program {
            executable,
            environment: self.environment.clone(),
            ..program.clone()
        };
        let patience = Patience::default().listening;
        let mut tries = 0;
        loop {
            match program.serve(self.serving, patience).await {
                Err(StartError::Spawn(error))
                    if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < TRIES =>
                {
                    tries += 1;
                    sleep(QUIET).await;
                }
                started => return started.map(|server| (server, folder)),
            }
        }
    }

    /// Waits for a reason to do something.
    async fn rest(
        &mut self,
        saves: &mut Saves,
        binary: &mut Binary,
        running: &mut Option<Running>,
        program: Option<&Program>,
    ) -> Next {
        loop {
            let monitor = running.as_ref().map(|one| one.server.process.monitor());
            let ended = async {
                match &monitor {
                    Some(monitor) => (
                        monitor.ended_with_words().await,
                        monitor.stderr.last_lines(),
                    ),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                FileEvent::Saved(_) = saves.next() => return Next::Build,
                Some(()) = self.restarts.recv() => return match program {
                    Some(_) => Next::Start("restarted"),
                    None => Next::Build,
                },
                () = binary.written() => {
                    let Some(program) = program else { continue };
                    let now = settled(&program.executable).await;
                    if now.is_some() && running.as_ref().is_none_or(|one| one.binary != now) {
                        return Next::Start("rebuilt");
                    }
                }
                (status, words) = ended => {
                    *running = None;
                    let status = status.map_or_else(String::new, |status| format!(", with {status}"));
                    self.backend.change(|backend| {
                        backend.running = false;
                        backend.url = None;
                        backend.problem = Some(Problem {
                            words: format!("The server exited by itself{status}."),
                            text: words.join("\n"),
                        });
                    });
                }
            }
        }
    }
}

impl Binary {
    fn unknown() -> Self {
        Self {
            written: mpsc::unbounded_channel().1,
            _watcher: None,
        }
    }

    /// Where no events arrive, a save of ours is still built.
    fn watch(executable: &Path) -> Self {
        let (told, written) = mpsc::unbounded_channel();
        let name = executable.file_name().map(ToOwned::to_owned);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_it = event.is_ok_and(|event| {
                !event.kind.is_access()
                    && event
                        .paths
                        .iter()
                        .any(|path| path.file_name() == name.as_deref())
            });
            if is_it {
                let _ = told.send(());
            }
        });
        let folder = executable.parent().unwrap_or(Path::new("."));
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        Self {
            written,
            _watcher: watcher.ok(),
        }
    }

    async fn written(&mut self) {
        if self.written.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        while self.written.try_recv().is_ok() {}
    }
}

fn fingerprint(binary: &Path) -> Fingerprint {
    let metadata = binary.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// The binary as it is once nobody writes to it any more.
async fn settled(binary: &Path) -> Fingerprint {
    let mut before = fingerprint(binary);
    loop {
        sleep(QUIET).await;
        let now = fingerprint(binary);
        if now == before {
            return now;
        }
        before = now;
    }
}

/// Copies a binary into a folder of its own: beside it, where programs may be run for sure.
fn copy(binary: &Path) -> io::Result<(TempDir, PathBuf)> {
    let beside = binary.parent().unwrap_or(Path::new("."));
    let folder = TempDir::with_prefix_in("play-", beside)
        .or_else(|_| TempDir::with_prefix("checker-play-"))?;
    let copy = folder.path().join(binary.file_name().unwrap_or_default());
    std::fs::copy(binary, &copy)?;
    Ok((folder, copy))
}
