//! `cargo checker watch`: checks again after each save.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::interval;

use self::page::Page;
use self::stage::Stage;
use super::select::{self, Selection};
use super::{PASSED, Workshop, check, hint};
use crate::at_work::{AtWork, WATCH};
use crate::cli::{Check, Watch};
use crate::course::{Exercise, Step};
use crate::engine::Event;
use crate::report::{self, escape::one_line};
use crate::signals;
use crate::subject::guard::Guard;
use crate::watch::keys::{self, Wish};
use crate::watch::saves::{Noticed, Saves};
use crate::watch::screen::Screen;

mod page;
mod stage;

/// How often the footer says how long it takes.
const TICK: Duration = Duration::from_millis(100);

pub(super) async fn run(workshop: &Workshop, arguments: &Watch) -> Result<u8> {
    let (exercise, step) = named(workshop, arguments)?;
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
        wishes: keys::listen(screen.is_live()),
        page: Page::default(),
        screen,
    };
    let place = watching.place();
    let letters = "r run, h hint, t trace, n next, q quit, each with Enter";
    watching
        .screen
        .note(&format!("watching {place}: {letters}"))?;
    loop {
        let mut then = watching.check().await?;
        if then == Then::Rest {
            then = watching.rest().await?;
        }
        if then == Then::Quit {
            return Ok(PASSED);
        }
    }
}

/// The exercise to watch, and the step if only one is wanted.
fn named<'a>(
    workshop: &'a Workshop,
    arguments: &Watch,
) -> Result<(&'a Exercise, Option<&'a Step>)> {
    let words = (arguments.exercise.as_deref(), None);
    match select::or_current(workshop, words, "watch it")? {
        Selection::Exercise(exercise) => Ok((exercise, None)),
        Selection::Step(exercise, step) => Ok((exercise, Some(step))),
        Selection::All => bail!("`all` cannot be watched; name one exercise, as in ex3"),
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
    wishes: UnboundedReceiver<Wish>,
    page: Page,
    screen: Screen,
}

impl Watching<'_> {
    /// Builds and checks. A save during the build makes it stale, so it is dropped, which
    /// kills it; a save during the checks waits for their end, unless they hang.
    async fn check(&mut self) -> Result<Then> {
        let seed = u64::from(rand::random::<u16>());
        let (events, mut received) = unbounded_channel();
        let arguments = Check::default();
        let guard = self.guard.clone();
        let subject = (self.exercise, self.step.map(|step| step.id.as_str()));
        let run = check::check(self.workshop, &arguments, subject, seed, &guard, &events);
        tokio::pin!(run);
        let mut stage = Stage::begin(&self.exercise.id);
        let mut tick = interval(TICK);
        let mut then = Then::Rest;
        let ended = loop {
            tokio::select! {
                biased;
                Some(event) = received.recv() => {
                    stage.event(&event);
                    self.event(event, seed)?;
                }
                ended = &mut run => break ended,
                noticed = self.saves.next() => {
                    if self.noticed(noticed)? == Then::Again {
                        then = Then::Again;
                    }
                }
                Some(wish) = self.wishes.recv() => match self.grant(wish)? {
                    Then::Quit => return Ok(Then::Quit),
                    // It is at it already.
                    Then::Again if wish == Wish::Run => (),
                    Then::Again => return Ok(Then::Again),
                    Then::Rest => (),
                },
                _ = tick.tick() => self.screen.status(&stage.words())?,
            }
            if then == Then::Again && stage.is_stale_by_a_save() {
                return Ok(Then::Again);
            }
        };
        while let Ok(event) = received.try_recv() {
            self.event(event, seed)?;
        }
        match ended {
            Ok((report, kept)) => {
                self.page.report = Some(report);
                if let Err(error) = kept {
                    self.aside(format!("\n{}\n", wrapped(&format!("{error:#}"))))?;
                }
            }
            Err(error) => {
                self.page = Page::default();
                self.screen.begin()?;
                self.aside(wrapped(&format!("error: {error:#}")) + "\n")?;
            }
        }
        Ok(then)
    }

    /// Waits for a save or a wish.
    async fn rest(&mut self) -> Result<Then> {
        loop {
            let looking = match self.polling {
                true => " (looking 4 times a second: file events do not arrive here)",
                false => "",
            };
            let status = format!("watching {}{looking}", self.place());
            self.screen.status(&status)?;
            let then = tokio::select! {
                noticed = self.saves.next() => self.noticed(noticed)?,
                Some(wish) = self.wishes.recv() => self.grant(wish)?,
            };
            if then != Then::Rest {
                return Ok(then);
            }
        }
    }

    /// `exercises/ex3_store`, and the step if only one is watched.
    fn place(&self) -> String {
        let step = self.step.map(|step| format!(", step {}", step.id));
        format!("exercises/{}{}", self.exercise.id, step.unwrap_or_default())
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

    fn noticed(&mut self, noticed: Noticed) -> Result<Then> {
        match noticed {
            Noticed::Saved(files) => {
                self.screen.note(&format!("\nsaved: {}", names(&files)))?;
                Ok(Then::Again)
            }
            Noticed::Polling => {
                self.polling = true;
                let note = "file events do not arrive here: looking 4 times a second instead";
                self.screen.note(note)?;
                Ok(Then::Rest)
            }
        }
    }

    fn grant(&mut self, wish: Wish) -> Result<Then> {
        match wish {
            Wish::Run => return Ok(Then::Again),
            Wish::Quit => return Ok(Then::Quit),
            Wish::Hint => {
                let step = self.page.at_hand().map(|step| step.id.clone());
                let step = step.or_else(|| self.step.map(|step| step.id.clone()));
                let mut text = b"\n".to_vec();
                match hint::write(&mut text, self.workshop, step.as_deref()) {
                    Ok(()) => self.aside(String::from_utf8_lossy(&text).into_owned())?,
                    Err(error) => self.aside(format!("\n{}\n", wrapped(&format!("{error:#}"))))?,
                }
            }
            Wish::Trace => {
                let trace = self.page.trace()?;
                self.aside(trace)?;
            }
            Wish::Next => return self.next(),
            Wish::Suspend => {
                self.screen.lend(signals::stop_for_a_while)?;
                let page = self.page.drawn_again()?;
                self.screen.redraw(&page)?;
            }
            Wish::Redraw => {
                let page = self.page.drawn_again()?;
                self.screen.redraw(&page)?;
            }
        }
        Ok(Then::Rest)
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
        let mut exercises = self.workshop.course.exercises.iter();
        exercises.find(|one| one.id == self.exercise.id);
        match exercises.find(|one| one.ready) {
            Some(next) => {
                self.exercise = next;
                self.saves = Saves::of(&self.workshop.root, &next.id);
                self.workshop.remember(next);
                Ok(Then::Again)
            }
            None => {
                self.aside(match self.page.report {
                    Some(_) => "\nAll that is ready is passed, the bonus steps too.\n".to_owned(),
                    None => "\nNothing is checked yet, so nothing is next.\n".to_owned(),
                })?;
                Ok(Then::Rest)
            }
        }
    }

    /// Something beside the verdict.
    fn aside(&mut self, text: String) -> Result<()> {
        self.screen.add(&text)?;
        self.page.asides.push_str(&text);
        Ok(())
    }
}

/// Broken between words, as wide as a report. Commands and paths stay whole.
fn wrapped(text: &str) -> String {
    let options = textwrap::Options::new(report::width())
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
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
