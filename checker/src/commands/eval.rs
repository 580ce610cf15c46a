//! `cargo checker eval`: whether a model chooses the right tools of a server.

use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rmcp::model::Tool;
use tokio::sync::mpsc::unbounded_channel;

use super::servers::{NeedsServer, show};
use super::{COULD_NOT, FAILED, PASSED};
use crate::cli::{Eval as Arguments, EvalFormat};
use crate::escape::one_line;
use crate::eval::ask_all;
use crate::eval::model::Model;
use crate::eval::questions::Questions;
use crate::eval::table::{Evaluation, plan};
use crate::eval::wording::Wording;
use crate::mcp::{ClientProfile, Endpoint, Era, Session, Transcript};
use crate::patience::Patience;
use crate::subject::guard::Guard;
use crate::subject::process::Process;
use crate::subject::{Subject, reach};
use crate::workshop::Workshop;
use crate::workshop::build::{self, Built};

const NEEDS: NeedsServer = NeedsServer {
    command: "eval",
    signs_in: false,
};

/// Where the questions about the store are.
const QUESTIONS: &str = "evals/store.toml";

pub(super) async fn run(arguments: &Arguments) -> Result<u8> {
    let tools = tools(arguments).await?;
    let file = questions_file(arguments)?;
    let questions = Questions::load(&file, &tools).map_err(|error| of_file(&file, &error))?;
    let reworded = arguments.descriptions.as_ref().map(|file| {
        let wording = Wording::load(file).and_then(|wording| wording.of(&tools));
        wording.map_err(|error| of_file(file, &error))
    });
    let reworded = reworded.transpose()?;
    let times = usize::from(arguments.times.get());
    let Some(model) = Model::from_settings().map_err(anyhow::Error::msg)? else {
        anstream::print!("{}", plan(&questions, &tools, times));
        let _ = writeln!(
            anstream::stderr(),
            "\nNo model was asked. Set OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL:\nexercises/ex2_agent/.env.example shows how, also for a model on this machine."
        );
        return Ok(COULD_NOT);
    };
    let wordings = 1 + usize::from(reworded.is_some());
    let bar = bar(&model.name, questions.questions.len() * times * wordings);
    let ask = async |tools: &[Tool]| {
        let asked = ask_all(&model, &questions, tools, times, || bar.inc(1)).await;
        asked.map_err(anyhow::Error::msg)
    };
    let figures = ask(&tools).await?;
    let reworded = match &reworded {
        Some(tools) => Some(ask(tools).await?),
        None => None,
    };
    bar.finish_and_clear();
    let evaluation = Evaluation {
        model: model.name.clone(),
        times,
        figures,
        reworded,
        prices: arguments.prices,
    };
    let mut out = anstream::stdout();
    match arguments.format {
        EvalFormat::Human => write!(out, "{}", evaluation.human())?,
        EvalFormat::Json => writeln!(out, "{:#}", evaluation.json())?,
    }
    let counts = evaluation.newest().counts();
    if counts.no_answers == counts.asked {
        bail!("the model answered no question; the table says why");
    }
    match arguments.at_least {
        Some(percent) if counts.percent() < f64::from(percent) => Ok(FAILED),
        _ => Ok(PASSED),
    }
}

fn of_file(file: &Path, error: &str) -> anyhow::Error {
    anyhow!("{}: {error}", file.display())
}

/// `--questions`; by default, those about the store.
fn questions_file(arguments: &Arguments) -> Result<PathBuf> {
    match &arguments.questions {
        Some(file) => Ok(file.clone()),
        None => Ok(Workshop::open()?.root.join(QUESTIONS)),
    }
}

/// A bar on a terminal, and nothing elsewhere.
fn bar(model: &str, requests: usize) -> ProgressBar {
    let requests = u64::try_from(requests).unwrap_or(u64::MAX);
    let bar = ProgressBar::new(requests).with_prefix(model.to_owned());
    let style = ProgressStyle::with_template("{spinner} asking {prefix} {pos}/{len} {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// What the server says of its tools.
async fn tools(arguments: &Arguments) -> Result<Vec<Tool>> {
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
    if let Some(url) = &arguments.url {
        reach::url(url, false).await?;
        return list(|| Ok((Endpoint::Http(url.clone()), None))).await;
    }
    if let Some(typed) = &arguments.command {
        let Subject::Command(command) = reach::command(typed, &guard).await? else {
            bail!("`{typed}` cannot be started");
        };
        return list(|| {
            let mut process = tokio::process::Command::new(&command.program);
            process.args(&command.arguments);
            let mut process = Process::start(process, &guard)?;
            let (stdin, stdout) = process.take_stdio().context("it has no stdin or stdout")?;
            Ok((Endpoint::Stdio(stdin, stdout), Some(process)))
        })
        .await;
    }
    of_exercise(arguments, &guard).await
}

/// Builds an exercise, and asks it.
async fn of_exercise(arguments: &Arguments, guard: &Guard) -> Result<Vec<Tool>> {
    let workshop = Workshop::open().inspect(Workshop::finish_what_was_cut_off)?;
    let (exercise, serving) = NEEDS.exercise(&workshop, arguments.exercise.as_deref())?;
    let (events, received) = unbounded_channel();
    let building = async {
        let events = events;
        build::program(&workshop, exercise, arguments.solution, guard, &events).await
    };
    let (built, ()) = tokio::join!(building, show(received));
    let program = match built? {
        Built::Program(program, _) => program,
        Built::Broken { first, .. } => {
            let _ = writeln!(stderr(), "{first}");
            bail!(
                "{} does not compile; cargo's first error is above",
                exercise.id
            );
        }
    };
    let server = program.serve(serving, Patience::default().listening).await;
    let server = server.map_err(|error| anyhow!("{} does not serve: {error}", exercise.id))?;
    let url = server.url();
    let listed = list(|| Ok((Endpoint::Http(url.clone()), None))).await;
    let Some(panic) = server.process.stderr().panicked_after(0) else {
        return listed;
    };
    bail!(
        "{} panicked at {}: {}. `cargo checker check {}` says what to write next",
        exercise.id,
        panic.place,
        one_line(&panic.message),
        exercise.short()
    );
}

/// Lists the tools, on whichever era the server speaks.
async fn list(reach: impl Fn() -> Result<(Endpoint, Option<Process>)>) -> Result<Vec<Tool>> {
    let mut refused = None;
    for era in Era::ALL {
        let (endpoint, _process) = reach()?;
        let profile = ClientProfile::new(era);
        match Session::connect(endpoint, profile, &Transcript::default()).await {
            Ok(session) => {
                let tools = session.tools().await;
                let tools =
                    tools.map_err(|error| anyhow!("the tools cannot be listed: {}", error.kind))?;
                if tools.is_empty() {
                    bail!("the server has no tools");
                }
                return Ok(tools);
            }
            Err(error) => refused = Some(error),
        }
    }
    let why = refused
        .map(|error| format!(": {}", error.kind))
        .unwrap_or_default();
    bail!("the server speaks neither era of MCP{why}")
}
