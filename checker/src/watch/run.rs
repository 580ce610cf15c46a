//! A loop of checks and rests.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::interval;

use super::keys::{self, Action};
use super::page::Page;
use super::screen::Screen;
use crate::course::{Exercise, Step};
use crate::escape::one_line;
use crate::events::Event;
use crate::report::{self, BuildProgress, Next, write_hints};
use crate::signals;
use crate::subject::guard::Guard;
use crate::workshop::at_work::{AtWork, WATCH};
use crate::workshop::saves::{FileEvent, Saves};
use crate::workshop::{CheckError, CheckRequest, Workshop, hints};

/// How often the footer says how long it takes.
const TICK: Duration = Duration::from_millis(100);

/// A check that has taken longer waits for a server that hangs, and not for its end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Checks an exercise, or one step of it, after each save, until the attendee has enough.
///
/// # Errors
///
/// When the terminal cannot be used, or the system gives no second process.
pub async fn run(workshop: &Workshop, exercise: &Exercise, step: Option<&Step>) -> Result<()> {
    let guard = Guard::start(&std::env::current_exe()?).context("cannot start a second process")?;
    let _at_work = AtWork::begin(&workshop.root, WATCH);
    workshop.remember(exercise);
    let screen = Screen::open().context("the terminal cannot be set up")?;
    let mut watching = Watching {
        workshop,
        guard,
        exercise,
        step,
        saves: Saves::of(&workshop.root, &exercise.id),
        polling: false,
        actions: keys::listen(screen.is_live()),
        page: Page::default(),
        screen,
    };
    let place = watching.place();
    let letters = keys::KEYS
        .map(|(key, word)| format!("{key} {word}"))
        .join(", ");
    watching
        .screen
        .note(&format!("watching {place}: {letters}, each with Enter"))?;
    loop {
        let mut then = watching.check().await?;
        if then == Then::Rest {
            then = watching.rest().await?;
        }
        if then == Then::Quit {
            return Ok(());
        }
    }
}

/// What to do after a check, or after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Again,
    Rest,
    Quit,
}

struct Watching<'a> {
    workshop: &'a Workshop,
    guard: Guard,
    exercise: &'a Exercise,
    step: Option<&'a Step>,
    saves: Saves,
    /// File events do not arrive here.
    polling: bool,
    actions: UnboundedReceiver<Action>,
    page: Page,
    screen: Screen,
}

impl<'a> Watching<'a> {
    /// Builds and checks. A save during the build makes it stale, so it is dropped, which
    /// kills it; a save during the checks waits for their end, unless they hang.
    async fn check(&mut self) -> Result<Then> {
        let (events, mut received) = unbounded_channel();
        let (workshop, guard) = (self.workshop, self.guard.clone());
        let request = CheckRequest::new(self.exercise, self.step);
        let seed = request.seed;
        let run = workshop.check(&request, &guard, &events);
        tokio::pin!(run);
        let mut progress = BuildProgress::of(&self.exercise.id);
        let mut tick = interval(TICK);
        let mut then = Then::Rest;
        let ended = loop {
            tokio::select! {
                biased;
                Some(event) = received.recv() => {
                    progress.event(&event);
                    self.event(event, seed)?;
                }
                ended = &mut run => break ended,
                noticed = self.saves.next() => {
                    if self.noticed(noticed)? == Then::Again {
                        then = Then::Again;
                    }
                }
                Some(action) = self.actions.recv() => match self.handle(action)? {
                    Then::Quit => return Ok(Then::Quit),
                    // It is at it already.
                    Then::Again if action == Action::Run => (),
                    Then::Again => return Ok(Then::Again),
                    Then::Rest => (),
                },
                _ = tick.tick() => self.screen.status(&progress.words())?,
            }
            let is_stale = progress.is_building() || progress.elapsed() > PATIENCE;
            if then == Then::Again && is_stale {
                return Ok(Then::Again);
            }
        };
        while let Ok(event) = received.try_recv() {
            self.event(event, seed)?;
        }
        match ended {
            Ok(()) => (),
            Err(error @ CheckError::NotKept(_)) => {
                self.aside(format!("\n{}\n", wrapped(&error.to_string())))?;
            }
            Err(CheckError::NoSubject(error)) => {
                self.page = Page::default();
                self.screen.begin()?;
                self.aside(wrapped(&format!("error: {error:#}")) + "\n")?;
            }
        }
        Ok(then)
    }

    /// Waits for a save or a action.
    async fn rest(&mut self) -> Result<Then> {
        loop {
            let looking = if self.polling {
                " (looking for changes 4 times a second, because file events do not arrive here)"
            } else {
                ""
            };
            let status = format!("watching {}{looking}", self.place());
            self.screen.status(&status)?;
            let then = tokio::select! {
                noticed = self.saves.next() => self.noticed(noticed)?,
                Some(action) = self.actions.recv() => self.handle(action)?,
            };
            if then != Then::Rest {
                return Ok(then);
            }
        }
    }

    /// `exercises/ex3_store`, and the step if only one is watched.
    fn place(&self) -> String {
        let step = self.step.map(|step| format!(", step {}", step.id));
        let folder = self.exercise.folder();
        format!("{}{}", folder.display(), step.unwrap_or_default())
    }

    /// Shows what an event says. The page before stays until there is something to show.
    fn event(&mut self, event: Event, seed: u64) -> Result<()> {
        if let Event::Checking { .. } = event {
            self.page = Page::new(seed);
            self.screen.begin()?;
        }
        let text = self.page.event(event)?;
        if !text.is_empty() {
            self.screen.add(&text)?;
        }
        Ok(())
    }

    fn noticed(&mut self, noticed: FileEvent) -> Result<Then> {
        match noticed {
            FileEvent::Saved(files) => {
                self.screen.note(&format!("\nsaved: {}", names(&files)))?;
                Ok(Then::Again)
            }
            FileEvent::Polling => {
                self.polling = true;
                let note =
                    "file events do not arrive here, so watch looks for changes 4 times a second";
                self.screen.note(note)?;
                Ok(Then::Rest)
            }
        }
    }

    fn handle(&mut self, action: Action) -> Result<Then> {
        match action {
            Action::Run => return Ok(Then::Again),
            Action::Quit => return Ok(Then::Quit),
            Action::Hint => {
                let step = self.page.at_hand().map(|step| step.id.clone());
                let step = step.or_else(|| self.step.map(|step| step.id.clone()));
                match self.hint(step.as_deref()) {
                    Ok(text) => self.aside(text)?,
                    Err(error) => self.aside(format!("\n{}\n", wrapped(&format!("{error:#}"))))?,
                }
            }
            Action::Trace => {
                let trace = self.page.trace(&self.screen)?;
                self.aside(trace)?;
            }
            Action::Failure => {
                let finding = self.page.next_failure()?;
                self.aside(finding)?;
            }
            Action::Next => return self.next(),
            Action::Suspend => {
                self.screen.lend(signals::stop_for_a_while)?;
                let page = self.page.drawn_again()?;
                self.screen.redraw(&page)?;
            }
            Action::Redraw => {
                let page = self.page.drawn_again()?;
                self.screen.redraw(&page)?;
            }
        }
        Ok(Then::Rest)
    }

    /// The next hint, which counts as seen.
    fn hint(&self, step: Option<&str>) -> Result<String> {
        let given = hints::next(self.workshop, step)?;
        let mut text = b"\n".to_vec();
        write_hints(&mut text, self.workshop, &given, Next::Key)?;
        given.remember(self.workshop)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// From one step to the next, from an exercise that is done to the next; where something
    /// is open, it says what.
    fn next(&mut self) -> Result<Then> {
        if let Some(step) = self.step {
            let mut steps = self.exercise.steps.iter();
            steps.find(|one| one.id == step.id);
            self.step = steps.next();
            return Ok(Then::Again);
        }
        if let Some(words) = self.page.what_is_open() {
            self.aside(words)?;
            return Ok(Then::Rest);
        }
        match self.next_exercise()? {
            Some(next) => {
                self.exercise = next;
                self.saves = Saves::of(&self.workshop.root, &next.id);
                self.workshop.remember(next);
                Ok(Then::Again)
            }
            None => {
                self.aside(match self.page.report {
                    Some(_) => {
                        "\nEvery step that is ready has passed, including the bonus steps.\n"
                            .to_owned()
                    }
                    None => {
                        "\nNothing has been checked yet, so there is no next step.\n".to_owned()
                    }
                })?;
                Ok(Then::Rest)
            }
        }
    }

    /// The next exercise with something open: after this one, else before it.
    fn next_exercise(&self) -> Result<Option<&'a Exercise>> {
        let progress = self.workshop.progress.read()?;
        let exercises = &self.workshop.course.exercises;
        let here = exercises.iter().position(|one| one.id == self.exercise.id);
        let (before, after) = exercises.split_at(here.map_or(0, |here| here + 1));
        let is_open = |exercise: &&Exercise| {
            let mut steps = exercise.steps.iter();
            let is_other = exercise.id != self.exercise.id;
            is_other && exercise.ready && steps.any(|step| progress.state(&step.id).is_open())
        };
        Ok(after.iter().chain(before).find(is_open))
    }

    /// Something beside the verdict.
    fn aside(&mut self, text: String) -> Result<()> {
        self.screen.add(&text)?;
        self.page.asides.push_str(&text);
        Ok(())
    }
}

/// As wide as a report.
fn wrapped(text: &str) -> String {
    report::wrapped(text, "", "")
}

/// `exercises/ex3_store/src/store.rs`, and how many more.
fn names(files: &[PathBuf]) -> String {
    let first = files.first().map(|file| file.display().to_string());
    let more = match files.len() {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    format!("{}{more}", one_line(&first.unwrap_or_default()))
}
