//! `{{#course …}}` and `{{#output …}}`: what stands elsewhere, put into a page.
//!
//! They are spelled as mdBook's own `{{#include …}}`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::Regex;

use super::pieces;
use crate::course::{Course, Exercise, Step};
use crate::snapshot::contents;

/// The directives that mdBook understands.
pub const OF_MDBOOK: [&str; 3] = ["include", "rustdoc_include", "title"];

/// `{{#name arguments}}` in a page.
#[derive(Clone, Debug)]
pub struct Directive<'a> {
    /// Where it stands.
    pub range: Range<usize>,
    /// As in `course`.
    pub name: &'a str,
    /// What follows the name.
    pub arguments: &'a str,
}

/// The directives of a page, but for those behind a backslash.
pub fn directives(text: &str) -> impl Iterator<Item = Directive<'_>> {
    #[expect(
        clippy::expect_used,
        reason = "the pattern is fixed, and every test of this file uses it"
    )]
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\\?\{\{\s*#\s*(\w*)\s*([^}]*)\}\}").expect("the pattern is one")
    });
    PATTERN.captures_iter(text).filter_map(|found| {
        let (whole, [name, arguments]) = (found.get(0)?, found.extract().1);
        (!whole.as_str().starts_with('\\')).then(|| Directive {
            range: whole.range(),
            name,
            arguments: arguments.trim(),
        })
    })
}

/// What the directives can name.
#[derive(Debug)]
pub struct Directives<'a> {
    root: &'a Path,
    course: &'a Course,
    /// What commands print, by name, as HTML.
    outputs: BTreeMap<String, String>,
}

impl<'a> Directives<'a> {
    /// Reads what was recorded in `book/outputs/`.
    ///
    /// # Errors
    ///
    /// When a record cannot be read.
    pub fn new(root: &'a Path, course: &'a Course) -> Result<Self> {
        let folder = root.join("book/outputs");
        let mut outputs = BTreeMap::new();
        let entries = fs::read_dir(&folder).into_iter().flatten();
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            if path
                .extension()
                .is_some_and(|extension| extension == "snap")
            {
                outputs.insert(name.into_owned(), snapshot(&path)?);
            }
        }
        Ok(Self {
            root,
            course,
            outputs,
        })
    }

    /// The names of what commands print.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.outputs.keys().map(String::as_str)
    }

    /// What a command prints, as HTML.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// What a directive on a page becomes, as in `ex3.html`.
    ///
    /// # Errors
    ///
    /// What it should have been.
    pub fn piece(&self, directive: &Directive<'_>, page: &str) -> Result<Piece, String> {
        let words: Vec<&str> = directive.arguments.split_whitespace().collect();
        match (directive.name, words.as_slice()) {
            ("course", ["title", id]) if id.starts_with("ex") => {
                Ok(Piece::Words(pieces::title(&self.exercise(id)?.title)))
            }
            ("course", ["title", id]) => Ok(Piece::Words(pieces::title(&self.step(id)?.1.title))),
            ("course", ["minutes", id]) => Ok(Piece::Words(self.minutes(id)?.to_string())),
            ("course", ["agenda"]) => Ok(Piece::Block(pieces::agenda(self.course, page))),
            ("course", ["steps", id]) => {
                let exercise = self.exercise(id)?;
                Ok(Piece::Block(pieces::steps(exercise, page)))
            }
            ("course", ["hints", id]) => Ok(Piece::Block(pieces::hints(self.step(id)?.1))),
            ("course", ["contract", id]) => self.contract(id).map(Piece::Block),
            ("course", _) => Err("is unknown; expected title, minutes, agenda, steps, hints or contract, as in {{#course title 3.4}}".to_owned()),
            ("output", [name]) => match self.outputs.get(*name) {
                Some(output) => Ok(Piece::Block(pieces::terminal(output))),
                None => Err(format!("names no output; add `{name}` to book/outputs.toml and record it: see CONTRIBUTING.md, \"Add an output\"")),
            },
            ("output", _) => Err("takes one name, as in {{#output untouched}}".to_owned()),
            _ => Err("is unknown; expected course, output or include".to_owned()),
        }
    }

    /// The exercise that a directive names: `ex3` or `ex3_store`.
    ///
    /// # Errors
    ///
    /// That there is none.
    pub fn exercise(&self, id: &str) -> Result<&Exercise, String> {
        let mut exercises = self.course.exercises.iter();
        exercises
            .find(|exercise| exercise.id == id || exercise.short() == id)
            .ok_or_else(|| format!("names `{id}`, and course.toml has no such exercise"))
    }

    fn step(&self, id: &str) -> Result<(&Exercise, &Step), String> {
        let step = self.course.step(id);
        step.ok_or_else(|| format!("names `{id}`, and course.toml has no such step"))
    }

    /// What the step adds to the server, as the checker compares it.
    fn contract(&self, id: &str) -> Result<String, String> {
        let (exercise, step) = self.step(id)?;
        let module = self.root.join("checker/src/checks").join(exercise.short());
        let path = module.join(format!("snapshots/{}.snap", step.id));
        let lines = snapshot(&path).map_err(|error| format!("names no contract: {error:#}"))?;
        Ok(pieces::contract(&lines))
    }

    fn minutes(&self, id: &str) -> Result<u32, String> {
        let id = &self.exercise(id)?.id;
        let mut modules = self.course.modules.iter();
        let module = modules.find(|module| module.exercise.as_ref() == Some(id));
        let module =
            module.ok_or_else(|| format!("names `{id}`, which has no minutes of its own"))?;
        Ok(module.minutes)
    }
}

/// What was recorded in a file of insta's, without its head.
fn snapshot(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(contents(&text))
}

/// What a directive becomes.
#[derive(Debug)]
pub enum Piece {
    /// Part of a line.
    Words(String),
    /// Lines of its own.
    Block(String),
}
