//! One check of one step: raises what it needs, starts the subject, watches the process, sums up.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep_until, timeout};

use super::shared::{Running, SharedServer, Turn};
use super::slots::Slots;
use super::{Plan, milliseconds};
use crate::checks::harness::{ProgramReach, Remarks, ServerReach, Symptom};
use crate::checks::{
    self, Check, CheckOf, Checked, ExerciseChecks, Harness, Isolation, ProgramUnderTest, Run,
    ServerUnderTest, Stop, WorkspaceUnderTest,
};
use crate::course::Step;
use crate::fixtures::{Fixture, Fixtures, RealmChoice};
use crate::mcp::{Era, Transcript};
use crate::subject::server::{Server, StartError};
use crate::subject::stderr::Panic;
use crate::subject::{Program, Subject};
use crate::verdict::{Code, EraReport, Finding, Location, NotStarted, Outcome};

/// How long a check may go on after its server panicked or exited, to say it better.
const GRACE: Duration = Duration::from_millis(200);

/// How long a lost connection may wait for its reason.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Judges the steps of one exercise on one era, or those to which no era applies.
pub(super) struct Judge<'a> {
    plan: &'a Plan<'a>,
    subject: &'a Subject,
    era: Option<Era>,
    shared: SharedServer,
}

/// A step on its way through its check.
struct Case<'c> {
    step: &'c Step,
    exercise: &'static ExerciseChecks,
    check: &'static Check,
    transcript: Transcript,
    remarks: Remarks,
}

impl<'a> Judge<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, subject: &'a Subject, era: Option<Era>) -> Self {
        Self {
            plan,
            subject,
            era,
            shared: SharedServer::default(),
        }
    }

    pub(super) fn era(&self) -> Option<Era> {
        self.era
    }

    pub(super) async fn judge(&self, step: &Step, slots: &Arc<Slots>) -> EraReport {
        let Some((exercise, check)) = checks::of_step(&step.id) else {
            return EraReport {
                could_not: Some("this version of the checker has no check for it".to_owned()),
                ..EraReport::new(self.era, Outcome::CouldNotCheck)
            };
        };
        let case = Case {
            step,
            exercise,
            check,
            transcript: Transcript::default(),
            remarks: Remarks::default(),
        };
        let turn = match (&check.run, check.isolation, self.subject) {
            (Run::Server(_), Isolation::Shared, Subject::Program(_)) => {
                Some(self.shared.turn().await)
            }
            _ => None,
        };
        let _slot = slots.slot(step).await;
        let begin = Instant::now();
        let checked = match (&check.run, self.era) {
            (Run::Server(run), Some(era)) => self.of_server(*run, era, &case, turn).await,
            (Run::Program(run), Some(era)) => self.of_program(*run, era, &case).await,
            (Run::Workspace(run), _) => self.of_workspace(*run, &case).await,
            // No era applies to what it looks at; to a server it speaks the first that was asked for.
            (Run::Server(run), None) => {
                let era = self.plan.eras.first().copied().unwrap_or(Era::Modern);
                self.of_server(*run, era, &case, turn).await
            }
            (Run::Program(_), None) => {
                let reason = "it is checked in one era at a time, but no era was given".to_owned();
                Err(Stop::CouldNotCheck(reason))
            }
        };
        let took = begin.elapsed();
        let report = match checked {
            Ok(()) => EraReport::new(self.era, Outcome::Passed),
            Err(Stop::Failed(finding)) => EraReport {
                findings: vec![self.complete(&case, *finding)],
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
            remarks: case.remarks.all(),
            trace: case.transcript.exchanges(),
            ..report
        }
    }

    fn harness(&self, case: &Case<'_>, fixtures: Arc<Fixtures>) -> Harness {
        let (seed, patience) = (self.plan.seed, self.plan.patience);
        Harness::new(
            &case.step.id,
            seed,
            patience,
            fixtures,
            case.transcript.clone(),
            case.remarks.clone(),
        )
    }

    async fn fixtures(&self, case: &Case<'_>) -> Result<Arc<Fixtures>, Stop> {
        let realm = match (&self.plan.realm, self.subject) {
            (Some(realm), _) => RealmChoice::Real(realm.clone()),
            (None, Subject::Url(_)) => RealmChoice::Unknown,
            (None, _) => RealmChoice::Played,
        };
        let (needed, guard) = (case.check.fixtures, self.subject.guard());
        let database = self.plan.database.as_ref();
        let raised = Fixtures::raise(needed, &case.transcript, &guard, &realm, database).await;
        raised.map(Arc::new).map_err(Stop::CouldNotCheck)
    }

    /// Runs the check of a client, which watches the process itself.
    async fn of_program(
        &self,
        run: CheckOf<ProgramUnderTest>,
        era: Era,
        case: &Case<'_>,
    ) -> Checked {
        let patience = self.plan.patience;
        let (reach, deadline) = match self.subject {
            Subject::Program(program) => (ProgramReach::Program(program.clone()), patience.step),
            Subject::Command(command) => {
                let reach = ProgramReach::Command(command.clone());
                (reach, patience.step_of_command)
            }
            Subject::Url(_) => {
                return Err(Stop::CouldNotCheck(
                    "this exercise is a client, so it has no URL. Check it with `--command`"
                        .to_owned(),
                ));
            }
        };
        let fixtures = self.fixtures(case).await?;
        let program = ProgramUnderTest::new(self.harness(case, fixtures), era, reach);
        let deadline = case.check.deadline.unwrap_or(deadline);
        in_time(run(&program), deadline, &case.transcript).await
    }

    /// Runs the check of what editors and agents are told: the workshop's own settings, or the
    /// solution's.
    async fn of_workspace(&self, run: CheckOf<WorkspaceUnderTest>, case: &Case<'_>) -> Checked {
        let guard = self.subject.guard();
        let fixtures = self.fixtures(case).await?;
        let harness = self.harness(case, fixtures);
        let workspace = WorkspaceUnderTest {
            harness,
            root: self.plan.root.clone(),
            settings: self.plan.settings.clone(),
            is_asked_for: self.plan.step == Some(&case.step.id),
            folder: self.plan.kind.is_ours().then(|| self.plan.folder.clone()),
            guard,
        };
        let deadline = case.check.deadline.unwrap_or(self.plan.patience.step);
        in_time(run(&workspace), deadline, &case.transcript).await
    }

    /// Runs the check of a server, with an eye on its processes.
    async fn of_server(
        &self,
        run: CheckOf<ServerUnderTest>,
        era: Era,
        case: &Case<'_>,
        mut turn: Option<Turn<'_>>,
    ) -> Checked {
        let served = self.served(case.check);
        let (reach, fixtures) = match served.as_ref().unwrap_or(self.subject) {
            Subject::Program(program) => {
                let start = self.start(program, case);
                let running = match &mut turn {
                    Some(turn) => turn.server(case.check.fixtures, start).await?,
                    None => start.await?,
                };
                running.fixtures.record_in(&case.transcript);
                let reach = ServerReach::Program(program.clone(), running.server);
                (reach, running.fixtures)
            }
            Subject::Url(url) => (ServerReach::Url(url.clone()), self.fixtures(case).await?),
            Subject::Command(command) => {
                let reach = ServerReach::Command(command.clone());
                (reach, self.fixtures(case).await?)
            }
        };
        let harness = self.harness(case, fixtures);
        let (server, mut symptoms) =
            ServerUnderTest::new(harness, era, reach, case.exercise.serving);

        let patience = self.plan.patience;
        let deadline = match self.subject {
            // A check may start it several times, and an interpreter takes seconds each time.
            Subject::Command(_) => {
                let asked = case.check.deadline.unwrap_or_default();
                patience.step_of_command.max(asked)
            }
            Subject::Program(_) | Subject::Url(_) => case.check.deadline.unwrap_or(patience.step),
        };
        // As a task of its own: most of what it sends and gets then stays on one thread, and other
        // checks run on others.
        let server = Arc::new(server);
        let checked = Arc::clone(&server);
        let mut checking = JoinSet::new();
        checking.spawn(async move { run(&checked).await });
        let verdict = self
            .watched(case, &mut checking, &mut symptoms, deadline)
            .await;
        // A check that is cut off has let go of everything before the next one begins.
        checking.shutdown().await;
        verdict
    }

    /// Waits for the check, with an eye on the server's processes.
    async fn watched(
        &self,
        case: &Case<'_>,
        checking: &mut JoinSet<Checked>,
        symptoms: &mut UnboundedReceiver<Symptom>,
        deadline: Duration,
    ) -> Checked {
        let mut symptom: Option<Symptom> = None;
        let mut end: Option<Symptom> = None;
        let mut patience_ends = tokio::time::Instant::now() + deadline;
        loop {
            tokio::select! {
                checked = ended(checking) => {
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
                        Some(symptom) => self.blame(case, &symptom, &finding.sent).await,
                        None => Stop::Failed(finding),
                    });
                }
                Some(seen) = symptoms.recv(), if symptom.is_none() => {
                    if self.is_todo(&seen) {
                        return Err(self.blame(case, &seen, "").await);
                    }
                    if seen.may_be_right() {
                        end = Some(seen);
                    } else {
                        symptom = Some(seen);
                        patience_ends = tokio::time::Instant::now() + GRACE;
                    }
                }
                () = sleep_until(patience_ends) => {
                    let sent = last_sent(&case.transcript);
                    return Err(match symptom {
                        Some(symptom) => self.blame(case, &symptom, &sent).await,
                        None => too_slow(deadline, sent),
                    });
                }
            }
        }
    }

    /// A command line is taken for a stdio server, unless it takes tokens: those come over HTTP.
    fn served(&self, check: &Check) -> Option<Subject> {
        match self.subject {
            Subject::Command(command) if check.fixtures.contains(&Fixture::Realm) => {
                Some(Subject::Program(command.as_program()))
            }
            _ => None,
        }
    }

    /// Raises what the check needs, and starts the program with the environment that this gives.
    async fn start(&self, program: &Program, case: &Case<'_>) -> Result<Running, Stop> {
        let fixtures = self.fixtures(case).await?;
        let environment = fixtures.environment();
        let command = || {
            let mut command = program.command();
            command.envs(environment.iter().map(|(name, value)| (name, value)));
            command
        };
        let (serving, patience) = (case.exercise.serving, self.plan.patience.listening);
        let started = Server::start(command, serving, &program.guard, patience).await;
        match started {
            Ok(server) => Ok(Running {
                server: Arc::new(server),
                fixtures,
            }),
            Err(error) => Err(self.unstarted(case, error).await),
        }
    }

    /// Whether the attendee has yet to write this. In a program that is not the workshop's, a
    /// `todo!()` is a panic like any other.
    fn is_todo(&self, symptom: &Symptom) -> bool {
        let ours = matches!(self.subject, Subject::Program(_));
        matches!(symptom, Symptom::Panicked(panic) if ours && panic.is_todo())
    }

    /// The verdict when the process shows what went wrong.
    async fn blame(&self, case: &Case<'_>, symptom: &Symptom, sent: &str) -> Stop {
        match symptom {
            Symptom::Panicked(panic) if self.is_todo(symptom) => {
                Stop::NotStarted(NotStarted::Todo {
                    place: Some(panic.place.as_str().into()),
                })
            }
            Symptom::Panicked(panic) => {
                let at_start = checks::symptoms::is_at_start(panic, sent);
                let traced = match self.subject {
                    Subject::Program(program) if at_start && panic.is_elsewhere() => {
                        self.traced(case, program, panic).await
                    }
                    _ => None,
                };
                checks::symptoms::panicked(traced.as_ref().unwrap_or(panic), sent)
            }
            Symptom::Exited {
                status,
                stderr,
                may_be_right: over_stdio,
            } => {
                let serving = (!over_stdio).then_some(case.exercise.serving);
                checks::symptoms::exited(&status.to_string(), stderr, sent, serving)
            }
        }
    }

    /// A panic in a dependency at the start, with the attendee's line that led to it.
    async fn traced(&self, case: &Case<'_>, program: &Program, panic: &Panic) -> Option<Panic> {
        let (command, serving) = (program.command(), case.exercise.serving);
        let patience = self.plan.patience.listening;
        let again = Server::panic_with_backtrace(command, serving, &program.guard, patience).await;
        again.filter(|again| again.place == panic.place)
    }

    async fn unstarted(&self, case: &Case<'_>, error: StartError) -> Stop {
        let serving = case.exercise.serving;
        match error {
            StartError::Panicked(panic) => self.blame(case, &Symptom::Panicked(panic), "").await,
            StartError::Exited { status, stderr } => {
                checks::symptoms::exited(&status.to_string(), &stderr, "", Some(serving))
            }
            StartError::NotListening { port, stderr } => {
                checks::symptoms::not_listening(port, &stderr, serving)
            }
            StartError::Spawn(error) => Stop::CouldNotCheck(format!(
                "the system could not start the program: {error}. Try again. If that does not help, restart the machine or free memory"
            )),
        }
    }

    /// Adds where to look and what to do next.
    fn complete(&self, case: &Case<'_>, finding: Finding) -> Finding {
        let place = (case.exercise.place_of)(&finding);
        let location = match (finding.location.clone(), place) {
            (Location::Step, Some(place)) => place,
            (location, _) => location,
        };
        let again = format!("{} --trace", self.plan.again(case.step));
        // Hints are about the starter, in Rust and with rmcp.
        let hint = format!("cargo checker hint {}", case.step.id);
        let next = if self.plan.kind.is_ours() {
            vec![hint, again]
        } else {
            vec![again]
        };
        Finding {
            why: finding.why.told_to(self.plan.kind),
            location: self.plan.places.of_finding(location, case.step),
            next,
            ..finding
        }
    }

    /// Says from the workshop's root where a `todo!()` was reached, and leaves out what only the
    /// authors of the workshop's own crates can use.
    fn located(&self, reason: NotStarted) -> NotStarted {
        match reason {
            NotStarted::NotDeclared(what) => NotStarted::NotDeclared(what.told_to(self.plan.kind)),
            NotStarted::Todo { place } => NotStarted::Todo {
                place: place.map(|place| self.plan.places.of_panic(place)),
            },
            NotStarted::NoTool { ref name, .. } => match self.plan.places.unmarked_tool(name) {
                Some(unmarked) => NotStarted::NotDeclared(format!("{reason}. {unmarked}").into()),
                None => reason,
            },
            NotStarted::Needs(_) => reason,
        }
    }
}

/// What a check that is a task of its own comes to. Its panics are this one's.
async fn ended(checking: &mut JoinSet<Checked>) -> Checked {
    let ended = checking.join_next().await;
    match ended.map(|ended| ended.map_err(JoinError::try_into_panic)) {
        Some(Ok(checked)) => checked,
        Some(Err(Ok(panic))) => resume_unwind(panic),
        // It was cut off, with all that waits for it.
        Some(Err(Err(_))) | None => pending().await,
    }
}

/// The check, unless it takes too long.
async fn in_time(
    checking: impl Future<Output = Checked>,
    deadline: Duration,
    transcript: &Transcript,
) -> Checked {
    let checked = timeout(deadline, checking).await;
    checked.unwrap_or_else(|_| Err(too_slow(deadline, last_sent(transcript))))
}

fn too_slow(deadline: Duration, sent: String) -> Stop {
    Finding::new(Code::TooSlow)
        .sent(sent)
        .expected("a step that takes a few milliseconds")
        .got(format!("not done after {} s", deadline.as_secs()))
        .why("Every answer came, but slowly. A client would have given up by now.")
        .into()
}

fn last_sent(transcript: &Transcript) -> String {
    let last = transcript.last_request();
    last.map(|exchange| exchange.sent.describe())
        .unwrap_or_default()
}
