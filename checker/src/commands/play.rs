//! `cargo checker play`: an MCP host in the browser, around what the attendee wrote or any server.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use tokio::sync::mpsc::unbounded_channel;

use super::PASSED;
use super::servers::{NeedsServer, show};
use crate::checks;
use crate::cli::Play as Arguments;
use crate::course::Exercise;
use crate::identity::{StandIn, users};
use crate::play::backend::{Backend, Runner, Status};
use crate::play::{Address, Listening, Play};
use crate::signals::asked_to_stop;
use crate::subject::guard::Guard;
use crate::subject::{Subject, reach};
use crate::workshop::Workshop;
use crate::workshop::at_work::{AtWork, PLAY};

const NEEDS: NeedsServer = NeedsServer {
    command: "play",
    signs_in: true,
};

pub(super) async fn run(arguments: &Arguments) -> Result<u8> {
    // First of all: nothing is started before somebody listens to the signals.
    tokio::select! {
        biased;
        signal = asked_to_stop() => {
            say(&format!("\nplay was stopped by {signal}. Nothing is left running."));
            Ok(PASSED)
        }
        ended = play(arguments) => ended.map(|()| PASSED),
    }
}

async fn play(arguments: &Arguments) -> Result<()> {
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
    if let Some(url) = &arguments.url {
        reach::url(url, true).await?;
        let listening = listen(arguments.port).await?;
        return serve(listening, Backend::url(url.clone()), std::future::pending()).await;
    }
    if let Some(typed) = &arguments.command {
        let Subject::Command(command) = reach::command(typed, &guard).await? else {
            bail!("`{typed}` cannot be started");
        };
        let listening = listen(arguments.port).await?;
        return serve(
            listening,
            Backend::command(command, typed),
            std::future::pending(),
        )
        .await;
    }
    let workshop = Workshop::open().inspect(Workshop::finish_what_was_cut_off)?;
    let (exercise, serving) = NEEDS.exercise(&workshop, arguments.exercise.as_deref())?;
    let listening = listen(arguments.port).await?;
    let _at_work = AtWork::begin(&workshop.root, PLAY);
    if arguments.exercise.is_some() {
        workshop.remember(exercise);
    }
    let solution = arguments.solution;
    let (realm, environment) = realm_of(arguments, exercise).await?;
    let (backend, runner) = Runner::new(&workshop, exercise, solution, serving, environment, guard);
    let (events, received) = unbounded_channel();
    let running = async {
        tokio::join!(runner.run(events), show(received));
    };
    tokio::select! {
        served = serve(listening, backend, running) => served,
        served = served(realm) => served,
    }
}

/// The realm whose tokens the exercise takes, and how it learns of it: the one that was named, or one of
/// our own on a free port.
async fn realm_of(
    arguments: &Arguments,
    exercise: &Exercise,
) -> Result<(Option<StandIn>, Vec<(String, String)>)> {
    let told = |issuer: &str| vec![("REALM_URL".to_owned(), issuer.to_owned())];
    if let Some(realm) = &arguments.realm {
        return Ok((None, told(realm.as_str().trim_end_matches('/'))));
    }
    if !checks::takes_tokens(exercise) {
        return Ok((None, Vec::new()));
    }
    let stand_in = StandIn::open(0).await?;
    let users = users(stand_in.realm.file());
    let environment = told(stand_in.realm.issuer());
    say(&format!(
        "In this exercise, users sign in. play starts a realm for that, with the users {users}."
    ));
    Ok((Some(stand_in), environment))
}

/// Serves a realm of our own, if there is one, for as long as this is polled.
async fn served(realm: Option<StandIn>) -> Result<()> {
    match realm {
        Some(realm) => realm.serve().await,
        None => std::future::pending().await,
    }
}

async fn listen(port: u16) -> Result<Listening> {
    Listening::open(port).await.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "another program uses it".to_owned(),
            _ => error.to_string(),
        };
        let other = port.checked_add(1).unwrap_or(8440);
        anyhow!("cannot listen on 127.0.0.1:{port}: {why}. Try another port: `cargo checker play --port {other}`")
    })
}

/// Serves until something goes wrong; `running` keeps the server behind it alive meanwhile.
async fn serve(
    listening: Listening,
    backend: Backend,
    running: impl Future<Output = ()>,
) -> Result<()> {
    let address = listening.address()?;
    let mut status = backend.status();
    let play = Play::new(address.clone(), backend);
    let telling = async {
        // The page is there from the beginning, but what a person wants to see is the server.
        let ready = |status: &Status| status.running || status.problem.is_some();
        let _ = status.wait_for(ready).await;
        say(&welcome(&address, &status.borrow_and_update().name));
        let mut told = 0;
        loop {
            let before = status.borrow_and_update().clone();
            tell(&before, before.generation > told);
            told = before.generation;
            let other = |now: &Status| {
                (now.generation, now.running, &now.problem)
                    != (before.generation, before.running, &before.problem)
            };
            if status.wait_for(other).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        served = listening.serve(Arc::clone(&play)) => served.context("cannot serve the page"),
        () = play.sweep() => Ok(()),
        () = running => Ok(()),
        () = telling => Ok(()),
    }
}

fn welcome(address: &Address, name: &str) -> String {
    let style = anstyle::Style::new().bold();
    let forwarded = address
        .forwarded_url()
        .map(|url| format!("\n  in a Codespace:  {style}{url}{style:#}"));
    format!(
        "\nplay: an MCP host for {name}\n\n  open this:  {style}{}{style:#}{}\n\nCtrl-C ends it. Keep the address to yourself: whoever has it can call the server's tools.\n",
        address.url(),
        forwarded.unwrap_or_default()
    )
}

/// What has become of the server, in a line.
fn tell(status: &Status, is_new: bool) {
    let name = &status.name;
    if let Some(problem) = &status.problem {
        let still = match status.running {
            true => " The previous build keeps running.",
            false => "",
        };
        say(&format!(
            "{name}: {}{still}\n{}",
            problem.words,
            indented(&problem.text)
        ));
    } else if status.kind == "exercise" && status.running && is_new {
        say(&format!("{name}: {}", status.because));
    }
}

fn indented(text: &str) -> String {
    let lines = text.lines().take(40);
    let lines = lines.map(|line| format!("  {}\n", crate::escape::one_line(line)));
    lines.collect()
}

fn say(text: &str) {
    // Where nobody reads it, the page is served all the same.
    let _ = writeln!(anstream::stdout(), "{text}");
}
