//! What the words `ex3`, `3.4` and `all` name.

use anyhow::{Context, Result, bail};
use thiserror::Error;

use super::Workshop;
use crate::course::{Course, Exercise, Step};

/// What to check.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// Every exercise that is ready.
    All,
    /// One exercise.
    Exercise(&'a Exercise),
    /// One step of it.
    Step(&'a Exercise, &'a Step),
}

/// A word that is no name.
#[derive(Debug, Error)]
pub enum UnknownName {
    /// Of nothing that there is.
    #[error("there is no exercise or step `{word}`.{guess} `cargo checker list` shows them all")]
    Anything {
        /// The word.
        word: String,
        /// " Did you mean `3.4`?", or nothing.
        guess: String,
    },
    /// Of a step, though it may name an exercise.
    #[error("`{0}` is not a step. A step looks like 3.4. `cargo checker list` shows them all")]
    Step(String),
}

/// Reads `[EX] [STEP]`. `None` when both are missing.
///
/// # Errors
///
/// When a word names nothing, or something that is not written yet.
pub fn select<'a>(
    workshop: &'a Workshop,
    exercise: Option<&str>,
    step: Option<&str>,
) -> Result<Option<Selection<'a>>> {
    let course = &workshop.course;
    let selection = match (exercise, step) {
        (None, _) => return Ok(None),
        (Some("all"), None) => return Ok(Some(Selection::All)),
        (Some("all"), Some(step)) => {
            bail!("`all` does not take a step. Leave out `{step}` or `all`")
        }
        (Some(word), None) => named(course, word)?,
        (Some(exercise), Some(step)) => match named(course, exercise)? {
            Selection::Exercise(exercise) => {
                let full = format!("{}.{step}", exercise.number());
                match exercise.step(step).or_else(|| exercise.step(&full)) {
                    Some(step) => Selection::Step(exercise, step),
                    None => bail!(unknown(
                        step,
                        exercise.steps.iter().map(|step| step.id.as_str())
                    )),
                }
            }
            _ => bail!("`{exercise}` already names a step. Leave out `{step}`"),
        },
    };
    if let Selection::Exercise(exercise) | Selection::Step(exercise, _) = selection
        && !exercise.ready
    {
        bail!(
            "exercise {} ({}) is not written yet. Once it is, `git pull` gets it. Ready: {}",
            exercise.number(),
            exercise.title,
            workshop.ready()
        );
    }
    Ok(Some(selection))
}

/// Reads `[EX] [STEP]`; the current exercise when both are missing. `verb` is what would be done
/// with it: "check it again".
///
/// # Errors
///
/// As [`select`], and when there is no current exercise: all are passed.
pub fn or_current<'a>(
    workshop: &'a Workshop,
    (exercise, step): (Option<&str>, Option<&str>),
    verb: &str,
) -> Result<Selection<'a>> {
    if let Some(selection) = select(workshop, exercise, step)? {
        return Ok(selection);
    }
    let progress = workshop.progress.read()?;
    let current = workshop.current(&progress).map(Selection::Exercise);
    current.with_context(|| format!("every exercise that is ready has passed. Name one to {verb}"))
}

/// A step by its id.
///
/// # Errors
///
/// As [`select`].
pub fn step<'a>(workshop: &'a Workshop, word: &str) -> Result<(&'a Exercise, &'a Step)> {
    match select(workshop, Some(word), None)? {
        Some(Selection::Step(exercise, step)) => Ok((exercise, step)),
        _ => bail!(UnknownName::Step(word.to_owned())),
    }
}

/// A whole exercise, for a command that replaces it.
///
/// # Errors
///
/// As [`select`], and for a step or `all`.
pub fn exercise<'a>(workshop: &'a Workshop, verb: &str, word: &str) -> Result<&'a Exercise> {
    match select(workshop, Some(word), None)? {
        Some(Selection::Exercise(exercise)) => Ok(exercise),
        Some(Selection::Step(exercise, _)) => bail!(
            "`{word}` is a step, but `{verb}` takes an exercise: `cargo checker {verb} {}`",
            exercise.short()
        ),
        _ => bail!("`{verb}` takes one exercise. Ready: {}", workshop.ready()),
    }
}

/// What a word names to look at; the current exercise without one, the last one when all are
/// passed.
///
/// # Errors
///
/// As [`select`], and for `all`.
pub fn shown<'a>(workshop: &'a Workshop, word: Option<&str>) -> Result<Selection<'a>> {
    match select(workshop, word, None)? {
        Some(Selection::All) => bail!("name one exercise. Ready: {}", workshop.ready()),
        Some(selection) => Ok(selection),
        None => {
            let progress = workshop.progress.read()?;
            let current = workshop.current(&progress);
            let mut last = workshop.course.exercises.iter().rev();
            let exercise = current.or_else(|| last.find(|exercise| exercise.ready));
            let exercise = exercise.context("no exercise is ready")?;
            Ok(Selection::Exercise(exercise))
        }
    }
}

fn named<'a>(course: &'a Course, word: &str) -> Result<Selection<'a>> {
    let exercise = course.exercises.iter().find(|exercise| {
        [exercise.id.as_str(), exercise.short(), exercise.number()].contains(&word)
    });
    if let Some(exercise) = exercise {
        return Ok(Selection::Exercise(exercise));
    }
    if let Some((exercise, step)) = course.step(word) {
        return Ok(Selection::Step(exercise, step));
    }
    // Of two names that are equally near the later one is guessed, so what is ready comes last.
    let (ready, planned): (Vec<_>, Vec<_>) =
        course.exercises.iter().partition(|exercise| exercise.ready);
    let names = planned.into_iter().chain(ready).flat_map(|exercise| {
        let steps = exercise.steps.iter().map(|step| step.id.as_str());
        [exercise.id.as_str(), exercise.short()]
            .into_iter()
            .chain(steps)
    });
    bail!(unknown(word, names.chain(["all"])))
}

/// "there is no `3.44`. Did you mean `3.4`?"
fn unknown<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> UnknownName {
    let closeness = |name: &str| (strsim::jaro_winkler(word, name) * 1000.0) as u32;
    let nearest = names
        .max_by_key(|name| closeness(name))
        .filter(|name| closeness(name) > 600);
    let guess = nearest.map(|name| format!(" Did you mean `{name}`?"));
    UnknownName::Anything {
        word: word.to_owned(),
        guess: guess.unwrap_or_default(),
    }
}
