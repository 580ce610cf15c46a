//! The exercises that are servers, for the commands that need one.

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::checks;
use crate::course::Exercise;
use crate::events::Event;
use crate::report::{BuildBar, Reporter};
use crate::subject::server::Serving;
use crate::workshop::Workshop;
use crate::workshop::select::{self, Selection};

/// A command that needs an exercise which is a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct NeedsServer {
    /// The command's name.
    pub(super) command: &'static str,
    /// Whether it can sign in where a server only lets users in.
    pub(super) signs_in: bool,
}

impl NeedsServer {
    /// `EX`, and how it is told where to serve; by default, the current exercise if it is a server, or
    /// the first that is one.
    ///
    /// # Errors
    ///
    /// When `EX` is something else, with the commands that would do.
    pub(super) fn exercise<'a>(
        self,
        workshop: &'a Workshop,
        word: Option<&str>,
    ) -> Result<(&'a Exercise, Serving)> {
        let command = self.command;
        let exercise = match select::select(workshop, word, None)? {
            Some(Selection::Exercise(exercise) | Selection::Step(exercise, _)) => exercise,
            Some(Selection::All) => {
                bail!("`{command}` takes one exercise: {}", self.choices(workshop))
            }
            None => default(workshop)?,
        };
        let number = exercise.number();
        let Some(serving) = checks::serving_of(exercise) else {
            bail!(
                "exercise {number} is a client, but `{command}` is for servers: {}",
                self.choices(workshop)
            );
        };
        if !self.takes(exercise) {
            bail!(
                "exercise {number} shows its tools only to users who are signed in. Most of them are those of earlier exercises: {}",
                self.choices(workshop)
            );
        }
        Ok((exercise, serving))
    }

    fn takes(self, exercise: &Exercise) -> bool {
        self.signs_in || !checks::takes_tokens(exercise)
    }

    /// `cargo checker play ex3`, `cargo checker play ex4`
    fn choices(self, workshop: &Workshop) -> String {
        let ready = workshop.course.exercises.iter().filter(|one| one.ready);
        let servers = ready.filter(|one| checks::serving_of(one).is_some() && self.takes(one));
        let command = self.command;
        let commands =
            servers.map(|exercise| format!("`cargo checker {command} {}`", exercise.short()));
        commands.collect::<Vec<_>>().join(" or ")
    }
}

fn default(workshop: &Workshop) -> Result<&Exercise> {
    let progress = workshop.progress.read()?;
    let is_server = |exercise: &&Exercise| checks::serving_of(exercise).is_some();
    let current = workshop.current(&progress).filter(is_server);
    let mut ready = workshop.course.exercises.iter().filter(|one| one.ready);
    current
        .or_else(|| ready.find(is_server))
        .context("no exercise of this workshop is a server")
}

/// Shows what cargo does in the terminal.
pub(super) async fn show(mut events: UnboundedReceiver<Event>) {
    let mut bar = BuildBar::new();
    while let Some(event) = events.recv().await {
        // A terminal that is gone stops nobody.
        let _ = bar.event(&event);
    }
}
