//! `cargo checker realm`: the workshop's identity realm, by the stand-in or by a real Keycloak.

use std::io::{IsTerminal, Write, stderr};
use std::pin::pin;
use std::time::Duration;

use anstyle::Style;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use realm::RealmFile;
use tokio::sync::mpsc;

use super::PASSED;
use crate::cli::Realm as Arguments;
use crate::escape::one_line;
use crate::identity::keycloak::{Keycloak, Progress, Stage, VERSION};
use crate::identity::{SCOPE, StandIn, users};
use crate::signals::asked_to_stop;
use crate::subject::guard::Guard;
use crate::workshop::Workshop;

/// No more events wait to be printed; what comes after is not told.
const WAITING: usize = 1000;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

pub(super) async fn run(arguments: &Arguments) -> Result<u8> {
    // First of all: nothing is started before somebody listens to the signals.
    let mut stop = pin!(asked_to_stop());
    let signal = if arguments.keycloak {
        let keycloak = tokio::select! {
            biased;
            signal = &mut stop => return Ok(stopped_by(signal)),
            started = start_keycloak(arguments.port) => started?,
        };
        tokio::select! {
            biased;
            signal = &mut stop => {
                keycloak.stop().await;
                signal
            }
            () = keycloak.ended() => bail!(
                "Keycloak exited by itself. Its log is {}",
                keycloak.log.display()
            ),
        }
    } else {
        tokio::select! {
            biased;
            signal = &mut stop => signal,
            served = stand_in(arguments) => return served.map(|()| PASSED),
        }
    };
    Ok(stopped_by(signal))
}

fn stopped_by(signal: &str) -> u8 {
    say(&format!(
        "\nThe realm was stopped by {signal}. Nothing is left running."
    ));
    PASSED
}

/// Serves the realm in this process, and tells what happens at it.
async fn stand_in(arguments: &Arguments) -> Result<()> {
    let stand_in = StandIn::open(arguments.port).await?;
    if arguments.cimd {
        stand_in.realm.accept_documents();
    }
    let (events, mut told) = mpsc::channel(WAITING);
    stand_in.realm.on_event(move |event| {
        let _ = events.try_send(event.clone());
    });
    say(&welcome(
        "a stand-in for Keycloak, in this process",
        stand_in.realm.issuer(),
        stand_in.realm.file(),
    ));
    say("It forgets everything when it stops. Ctrl-C stops it.\n");
    let telling = async {
        while let Some(event) = told.recv().await {
            say(&format!("  {}", one_line(&event.to_string())));
        }
    };
    tokio::select! {
        served = stand_in.serve() => served,
        () = telling => Ok(()),
    }
}

/// Starts Keycloak, and tells what is being done until it answers.
async fn start_keycloak(port: u16) -> Result<Keycloak> {
    let workshop = Workshop::open()?;
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
    let folder = workshop.root.join("target/keycloak");
    let bar = Bar::new();
    let keycloak = Keycloak::start(&folder, port, &guard, &|progress| bar.show(progress)).await?;
    drop(bar);
    let file = RealmFile::workshop()?;
    let issuer = format!("{}/realms/{}", keycloak.origin, file.realm);
    let what = format!("Keycloak {VERSION} on {}", keycloak.place);
    say(&welcome(&what, &issuer, &file));
    say(&format!(
        "It took {:.1} s to start. Its log is {}. Ctrl-C stops it.\n",
        keycloak.took.as_secs_f64(),
        keycloak.log.display()
    ));
    Ok(keycloak)
}

fn welcome(what: &str, issuer: &str, file: &RealmFile) -> String {
    let users = users(file);
    let rows = [
        ("issuer", issuer),
        (
            "discovery",
            &format!("{issuer}/.well-known/openid-configuration"),
        ),
        ("scope", SCOPE),
        ("users", &users),
    ];
    let rows = rows.map(|(name, value)| format!("  {FAINT}{name:<9}{FAINT:#}  {value}\n"));
    format!(
        "\n{STRONG}The workshop's realm{STRONG:#}: {what}.\nFor workshops only: everybody knows these passwords.\n\n{}",
        rows.concat()
    )
}

/// What is being done, in a line on stderr: one that moves on a terminal.
struct Bar {
    bar: Option<ProgressBar>,
    told: Mutex<Option<Stage>>,
}

impl Bar {
    fn new() -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(200));
            match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self {
            bar,
            told: Mutex::new(None),
        }
    }

    fn show(&self, progress: Progress) {
        let is_new = self.told.lock().replace(progress.stage) != Some(progress.stage);
        match &self.bar {
            Some(bar) => {
                if is_new {
                    bar.reset_elapsed();
                }
                bar.set_message(progress.to_string());
            }
            None if is_new => {
                let _ = writeln!(anstream::stderr(), "{progress}");
            }
            None => (),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn say(text: &str) {
    // Where nobody reads it, the realm is served all the same.
    let _ = writeln!(anstream::stdout(), "{text}");
}
