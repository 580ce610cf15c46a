//! `cargo checker check`: builds the subject, has it checked, reports, and keeps the progress.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use reqwest::Url;
use tokio::process::Command;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::select::{Selection, select};
use super::{COULD_NOT, FAILED, PASSED, Workshop};
use crate::checks::symptoms::of_compile_error;
use crate::cli::{Check, Eras};
use crate::course::Exercise;
use crate::engine::{self, Event, Places, Plan, milliseconds};
use crate::mcp::probe::{Probe, probe};
use crate::report::{self, Building, Format, Reporter, Terminal};
use crate::subject::build::{BuildError, Built, build};
use crate::subject::guard::Guard;
use crate::subject::process::Process;
use crate::subject::{CommandLine, Program, Subject};
use crate::verdict::{EraReport, ExerciseReport, Outcome};

/// No report is wider, and what is not a terminal gets this width.
const WIDTH: usize = 100;

pub(super) async fn run(workshop: &Workshop, arguments: &Check) -> Result<u8> {
    let selection = selection(workshop, arguments)?;
    let seed = arguments
        .seed
        .unwrap_or_else(|| u64::from(rand::random::<u16>()));
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
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
        remember(workshop, exercise);
    }

    let (events, received) = unbounded_channel();
    let checking = async {
        // Moved in, so that the channel closes when all is done.
        let events = events;
        let mut reports = Vec::new();
        let mut kept = Ok(());
        for exercise in &exercises {
            let plan = Plan {
                exercise,
                step: match selection {
                    Selection::Step(_, step) => Some(step.id.as_str()),
                    Selection::All | Selection::Exercise(_) => None,
                },
                eras: arguments.era.list(),
                seed,
                kind: kind(arguments),
                places: &places(workshop, arguments, exercise),
                options: options(arguments),
            };
            let report = check(workshop, arguments, &plan, &guard, &events).await?;
            // At once: what comes after may be stopped, and nobody may be reading the report.
            if is_for_progress(arguments) {
                kept = kept.and(record(workshop, &report));
            }
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

/// What the words name; the current exercise without any.
fn selection<'a>(workshop: &'a Workshop, arguments: &Check) -> Result<Selection<'a>> {
    let named = select(
        workshop,
        arguments.exercise.as_deref(),
        arguments.step.as_deref(),
    )?;
    if let Some(selection) = named {
        return Ok(selection);
    }
    let progress = workshop.progress.read()?;
    let current = workshop.current(&progress).map(Selection::Exercise);
    current.context("every exercise that is ready is passed; name one to check it again")
}

/// One exercise: build, then check.
async fn check(
    workshop: &Workshop,
    arguments: &Check,
    plan: &Plan<'_>,
    guard: &Guard,
    events: &UnboundedSender<Event>,
) -> Result<ExerciseReport> {
    let mut build_ms = 0;
    let subject = match (&arguments.url, &arguments.command) {
        (Some(url), _) => reachable(url).await?,
        (None, Some(command)) => startable(command, guard).await?,
        (None, None) => match program(workshop, arguments, plan.exercise, guard, events).await? {
            Ok((program, built)) => {
                build_ms = milliseconds(built.took);
                Subject::Program(program)
            }
            Err((first, others)) => {
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
                return Ok(report);
            }
        },
    };
    let _ = events.send(Event::Checking {
        exercise: plan.exercise.clone(),
    });
    let mut report = engine::check(plan, &subject, events).await;
    report.build_ms = build_ms;
    let _ = events.send(Event::Finished(Box::new(report.clone())));
    Ok(report)
}

/// Cargo's first error and how many more there are, where the code does not compile.
type DoesNotCompile = (String, usize);

/// The built program, the attendee's or the reference.
async fn program(
    workshop: &Workshop,
    arguments: &Check,
    exercise: &Exercise,
    guard: &Guard,
    events: &UnboundedSender<Event>,
) -> Result<Result<(Program, Built), DoesNotCompile>> {
    let package = match arguments.solution {
        true => format!("{}_solution", exercise.id),
        false => exercise.id.clone(),
    };
    let folder = folder(workshop, arguments, exercise);
    if !folder.join("Cargo.toml").is_file() {
        bail!(
            "{} is not there. `git checkout -- {}` brings back the committed one",
            folder.display(),
            folder
                .strip_prefix(&workshop.root)
                .unwrap_or(&folder)
                .display()
        );
    }
    let _ = events.send(Event::Building {
        package: package.clone(),
    });
    let told = |name: &str| {
        let _ = events.send(Event::CrateBuilt(name.to_owned()));
    };
    let built = build(&workshop.root, &package, guard, told).await;
    let _ = events.send(Event::Built);
    match built {
        Ok(built) => {
            let program = Program {
                executable: built.executable.clone(),
                folder,
                environment: Vec::new(),
                guard: guard.clone(),
            };
            Ok(Ok((program, built)))
        }
        Err(BuildError::Compile { first, .. }) if first.contains(NO_SPACE) => {
            bail!(cargo_failed(&first))
        }
        Err(BuildError::Compile { first, others }) => Ok(Err((first, others))),
        Err(BuildError::Cargo(words)) => bail!(cargo_failed(&words)),
        Err(BuildError::NoCargo(error)) => {
            bail!(
                "cargo cannot be started ({error}): install Rust from https://rustup.rs, or mend your PATH"
            )
        }
    }
}

const NO_SPACE: &str = "No space left on device";

/// Cargo's own words, with the mend where it is known.
fn cargo_failed(words: &str) -> String {
    const MENDS: [(&str, &str); 6] = [
        (
            NO_SPACE,
            "The disk is full. `cargo clean` frees the most; the next build takes minutes.",
        ),
        (
            "Read-only file system",
            "The workshop lies on a read-only file system. Copy it to a folder of yours, or set CARGO_TARGET_DIR to one.",
        ),
        (
            "Permission denied",
            "You may not write here. Copy the workshop to a folder of yours, or set CARGO_TARGET_DIR to one.",
        ),
        (
            "No such file or directory (os error 2) at path",
            "Nothing can be written there. Is CARGO_TARGET_DIR a folder that can be made?",
        ),
        (
            "Could not resolve host",
            "A crate is missing and there is no network. Once online, `cargo fetch --locked` gets them all.",
        ),
        (
            "failed to download",
            "A crate is missing and could not be fetched. Once online, `cargo fetch --locked` gets them all.",
        ),
    ];
    let mend = MENDS.iter().find(|(symptom, _)| words.contains(symptom));
    let mend = mend.map_or("", |(_, mend)| *mend);
    format!("cargo could not build it:\n{words}\n{mend}")
        .trim_end()
        .to_owned()
}

/// A URL behind which something speaks MCP.
async fn reachable(url: &Url) -> Result<Subject> {
    if url.scheme() != "http" {
        bail!("{url} is not an http:// URL, and the checker speaks nothing else yet");
    }
    match probe(url).await {
        Probe::Mcp => Ok(Subject::Url(url.clone())),
        Probe::NeedsToken => bail!(
            "the server at {url} asks for a token (401), and the checker has none. Check it where it lets everyone in"
        ),
        Probe::Silent(why) => bail!(
            "nothing answers at {url} ({why}). Start the server, or start it again if it hangs: `cargo run --bin ex3_store` listens on http://127.0.0.1:8420/mcp"
        ),
        Probe::NotMcp(got) => bail!(
            "what answers at {url} is not MCP: {}. Is the path right? It is usually /mcp",
            report::escape::one_line(&got)
        ),
    }
}

/// A command line that names a program which can be started.
async fn startable(command: &str, guard: &Guard) -> Result<Subject> {
    let Some(words) = shlex::split(command) else {
        bail!("--command {command:?} is no command line: is a quote left open?");
    };
    let Some((program, arguments)) = words.split_first() else {
        bail!("--command names no program. It takes one string: --command 'python store.py'");
    };
    let mut trial = Command::new(program);
    trial.args(arguments);
    match Process::start(trial, guard) {
        Ok(process) => process.stop().await,
        Err(error) => {
            bail!("`{program}` cannot be started: {error}. Is it spelled right, and on your PATH?")
        }
    }
    Ok(Subject::Command(CommandLine {
        program: program.clone(),
        arguments: arguments.to_vec(),
        guard: guard.clone(),
    }))
}

/// Takes the events as they come, and gives the reporter back for the end.
async fn tell(
    arguments: &Check,
    seed: u64,
    mut events: UnboundedReceiver<Event>,
) -> Result<Box<dyn Reporter>> {
    let human = arguments.format == Format::Human;
    let width = match io::stdout().is_terminal() {
        true => textwrap::termwidth().min(WIDTH),
        false => WIDTH,
    };
    let mut reporter: Box<dyn Reporter> = match arguments.format {
        Format::Human => Box::new(Terminal::new(
            anstream::stdout(),
            width,
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

fn kind(arguments: &Check) -> &'static str {
    match (&arguments.url, &arguments.command, arguments.solution) {
        (Some(_), ..) => "url",
        (_, Some(_), _) => "command",
        (.., true) => "solution",
        _ => "starter",
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

fn folder(workshop: &Workshop, arguments: &Check, exercise: &Exercise) -> PathBuf {
    let kind = if arguments.solution {
        "solutions"
    } else {
        "exercises"
    };
    workshop.root.join(kind).join(&exercise.id)
}

fn places(workshop: &Workshop, arguments: &Check, exercise: &Exercise) -> Places {
    match kind(arguments) {
        "url" | "command" => Places::unknown(),
        _ => Places::in_folder(&workshop.root, &folder(workshop, arguments, exercise)),
    }
}

/// The current exercise is the one last named. That it cannot be kept is told at the end,
/// with the result.
fn remember(workshop: &Workshop, exercise: &Exercise) {
    let _ = workshop
        .progress
        .update(|progress| progress.current = Some(exercise.id.clone()));
}

/// Only the attendee's own code, on both eras, counts.
fn is_for_progress(arguments: &Check) -> bool {
    kind(arguments) == "starter" && arguments.era == Eras::Both
}

fn record(workshop: &Workshop, report: &ExerciseReport) -> Result<()> {
    if does_not_compile(report) {
        return Ok(());
    }
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

/// Code that does not compile is code being written: it takes back no step.
fn does_not_compile(report: &ExerciseReport) -> bool {
    let mut findings = report.steps.iter().filter_map(|step| step.finding());
    findings.any(|(finding, _)| finding.code == "does_not_compile")
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
