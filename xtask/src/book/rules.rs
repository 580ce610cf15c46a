//! What must be true of the book's pages together.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use checker::course::{Course, Exercise, Step};

use crate::pages::{Mistake, Page, Source, rules};

/// Holds the book in `folder` against the rules.
pub(super) fn check(
    root: &Path,
    folder: &Path,
    course: &Course,
    sources: &[Source],
) -> Result<Vec<Mistake>> {
    let of_pages: Vec<&Source> = sources.iter().collect();
    let (pages, mut mistakes) = rules::check((root, course), folder, &of_pages, &|_| None)?;
    for exercise in course.exercises.iter().filter(|exercise| exercise.ready) {
        mistakes.extend(of_exercise(exercise, &pages, sources));
    }
    Ok(mistakes)
}

/// Holds a translation in `folder` against the rules of every page. Which headings there are has been
/// asked of the English book.
pub(super) fn of_translation(
    root: &Path,
    folder: &Path,
    course: &Course,
    sources: &[Source],
) -> Result<Vec<Mistake>> {
    let of_pages: Vec<&Source> = sources.iter().collect();
    Ok(rules::check((root, course), folder, &of_pages, &|_| None)?.1)
}

/// Every step of an exercise has its heading, in a chapter named after the exercise.
fn of_exercise(
    exercise: &Exercise,
    pages: &BTreeMap<String, Page>,
    sources: &[Source],
) -> Vec<Mistake> {
    let mistake = |message: String| Mistake::new("course.toml", None, message);
    let mut mistakes = Vec::new();
    for step in &exercise.steps {
        mistakes.extend(without_heading(step, pages).map(mistake));
    }
    let page = exercise.page();
    let chapter = sources
        .iter()
        .find(|source| Some(source.page.as_str()) == page);
    let name = format!("Exercise {}: {}", exercise.number(), exercise.title);
    if chapter.is_some_and(|chapter| chapter.name != name) {
        mistakes.push(Mistake::new(
            "book/src/SUMMARY.md",
            None,
            format!("the chapter of {} is called `{name}`", exercise.id),
        ));
    }
    mistakes
}

fn without_heading(step: &Step, pages: &BTreeMap<String, Page>) -> Option<String> {
    let id = &step.id;
    let Some((file, anchor)) = step.book.as_ref().and_then(|book| book.split_once('#')) else {
        return Some(format!("step {id} has no heading in the book"));
    };
    let Some(page) = pages.get(file) else {
        return Some(format!(
            "step {id} names the page {file} in the book, which does not exist"
        ));
    };
    let heading = page.headings.iter().find(|(of, _)| of == anchor);
    let is_there = heading.is_some_and(|(_, text)| text.starts_with(&format!("{id} ")));
    (!is_there).then(|| {
        format!("{file} has no heading `## {id} {{{{#course title {id}}}}} {{#{anchor}}}`")
    })
}
