//! A check as `cargo checker check` runs it, with progress, one at a time.

use anyhow::{Context, Result, bail};
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tracing::info;

use super::Tutor;
use crate::course::{Exercise, Step};
use crate::escape::one_line;
use crate::events::Event;
use crate::report::{BuildProgress, document};
use crate::verdict::{ExerciseReport, Outcome};
use crate::workshop::CheckRequest;
use crate::workshop::at_work::AtWork;
use crate::workshop::select::{Selection, select};

/// What the client asked for.
pub(super) struct Wanted<'a> {
    pub exercise: Option<&'a str>,
    pub step: Option<&'a str>,
}

/// Builds and checks what is wanted, keeps the progress, and gives the JSON report. When the
/// client cancels, the build ends.
pub(super) async fn run(
    tutor: &Tutor,
    wanted: Wanted<'_>,
    context: RequestContext<RoleServer>,
) -> Result<impl serde::Serialize> {
    let (exercise, step) = named(tutor, &wanted)?;
    let Ok(_busy) = tutor.busy.try_lock() else {
        bail!(
            "A check is already running, and a second one would have to wait for it. Wait for its answer, then call again. Without `step`, one check covers the whole exercise."
        );
    };
    let workshop = &tutor.workshop;
    let _at_work = AtWork::begin(&workshop.root, "tutor");
    workshop.remember(exercise);
    let request = CheckRequest::new(exercise, step);
    info!("checking {}", step.map_or(&exercise.id, |step| &step.id));

    let (events, received) = unbounded_channel();
    let checking = async {
        // Moved in, so that the channel closes when all is done.
        let events = events;
        workshop.check(&request, &tutor.guard, &events).await
    };
    let notifying = Notifier::of(&context, exercise).notify(received);
    let (checked, report) = tokio::select! {
        both = async { tokio::join!(checking, notifying) } => both,
        // Whatever was begun is dropped, and a dropped process is killed.
        () = context.ct.cancelled() => bail!("cancelled, and everything that the check started was stopped"),
    };
    if let Some(report) = &report {
        tutor.reports.keep(report);
    }
    checked?;
    let report = report.context("the check ended without a report")?;
    Ok(document(request.seed, &[report]))
}

/// The current exercise where nothing is named.
fn named<'a>(tutor: &'a Tutor, wanted: &Wanted<'_>) -> Result<(&'a Exercise, Option<&'a Step>)> {
    let workshop = &tutor.workshop;
    let words = match (wanted.exercise, wanted.step) {
        (None, Some(step)) => (Some(step), None),
        words => words,
    };
    match select(workshop, words.0, words.1)? {
        Some(Selection::Exercise(exercise)) => Ok((exercise, None)),
        Some(Selection::Step(exercise, step)) => Ok((exercise, Some(step))),
        Some(Selection::All) => bail!("check one exercise at a time. Ready: {}", workshop.ready()),
        None => {
            let progress = workshop.progress.read()?;
            let current = workshop.current(&progress);
            let current = current
                .context("every exercise that is ready has passed. Name one to check it again")?;
            Ok((current, None))
        }
    }
}

/// Notifies a client of how far a check is, if it wants to know.
struct Notifier {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    progress: BuildProgress,
    sent: f64,
}

impl Notifier {
    fn of(context: &RequestContext<RoleServer>, exercise: &Exercise) -> Self {
        let token = context.meta.get_progress_token();
        Self {
            to: token.map(|token| (context.peer.clone(), token)),
            progress: BuildProgress::of(&exercise.id),
            sent: 0.0,
        }
    }

    /// Notifies of each event, and gives the report when all is done.
    async fn notify(mut self, mut events: UnboundedReceiver<Event>) -> Option<ExerciseReport> {
        let mut last = String::new();
        let mut report = None;
        while let Some(event) = events.recv().await {
            let words = self.words(&event);
            if let Event::Finished(finished) = event {
                report = Some(*finished);
            }
            // Cargo says several times a second that it waits.
            let Some(words) = words.filter(|words| *words != last) else {
                continue;
            };
            info!("{words}");
            if let Some((peer, token)) = &self.to {
                self.sent += 1.0;
                let progress = ProgressNotificationParam::new(token.clone(), self.sent)
                    .with_message(words.clone());
                // A client that is gone is noticed where the answer is sent.
                let _ = peer.notify_progress(progress).await;
            }
            last = words;
        }
        report
    }

    fn words(&mut self, event: &Event) -> Option<String> {
        self.progress.event(event);
        Some(match event {
            Event::Building { package } => format!("building {package}"),
            Event::CrateBuilt(_) if self.progress.is_first_build() => {
                format!("compiled {}", self.progress.latest())
            }
            Event::CrateBuilt(name) => format!("compiled {name}"),
            Event::WaitingForCargo => self.progress.latest(),
            Event::Checking { exercise } => format!("checking {}", exercise.id),
            Event::Step(step) => {
                let outcome = match step.outcome {
                    Outcome::Passed => "passed",
                    Outcome::Failed => "failed",
                    Outcome::NotStarted => "not started",
                    Outcome::CouldNotCheck => "could not be checked",
                };
                one_line(&format!("{} {outcome}: {}", step.id, step.title))
            }
            Event::Finished(report) if report.compile_error.is_some() => {
                "it does not compile yet".to_owned()
            }
            Event::TakesMinutes(why) => format!("{why}: this takes minutes"),
            Event::Built | Event::Finished(_) => return None,
        })
    }
}
