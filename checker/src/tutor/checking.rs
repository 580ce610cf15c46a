//! A check as `cargo checker check` runs it, with progress, one at a time.

use anyhow::{Context, Result, bail};
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tracing::info;

use super::Tutor;
use crate::at_work::AtWork;
use crate::cli::Check;
use crate::commands::check::check;
use crate::commands::select::{Selection, select};
use crate::course::Exercise;
use crate::engine::Event;
use crate::report::escape::one_line;
use crate::report::{FIRST_BUILD, MANY, WAITING, document};
use crate::verdict::Outcome;

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
            "A check is running already, and two at once would wait for each other. Wait for its answer, then call again. Without `step`, one check covers the whole exercise."
        );
    };
    let workshop = &tutor.workshop;
    let _at_work = AtWork::begin(&workshop.root, "tutor");
    workshop.remember(exercise);
    let seed = u64::from(rand::random::<u16>());
    info!("checking {}", step.unwrap_or(&exercise.id));

    let (events, received) = unbounded_channel();
    let arguments = Check::default();
    let checking = async {
        // Moved in, so that the channel closes when all is done.
        let events = events;
        check(
            workshop,
            &arguments,
            (exercise, step),
            seed,
            &tutor.guard,
            &events,
        )
        .await
    };
    let telling = Telling::of(&context).tell(received);
    let (report, kept) = tokio::select! {
        (checked, ()) = async { tokio::join!(checking, telling) } => checked?,
        // Whatever was begun is dropped, and a dropped process is killed.
        () = context.ct.cancelled() => bail!("cancelled; what was begun is ended"),
    };
    tutor.reports.keep(&report);
    kept?;
    Ok(document(seed, &[report]))
}

/// The current exercise where nothing is named.
fn named<'a>(tutor: &'a Tutor, wanted: &Wanted<'_>) -> Result<(&'a Exercise, Option<&'a str>)> {
    let workshop = &tutor.workshop;
    let words = match (wanted.exercise, wanted.step) {
        (None, Some(step)) => (Some(step), None),
        words => words,
    };
    match select(workshop, words.0, words.1)? {
        Some(Selection::Exercise(exercise)) => Ok((exercise, None)),
        Some(Selection::Step(exercise, step)) => Ok((exercise, Some(&step.id))),
        Some(Selection::All) => bail!("one exercise at a time. Ready: {}", workshop.ready()),
        None => {
            let progress = workshop.progress.read()?;
            let current = workshop.current(&progress);
            let current = current
                .context("every exercise that is ready is passed; name one to check it again")?;
            Ok((current, None))
        }
    }
}

/// Tells a client how far a check is, if it wants to know.
struct Telling {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    crates: usize,
    told: f64,
}

impl Telling {
    fn of(context: &RequestContext<RoleServer>) -> Self {
        let token = context.meta.get_progress_token();
        Self {
            to: token.map(|token| (context.peer.clone(), token)),
            crates: 0,
            told: 0.0,
        }
    }

    async fn tell(mut self, mut events: UnboundedReceiver<Event>) {
        let mut last = String::new();
        while let Some(event) = events.recv().await {
            let Some(words) = self.words(&event) else {
                continue;
            };
            // Cargo says several times a second that it waits.
            if words == last {
                continue;
            }
            info!("{words}");
            if let Some((peer, token)) = &self.to {
                self.told += 1.0;
                let progress = ProgressNotificationParam::new(token.clone(), self.told)
                    .with_message(words.clone());
                // A client that is gone is noticed where the answer is sent.
                let _ = peer.notify_progress(progress).await;
            }
            last = words;
        }
    }

    fn words(&mut self, event: &Event) -> Option<String> {
        Some(match event {
            Event::Building { package } => format!("building {package}"),
            Event::CrateBuilt(name) => {
                self.crates += 1;
                match self.crates > MANY {
                    true => format!("compiled {} crates, {name}{FIRST_BUILD}", self.crates),
                    false => format!("compiled {name}"),
                }
            }
            Event::WaitingForCargo => WAITING.to_owned(),
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
            Event::DoesNotCompile { .. } => "it does not compile yet".to_owned(),
            Event::Built | Event::Finished(_) => return None,
        })
    }
}
