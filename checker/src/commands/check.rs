//! `cargo checker check`: has the subject checked, and shows what is found.

use std::io;

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{COULD_NOT, FAILED, PASSED};
use crate::cli::Check;
use crate::course::{Exercise, Step};
use crate::escape::one_line;
use crate::events::Event;
use crate::report::{self, Reporter};
use crate::subject::guard::Guard;
use crate::verdict::{EraReport, ExerciseReport, Outcome};
use crate::workshop::at_work::AtWork;
use crate::workshop::select::{self, Selection};
use crate::workshop::{CheckError, CheckRequest, SubjectChoice, Workshop, draw_seed};

pub(super) async fn run(workshop: &Workshop, arguments: &Check) -> Result<u8> {
    let words = (arguments.exercise.as_deref(), arguments.step.as_deref());
    let selection = select::or_current(workshop, words, "check it again")?;
    let requests = requests(workshop, selection, arguments);
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
    let _at_work = AtWork::begin(&workshop.root, "check");
    if let [request] = requests.as_slice() {
        // Named in a command, and so the current one.
        workshop.remember(request.exercise);
    }

    let seed = requests.first().map_or(0, |request| request.seed);
    let mut reporters = report::reporters(arguments.format, arguments.trace, seed);
    let (events, received) = unbounded_channel();
    let checking = async {
        // Moved in, so that the channel closes when all is done.
        let events = events;
        let mut kept = Ok(());
        for request in &requests {
            match workshop.check(request, &guard, &events).await {
                Err(CheckError::NoSubject(error)) => return Err(error),
                Err(error @ CheckError::NotKept(_)) => kept = kept.and(Err(error)),
                Ok(()) => (),
            }
        }
        Ok(kept)
    };
    let (checked, reported) = tokio::join!(checking, report(&mut reporters, received));
    let kept = checked?;
    let reports = reported?;
    for reporter in &mut reporters {
        reporter.finish()?;
    }
    kept?;
    let code = exit_code(&reports);
    if code == COULD_NOT {
        bail!("nothing could be checked: {}", why_not(&reports));
    }
    Ok(code)
}

/// A request for each exercise, all with one seed.
fn requests<'a>(
    workshop: &'a Workshop,
    selection: Selection<'a>,
    arguments: &Check,
) -> Vec<CheckRequest<'a>> {
    let seed = arguments.seed.unwrap_or_else(draw_seed);
    let of = |exercise: &'a Exercise, step: Option<&'a Step>| CheckRequest {
        exercise,
        step,
        subject: subject(arguments),
        realm: arguments.realm.clone(),
        database: arguments.database.clone(),
        eras: arguments.era.list(),
        seed,
    };
    match selection {
        Selection::All => {
            let exercises = workshop.course.exercises.iter();
            let ready = exercises.filter(|exercise| exercise.ready);
            ready.map(|exercise| of(exercise, None)).collect()
        }
        Selection::Exercise(exercise) => vec![of(exercise, None)],
        Selection::Step(exercise, step) => vec![of(exercise, Some(step))],
    }
}

fn subject(arguments: &Check) -> SubjectChoice {
    match (&arguments.url, &arguments.command) {
        (Some(url), _) => SubjectChoice::Url(url.clone()),
        (None, Some(command)) => SubjectChoice::Command(command.clone()),
        (None, None) if arguments.solution => SubjectChoice::Solution,
        (None, None) => SubjectChoice::Starter,
    }
}

/// Hands the events to the reporters as they come, and keeps the reports for the exit code.
async fn report(
    reporters: &mut [Box<dyn Reporter>],
    mut events: UnboundedReceiver<Event>,
) -> io::Result<Vec<ExerciseReport>> {
    let mut reports = Vec::new();
    while let Some(event) = events.recv().await {
        for reporter in reporters.iter_mut() {
            reporter.event(&event)?;
        }
        if let Event::Finished(report) = event {
            reports.push(*report);
        }
    }
    Ok(reports)
}

fn exit_code(reports: &[ExerciseReport]) -> u8 {
    let outcomes: Vec<Outcome> = reports.iter().map(ExerciseReport::outcome).collect();
    if outcomes
        .iter()
        .any(|outcome| matches!(outcome, Outcome::Failed | Outcome::NotStarted))
    {
        FAILED
    } else if outcomes.contains(&Outcome::Passed) {
        PASSED
    } else {
        COULD_NOT
    }
}

/// The first reason that a step gives.
fn why_not(reports: &[ExerciseReport]) -> String {
    let steps = reports.iter().flat_map(|report| &report.steps);
    let mut eras = steps.flat_map(|step| &step.eras);
    let reason = eras.find_map(EraReport::reason);
    one_line(&reason.unwrap_or_else(|| "no exercise is ready".to_owned()))
}
