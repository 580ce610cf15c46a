//! What can be read: `workshop://book/…`, the pages of the book, and `workshop://exercise/…`, the
//! attendee's code.
//!
//! A URI never becomes a path. It is looked up among what there is, so that no `..` leads anywhere.

use anyhow::{Result, anyhow};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};

use super::code::{File, files};
use crate::book::plain::{plain, section};
use crate::book::summary::{Page, pages};
use crate::course::Exercise;
use crate::workshop::Workshop;

/// What the URIs of the book's pages begin with.
pub(super) const BOOK: &str = "workshop://book/";
/// What the URIs of the attendee's code begin with.
pub(super) const EXERCISE: &str = "workshop://exercise/";
/// The template of a page.
pub(super) const PAGE: &str = "workshop://book/{+page}";
/// The template of an exercise.
pub(super) const FILES: &str = "workshop://exercise/{exercise}";
/// The template of a file.
pub(super) const FILE: &str = "workshop://exercise/{exercise}/{+file}";

const MARKDOWN: &str = "text/markdown";

/// What a name may not hold in a URI. Slashes stay.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// The exercise in progress, and every page of the book.
pub(super) fn list(workshop: &Workshop) -> Result<Vec<Resource>> {
    let current = Resource::new(format!("{EXERCISE}current"), "current-exercise")
        .with_title("The exercise in progress")
        .with_description("The current files of the exercise that the attendee is working on.");
    let pages = pages(&workshop.root)?;
    let pages = pages.iter().map(|page| {
        Resource::new(format!("{BOOK}{}", encoded(&page.name)), page.name.as_str())
            .with_title(page.title.as_str())
            .with_description("A page of the book. Hints and solutions are closed.")
            .with_mime_type(MARKDOWN)
    });
    Ok(std::iter::once(current).chain(pages).collect())
}

/// What can be read by a name.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(PAGE, "book-page")
            .with_title("A page of the book")
            .with_description(
                "With the id of a heading, as in workshop://book/ex3#step-3-4, only that section.",
            )
            .with_mime_type(MARKDOWN),
        ResourceTemplate::new(FILES, "exercise")
            .with_title("An exercise")
            .with_description("The attendee's current files of an exercise, such as ex3."),
        ResourceTemplate::new(FILE, "exercise-file")
            .with_title("A file of an exercise")
            .with_description("One file, such as workshop://exercise/ex3/src/store.rs."),
    ]
}

/// The contents behind a URI. `None` where there is nothing.
///
/// # Errors
///
/// When what there is cannot be read.
pub(super) fn read(workshop: &Workshop, uri: &str) -> Result<Option<Vec<ResourceContents>>> {
    if let Some(rest) = uri.strip_prefix(BOOK) {
        let (name, heading) = match rest.split_once('#') {
            Some((name, heading)) => (name, Some(heading)),
            None => (rest, None),
        };
        let text = match (page(workshop, &decoded(name))?, heading) {
            (Some(text), Some(heading)) => section(&text, heading),
            (text, _) => text,
        };
        let contents = |text| vec![ResourceContents::text(text, uri).with_mime_type(MARKDOWN)];
        return Ok(text.map(contents));
    }
    let Some(rest) = uri.strip_prefix(EXERCISE) else {
        return Ok(None);
    };
    let (exercise, file) = match rest.split_once('/') {
        Some((exercise, file)) => (exercise, Some(decoded(file))),
        None => (rest, None),
    };
    let Some(exercise) = named(workshop, exercise)? else {
        return Ok(None);
    };
    let files = files(&workshop.root, &exercise.id)?;
    let wanted = files
        .iter()
        .filter(|one| file.as_ref().is_none_or(|file| *file == one.name));
    let contents: Vec<_> = wanted.map(|file| contents_of(exercise, file)).collect();
    Ok((!contents.is_empty()).then_some(contents))
}

/// A file with the URI that names it alone.
pub(super) fn contents_of(exercise: &Exercise, file: &File) -> ResourceContents {
    let uri = format!("{EXERCISE}{}/{}", exercise.short(), encoded(&file.name));
    ResourceContents::text(file.text.as_str(), uri).with_mime_type(file.media_type())
}

/// A page as text. `None` when the table of contents has no such page.
fn page(workshop: &Workshop, name: &str) -> Result<Option<String>> {
    let pages = pages(&workshop.root)?;
    let page = pages.iter().find(|page| page.name == name);
    let text = |page: &Page| plain(&workshop.root, &workshop.course, page, BOOK);
    page.map(text).transpose()
}

/// The part of the book that `ex3.html#step-3-4` names, with its URI.
pub(super) fn section_of(workshop: &Workshop, book: &str) -> Result<(String, String)> {
    let missing = || anyhow!("the book has no {book}");
    let (name, heading) = book.split_once(".html#").ok_or_else(missing)?;
    let text = page(workshop, name)?.ok_or_else(missing)?;
    let text = section(&text, heading).ok_or_else(missing)?;
    Ok((format!("{BOOK}{name}#{heading}"), text))
}

/// `ex3`, `ex3_store`, or `current`.
fn named<'a>(workshop: &'a Workshop, word: &str) -> Result<Option<&'a Exercise>> {
    if word == "current" {
        let progress = workshop.progress.read()?;
        let mut last = workshop.course.exercises.iter().rev();
        let current = workshop.current(&progress);
        return Ok(current.or_else(|| last.find(|exercise| exercise.ready)));
    }
    let mut ready = workshop.course.exercises.iter().filter(|one| one.ready);
    Ok(ready.find(|exercise| exercise.id == word || exercise.short() == word))
}

/// What a variable of a template may be, among them what was chosen before.
pub(super) fn values(workshop: &Workshop, variable: &str, exercise: Option<&str>) -> Vec<String> {
    match variable {
        "page" => {
            let pages = pages(&workshop.root).unwrap_or_default();
            pages.into_iter().map(|page| page.name).collect()
        }
        "exercise" => {
            let ready = workshop.course.exercises.iter().filter(|one| one.ready);
            ready.map(|exercise| exercise.short().to_owned()).collect()
        }
        "file" => {
            let exercise = named(workshop, exercise.unwrap_or("current"))
                .ok()
                .flatten();
            let files = exercise.and_then(|exercise| files(&workshop.root, &exercise.id).ok());
            let files = files.unwrap_or_default().into_iter();
            files.map(|file| file.name).collect()
        }
        _ => Vec::new(),
    }
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, RESERVED).to_string()
}

fn decoded(name: &str) -> String {
    percent_decode_str(name).decode_utf8_lossy().into_owned()
}
