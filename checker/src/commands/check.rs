//! `cargo checker check`: builds the subject, has it checked, reports, and keeps the progress.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::select::{self, Selection};
use super::subject::{self, DoesNotCompile};
use super::{COULD_NOT, FAILED, PASSED, Workshop};
use crate::at_work::AtWork;
use crate::checks::symptoms::of_compile_error;
use crate::cli::{Check, Eras};
use crate::course::Exercise;
use crate::engine::{self, Event, Places, Plan, milliseconds};
use crate::patience::Patience;
use crate::report::{self, Building, Format, Reporter, Terminal};
use crate::subject::Subject;
use crate::subject::guard::Guard;
use crate::verdict::{EraReport, ExerciseReport, Outcome, SubjectKind};

pub(super) async fn run(workshop: &Workshop, arguments: &Check) -> Result<u8> {
    let words = (arguments.exercise.as_deref(), arguments.step.as_deref());
    let selection = select::or_current(workshop, words, "check it again")?;
    let seed = arguments
        .seed
        .unwrap_or_else(|| u64::from(rand::random::<u16>()));
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
    let _at_work = AtWork::begin(&workshop.root, "check");
    let exercises: Vec<&Exercise> = match selection {
        Selection::All => workshop
            .course
            .exercises
            .iter()
            .filter(|one| one.ready)
            .collect(),
        Selection::Exercise(exercise) | Selection::Step(exercise, _) => vec![exercise],
    };
    if let [exercise] = exercises.as_slice() {
        // Named in a command, and so the current one.
        workshop.remember(exercise);
    }

    let (events, received) = unbounded_channel();
    let checking = async {
        // Moved in, so that the channel closes when all is done.
        let events = events;
        let step = match selection {
            Selection::Step(_, step) => Some(step.id.as_str()),
            Selection::All | Selection::Exercise(_) => None,
        };
        let mut reports = Vec::new();
        let mut kept = Ok(());
        for exercise in &exercises {
            let (report, recorded) =
                check(workshop, arguments, (exercise, step), seed, &guard, &events).await?;
            kept = kept.and(recorded);
            reports.push(report);
        }
        anyhow::Ok((reports, kept))
    };
    let reporting = tell(arguments, seed, received);
    let (checked, reporter) = tokio::join!(checking, reporting);
    let (reports, kept) = checked?;
    reporter?.finish(&reports)?;
    kept?;
    let code = exit_code(&reports);
    if code == COULD_NOT {
        bail!("nothing could be checked: {}", why_not(&reports));
    }
    Ok(code)
}

/// One exercise, or one step of it: build, check, and keep the progress. The second result is
/// whether that could be kept.
///
/// # Errors
///
/// When there is nothing to check: it cannot be built, reached or started.
pub(crate) async fn check(
    workshop: &Workshop,
    arguments: &Check,
    (exercise, step): (&Exercise, Option<&str>),
    seed: u64,
    guard: &Guard,
    events: &UnboundedSender<Event>,
) -> Result<(ExerciseReport, Result<()>)> {
    let plan = Plan {
        exercise,
        step,
        eras: arguments.era.list(),
        seed,
        kind: kind(arguments),
        places: &places(workshop, arguments, exercise),
        root: workshop.root.clone(),
        settings: match kind(arguments) {
            SubjectKind::Solution => subject::folder(&workshop.root, exercise, true),
            _ => workshop.root.clone(),
        },
        patience: Patience::default(),
        options: options(arguments),
    };
    let mut build_ms = 0;
    let subject = match (&arguments.url, &arguments.command) {
        (Some(url), _) => subject::reachable(url).await?,
        (None, Some(command)) => subject::startable(command, guard).await?,
        (None, None) => {
            let (root, solution) = (&workshop.root, arguments.solution);
            match subject::program(root, exercise, solution, guard, events).await? {
                Ok((program, took)) => {
                    build_ms = milliseconds(took);
                    Subject::Program(program)
                }
                Err(error) => return Ok((uncompiled(&plan, error, events), Ok(()))),
            }
        }
    };
    let _ = events.send(Event::Checking {
        exercise: exercise.clone(),
    });
    let mut report = engine::check(&plan, &subject, events).await;
    report.build_ms = build_ms;
    let _ = events.send(Event::Finished(Box::new(report.clone())));
    // At once: what comes after may be stopped, and nobody may be reading the report.
    let kept = match is_for_progress(arguments) {
        true => record(workshop, &report),
        false => Ok(()),
    };
    Ok((report, kept))
}

/// Code that does not compile is code being written: it takes back no step.
fn uncompiled(
    plan: &Plan<'_>,
    DoesNotCompile { first, others }: DoesNotCompile,
    events: &UnboundedSender<Event>,
) -> ExerciseReport {
    let exercise = plan.exercise.clone();
    // Only a terminal wants the colours that rustc draws with.
    let plain = anstream::adapter::strip_str(&first).to_string();
    let report = engine::uncompiled(plan, &plain, others);
    let _ = events.send(Event::Checking { exercise });
    let note = of_compile_error(&first);
    let _ = events.send(Event::DoesNotCompile {
        first,
        others,
        note,
    });
    report
}

/// Takes the events as they come, and gives the reporter back for the end.
async fn tell(
    arguments: &Check,
    seed: u64,
    mut events: UnboundedReceiver<Event>,
) -> Result<Box<dyn Reporter>> {
    let human = arguments.format == Format::Human;
    let mut reporter: Box<dyn Reporter> = match arguments.format {
        Format::Human => Box::new(Terminal::new(
            anstream::stdout(),
            report::width(),
            arguments.trace,
            seed,
        )),
        Format::Json => Box::new(report::json(io::stdout(), seed)),
        Format::Junit => Box::new(report::junit(io::stdout())),
        Format::Github => Box::new(report::github(io::stdout())),
    };
    let mut building = Building::new();
    while let Some(event) = events.recv().await {
        building.event(&event);
        reporter.event(&event)?;
        if let (Event::Step(step), true, false) = (&event, arguments.trace, human) {
            report::write_trace(&mut anstream::stderr(), step)?;
        }
    }
    io::stdout().flush()?;
    Ok(reporter)
}

fn kind(arguments: &Check) -> SubjectKind {
    match (&arguments.url, &arguments.command, arguments.solution) {
        (Some(_), ..) => SubjectKind::Url,
        (_, Some(_), _) => SubjectKind::Command,
        (.., true) => SubjectKind::Solution,
        _ => SubjectKind::Starter,
    }
}

/// The options that name the same subject again.
fn options(arguments: &Check) -> String {
    match (&arguments.url, &arguments.command, arguments.solution) {
        (Some(url), ..) => format!(" --url {url}"),
        (_, Some(command), _) => format!(" --command {}", quoted(command)),
        (.., true) => " --solution".to_owned(),
        _ => String::new(),
    }
}

/// As a shell takes it for one word.
fn quoted(command: &str) -> String {
    shlex::try_quote(command).map_or_else(|_| "…".to_owned(), Into::into)
}

fn places(workshop: &Workshop, arguments: &Check, exercise: &Exercise) -> Places {
    match kind(arguments) {
        SubjectKind::Url | SubjectKind::Command => Places::unknown(),
        _ => Places::in_folder(
            &workshop.root,
            &subject::folder(&workshop.root, exercise, arguments.solution),
        ),
    }
}

/// Only the attendee's own code, on both eras, counts.
fn is_for_progress(arguments: &Check) -> bool {
    kind(arguments) == SubjectKind::Starter && arguments.era == Eras::Both
}

fn record(workshop: &Workshop, report: &ExerciseReport) -> Result<()> {
    let update = workshop.progress.update(|progress| {
        for step in &report.steps {
            progress.record(step);
        }
    });
    if let Err(error) = update {
        bail!("the result above stands, but your progress could not be kept: {error:#}");
    }
    Ok(())
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
    report::escape::one_line(&reason.unwrap_or_else(|| "no exercise is ready".to_owned()))
}
