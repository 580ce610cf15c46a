//! One check against one server: starts what it needs, watches the process, sums up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard, Semaphore};
use tokio::time::{sleep_until, timeout};

use super::{Plan, milliseconds};
use futures::future::BoxFuture;

use crate::checks::client::Way;
use crate::checks::{
    self, Checked, Client, Context, Isolation, Reach, Run, Setting, Stop, Symptom,
};
use crate::course::Step;
use crate::mcp::{Era, Transcript};
use crate::subject::Subject;
use crate::subject::guard::Guard;
use crate::subject::server::Server;
use crate::verdict::{Code, EraReport, Finding, NotStarted, Outcome};

/// No step takes longer, whatever the server does.
const STEP_DEADLINE: Duration = Duration::from_secs(30);

/// The same where the checker runs a command several times in one step, and each run starts an
/// interpreter.
const COMMAND_DEADLINE: Duration = Duration::from_secs(120);

/// How long a check may go on after its server panicked or exited, to say it better.
const GRACE: Duration = Duration::from_millis(200);

/// How long a lost connection may wait for its reason.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Judges the steps of one exercise on one era.
pub(super) struct Judge<'a> {
    plan: &'a Plan<'a>,
    subject: &'a Subject,
    era: Era,
    shared: Mutex<Option<Arc<Server>>>,
}

/// The server for one step, and the right to use it alone.
struct Lease<'a> {
    server: Option<Arc<Server>>,
    _turn: Option<MutexGuard<'a, Option<Arc<Server>>>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, subject: &'a Subject, era: Era) -> Self {
        Self {
            plan,
            subject,
            era,
            shared: Mutex::new(None),
        }
    }

    pub(super) fn era(&self) -> Era {
        self.era
    }

    pub(super) async fn judge(&self, step: &Step, slots: &Semaphore) -> EraReport {
        let Some(check) = checks::of_step(&step.id) else {
            return EraReport {
                could_not: Some("this version of the checker has no check for it".to_owned()),
                ..EraReport::new(self.era, Outcome::CouldNotCheck)
            };
        };
        let transcript = Transcript::default();
        let mut remarks = Vec::new();
        let (checked, took) = match &check.run {
            Run::Server(isolation, run) => {
                let shared = matches!(isolation, Isolation::Shared);
                let turn = match self.subject {
                    Subject::Program(_) if shared => Some(self.shared.lock().await),
                    _ => None,
                };
                let _slot = slots.acquire().await;
                let begin = Instant::now();
                let checked = self.of_server(*run, step, turn, &transcript).await;
                (checked, begin.elapsed())
            }
            Run::Client(run) => {
                let _slot = slots.acquire().await;
                let begin = Instant::now();
                let checked = self.of_client(*run, step, &transcript).await;
                (checked, begin.elapsed())
            }
            Run::Setting(run) => {
                let setting = self.setting(&transcript);
                let begin = Instant::now();
                let checked = in_time(run(&setting), STEP_DEADLINE, &transcript).await;
                remarks = setting.remarks();
                (checked, begin.elapsed())
            }
        };
        let report = match checked {
            Ok(()) => EraReport::new(self.era, Outcome::Passed),
            Err(Stop::Failed(finding)) => EraReport {
                findings: vec![self.complete(step, *finding)],
                ..EraReport::new(self.era, Outcome::Failed)
            },
            Err(Stop::NotStarted(reason)) => EraReport {
                not_started: Some(self.located(reason)),
                ..EraReport::new(self.era, Outcome::NotStarted)
            },
            Err(Stop::CouldNotCheck(reason)) => EraReport {
                could_not: Some(reason),
                ..EraReport::new(self.era, Outcome::CouldNotCheck)
            },
        };
        EraReport {
            ms: milliseconds(took),
            remarks,
            trace: transcript.exchanges(),
            ..report
        }
    }

    /// Runs the check of a client, which watches the process itself.
    async fn of_client(
        &self,
        run: for<'c> fn(&'c Client) -> BoxFuture<'c, Checked>,
        step: &Step,
        transcript: &Transcript,
    ) -> Checked {
        let (way, deadline) = match self.subject {
            Subject::Program(program) => (Way::Program(program.clone()), STEP_DEADLINE),
            Subject::Command(command) => (Way::Command(command.clone()), COMMAND_DEADLINE),
            Subject::Url(_) => {
                return Err(Stop::CouldNotCheck(
                    "this exercise is a client, and has no URL: check it with `--command`"
                        .to_owned(),
                ));
            }
        };
        let seed = seed(self.plan.seed, &step.id);
        let client = Client::new(self.era, way, &step.id, transcript.clone(), seed);
        in_time(run(&client), deadline, transcript).await
    }

    /// What editors and agents are told: the workshop's own, or the solution's.
    fn setting(&self, transcript: &Transcript) -> Setting {
        let guard = match self.subject {
            Subject::Program(program) => program.guard.clone(),
            Subject::Command(command) => command.guard.clone(),
            Subject::Url(_) => Guard::none(),
        };
        let (root, folder) = (self.plan.root.clone(), self.plan.settings.clone());
        Setting::new(root, folder, guard, transcript.clone())
    }

    async fn of_server(
        &self,
        run: for<'c> fn(&'c Context) -> BoxFuture<'c, Checked>,
        step: &Step,
        turn: Option<MutexGuard<'_, Option<Arc<Server>>>>,
        transcript: &Transcript,
    ) -> Checked {
        let lease = self.lease(turn).await?;
        let reach = match (self.subject, &lease.server) {
            (Subject::Program(program), Some(server)) => {
                Reach::program(program.clone(), Arc::clone(server))
            }
            (Subject::Url(url), _) => Reach::url(url.clone()),
            (Subject::Command(command), _) => Reach::command(command.clone()),
            (Subject::Program(_), None) => unreachable!("a program is always leased as a server"),
        };
        let (context, mut symptoms) = Context::new(
            self.era,
            reach,
            transcript.clone(),
            seed(self.plan.seed, &step.id),
        );

        let mut checking = run(&context);
        let mut symptom: Option<Symptom> = None;
        let mut end: Option<Symptom> = None;
        let mut patience_ends = tokio::time::Instant::now() + STEP_DEADLINE;
        loop {
            tokio::select! {
                checked = &mut checking => {
                    let Err(Stop::Failed(finding)) = checked else {
                        return checked;
                    };
                    // The process may have more to say about it than the wire.
                    let lost = finding.code == Code::ConnectionLost;
                    let patience = if lost { LAST_WORDS } else { GRACE / 10 };
                    if symptom.is_none() && !(lost && end.is_some()) {
                        symptom = timeout(patience, symptoms.recv()).await.ok().flatten();
                    }
                    let told = symptom.or(end).filter(|symptom| lost || !symptom.may_be_right());
                    return Err(match told {
                        Some(symptom) => self.blame(&symptom, &finding.sent),
                        None => Stop::Failed(finding),
                    });
                }
                Some(seen) = symptoms.recv(), if symptom.is_none() => {
                    if self.is_todo(&seen) {
                        return Err(self.blame(&seen, ""));
                    }
                    if seen.may_be_right() {
                        end = Some(seen);
                    } else {
                        symptom = Some(seen);
                        patience_ends = tokio::time::Instant::now() + GRACE;
                    }
                }
                () = sleep_until(patience_ends) => {
                    let sent = last_sent(transcript);
                    return Err(match symptom {
                        Some(symptom) => self.blame(&symptom, &sent),
                        None => too_slow(STEP_DEADLINE, sent),
                    });
                }
            }
        }
    }

    /// The shared server, started if there is none that lives; or one of the step's own.
    async fn lease<'t>(
        &self,
        turn: Option<MutexGuard<'t, Option<Arc<Server>>>>,
    ) -> Result<Lease<'t>, Stop> {
        let Subject::Program(program) = self.subject else {
            return Ok(Lease {
                server: None,
                _turn: None,
            });
        };
        let start = async || {
            let started = Server::start(program).await;
            started.map(Arc::new).map_err(|error| self.unstarted(error))
        };
        let Some(mut turn) = turn else {
            let server = Some(start().await?);
            return Ok(Lease {
                server,
                _turn: None,
            });
        };
        let alive = turn
            .take()
            .filter(|server| server.process.exit_status().is_none());
        let server = match alive {
            Some(server) => server,
            None => start().await?,
        };
        *turn = Some(Arc::clone(&server));
        Ok(Lease {
            server: Some(server),
            _turn: Some(turn),
        })
    }

    /// Whether the attendee has yet to write this. In a program that is not the workshop's, a
    /// `todo!()` is a panic like any other.
    fn is_todo(&self, symptom: &Symptom) -> bool {
        let ours = matches!(self.subject, Subject::Program(_));
        matches!(symptom, Symptom::Panicked(panic) if ours && panic.is_todo())
    }

    /// The verdict when the process shows what went wrong.
    fn blame(&self, symptom: &Symptom, sent: &str) -> Stop {
        match symptom {
            Symptom::Panicked(panic) if self.is_todo(symptom) => {
                Stop::NotStarted(NotStarted::Todo {
                    place: Some(panic.place.as_str().into()),
                })
            }
            Symptom::Panicked(panic) => checks::symptoms::panicked(panic, sent),
            Symptom::Exited { status, stderr, .. } => {
                checks::symptoms::exited(&status.to_string(), stderr, sent)
            }
        }
    }

    fn unstarted(&self, error: crate::subject::server::StartError) -> Stop {
        use crate::subject::server::StartError;
        match error {
            StartError::Panicked(panic) => self.blame(&Symptom::Panicked(panic), ""),
            StartError::Exited { status, stderr } => {
                checks::symptoms::exited(&status.to_string(), &stderr, "")
            }
            StartError::NotListening { port, stderr } => {
                checks::symptoms::not_listening(port, &stderr)
            }
            StartError::Spawn(error) => Stop::CouldNotCheck(format!(
                "the system could not start the program: {error}. Try again; if it stays, restart the machine or free memory"
            )),
        }
    }

    /// Adds where to look and what to do next.
    fn complete(&self, step: &Step, finding: Finding) -> Finding {
        let (id, again) = (&step.id, self.plan.again(step));
        Finding {
            location: self.plan.places.of_finding(finding.location, step),
            next: vec![
                format!("cargo checker hint {id}"),
                format!("{again} --trace"),
            ],
            ..finding
        }
    }

    /// Says from the workshop's root where a `todo!()` was reached.
    fn located(&self, reason: NotStarted) -> NotStarted {
        match reason {
            NotStarted::Todo { place } => NotStarted::Todo {
                place: place.map(|place| self.plan.places.of_panic(place)),
            },
            other => other,
        }
    }
}

/// The check, unless it takes too long.
async fn in_time(
    checking: BoxFuture<'_, Checked>,
    deadline: Duration,
    transcript: &Transcript,
) -> Checked {
    let checked = timeout(deadline, checking).await;
    checked.unwrap_or_else(|_| Err(too_slow(deadline, last_sent(transcript))))
}

fn too_slow(deadline: Duration, sent: String) -> Stop {
    Finding::new(Code::TooSlow)
        .sent(sent)
        .expected("the step to be over in a few milliseconds")
        .got(format!("still not over after {} s", deadline.as_secs()))
        .why("Each answer came, but slowly. A client would have given up by now.")
        .into()
}

fn last_sent(transcript: &Transcript) -> String {
    let last = transcript.last_request();
    last.map(|exchange| crate::mcp::session::describe(&exchange.sent))
        .unwrap_or_default()
}

/// A seed for the step alone, so that what runs beside it changes nothing: FNV-1a.
fn seed(seed: u64, step: &str) -> u64 {
    step.bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
