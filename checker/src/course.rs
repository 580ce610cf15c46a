//! `course.toml` as types. Knows nothing of MCP.
//!
//! ```text
//! Course                        the whole workshop
//! ├── Module*                   a part of the agenda, with minutes
//! └── Exercise*                 a crate the attendee edits: ex3_store
//!     └── Step*                 a numbered goal in it: 3.4
//!         ├── needs*            earlier steps that must pass first
//!         ├── Place             the file and TODO block to work in
//!         ├── book              its heading in the book
//!         └── hints*            a ladder: nudge, API, almost the code
//! ```

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

/// The whole workshop.
#[derive(Debug)]
pub struct Course {
    /// Its title.
    pub title: String,
    /// The agenda, in order.
    pub modules: Vec<Module>,
    /// The exercises, in order.
    pub exercises: Vec<Exercise>,
}

/// A part of the agenda: a talk, an exercise, a break.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// What it is about.
    pub title: String,
    /// How long it takes in the room.
    pub minutes: u32,
    /// The exercise that is done in it.
    pub exercise: Option<String>,
    /// The bonus exercise for the fast.
    pub bonus: Option<String>,
    /// Its page in the book, where it is a talk: `mcp-101.html`.
    pub book: Option<String>,
    /// Its slides, a file of the deck: `mcp-101.md`.
    pub slides: Option<PathBuf>,
}

/// A crate the attendee edits.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// `ex3_store`: the name of its folder, its package and its binary.
    pub id: String,
    /// What the attendee builds.
    pub title: String,
    /// False while it is only planned.
    pub ready: bool,
    /// Whether the course is complete without it.
    pub bonus: bool,
    /// Its goals, in order.
    pub steps: Vec<Step>,
}

/// A numbered goal inside an exercise.
#[derive(Clone, Debug)]
pub struct Step {
    /// `3.4`. Never changes.
    pub id: String,
    /// The goal as a sentence.
    pub title: String,
    /// Whether the exercise is complete without it.
    pub bonus: bool,
    /// Ids of earlier steps of the same exercise that must pass before this one is judged.
    pub needs: Vec<String>,
    /// Where the attendee works on it.
    pub place: Option<Place>,
    /// Its heading in the book: `ex3.html#step-3-4`.
    pub book: Option<String>,
    /// From a nudge to almost the code.
    pub hints: Vec<String>,
}

/// Where the attendee works on a step.
#[derive(Clone, Debug)]
pub struct Place {
    /// Relative to the exercise's folder, or to the workshop's root if there is no anchor.
    pub file: PathBuf,
    /// The name behind `ANCHOR:` of a TODO block in it.
    pub anchor: Option<String>,
}

impl Course {
    /// Reads and validates the manifest at `path`.
    ///
    /// # Errors
    ///
    /// A [`CourseError`] with the line when it does not parse or contradicts itself.
    pub fn load(path: &Path) -> Result<Self, CourseError> {
        let text = std::fs::read_to_string(path).map_err(|error| CourseError {
            path: path.to_owned(),
            line: None,
            message: error.to_string(),
        })?;
        // Texts of several lines are shown, and CR is none of theirs.
        let text = text.replace("\r\n", "\n");
        Self::parse(&text).map_err(|(span, message)| CourseError {
            path: path.to_owned(),
            line: span.map(|span| line_of(&text, span.start)),
            message,
        })
    }

    fn parse(text: &str) -> Result<Self, Mistake> {
        let raw: RawCourse = toml::from_str(text)
            .map_err(|error| (error.span(), error.message().replace('\n', " ")))?;
        let mut exercises: Vec<Exercise> = Vec::new();
        for exercise in raw.exercise {
            let exercise = exercise.validate(&exercises)?;
            exercises.push(exercise);
        }
        for module in &raw.module {
            let (span, module) = (module.span(), module.get_ref());
            for id in module.exercise.iter().chain(&module.bonus) {
                if !exercises.iter().any(|exercise| exercise.id == *id) {
                    let known = one_of(exercises.iter().map(|exercise| exercise.id.as_str()));
                    let title = &module.title;
                    let message =
                        format!("module `{title}` names the exercise `{id}`; expected {known}");
                    return Err((Some(span), message));
                }
            }
        }
        Ok(Self {
            title: raw.title,
            modules: raw.module.into_iter().map(Spanned::into_inner).collect(),
            exercises,
        })
    }

    /// The agenda with the minute at which each part begins: 0, 10, 25.
    pub fn timetable(&self) -> impl Iterator<Item = (u32, &Module)> {
        self.modules.iter().scan(0, |end, module| {
            let begin = *end;
            *end += module.minutes;
            Some((begin, module))
        })
    }

    /// How many minutes the agenda takes, with its break.
    pub fn minutes(&self) -> u32 {
        self.modules.iter().map(|module| module.minutes).sum()
    }

    /// The exercise of this id.
    pub fn exercise(&self, id: &str) -> Option<&Exercise> {
        self.exercises.iter().find(|exercise| exercise.id == id)
    }

    /// The step of this id, with its exercise.
    pub fn step(&self, id: &str) -> Option<(&Exercise, &Step)> {
        self.exercises
            .iter()
            .find_map(|exercise| Some((exercise, exercise.step(id)?)))
    }
}

/// `1:05`: hours and minutes since the beginning.
pub fn clock(minutes: u32) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// The folder in which the attendee works on the exercise with this id, from the workshop's root.
pub fn exercise_folder(id: &str) -> PathBuf {
    Path::new("exercises").join(id)
}

impl Exercise {
    /// The step of this id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// `ex3`: the short name that attendees type.
    pub fn short(&self) -> &str {
        self.id.split('_').next().unwrap_or(&self.id)
    }

    /// The folder in which the attendee works, from the workshop's root: `exercises/ex3_store`.
    pub fn folder(&self) -> PathBuf {
        exercise_folder(&self.id)
    }

    /// The folder of its solution, from the workshop's root: `solutions/ex3_store`.
    pub fn solution(&self) -> PathBuf {
        Path::new("solutions").join(&self.id)
    }

    /// Its page in the book, `ex3.html`, once it has one.
    pub fn page(&self) -> Option<&str> {
        let book = self.steps.first()?.book.as_deref()?;
        Some(book.split_once('#').map_or(book, |(page, _)| page))
    }

    /// `3`: the number that its steps begin with.
    pub fn number(&self) -> &str {
        self.short().trim_start_matches("ex")
    }
}

impl Place {
    /// The file's path from the workshop's root.
    pub fn file_of(&self, exercise: &Exercise) -> PathBuf {
        match self.anchor {
            Some(_) => Path::new("exercises").join(&exercise.id).join(&self.file),
            None => self.file.clone(),
        }
    }
}

impl Step {
    /// Whether code for this step stands in this block of a file: in those that are named after
    /// it, and in the one where the course sends its reader. The file's path is relative to the
    /// exercise's folder.
    pub fn is_written_in(&self, file: &Path, block: &str) -> bool {
        let name = format!("step_{}", self.id.replace('.', "_"));
        let is_named_after = match block.strip_prefix(&name) {
            Some(rest) => rest.is_empty() || rest.starts_with('_'),
            None => false,
        };
        let place = self.place.as_ref();
        let is_it = |place: &Place| place.file == file && place.anchor.as_deref() == Some(block);
        is_named_after || place.is_some_and(is_it)
    }
}

/// What is wrong with the manifest, and where.
#[derive(Debug)]
pub struct CourseError {
    path: PathBuf,
    line: Option<usize>,
    message: String,
}

impl fmt::Display for CourseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for CourseError {}

type Mistake = (Option<Range<usize>>, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCourse {
    title: String,
    module: Vec<Spanned<Module>>,
    exercise: Vec<RawExercise>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExercise {
    id: Spanned<String>,
    title: String,
    status: Status,
    #[serde(default)]
    bonus: bool,
    #[serde(default)]
    step: Vec<RawStep>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ready,
    Planned,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    id: Spanned<String>,
    title: String,
    #[serde(default)]
    bonus: bool,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    file: Option<PathBuf>,
    anchor: Option<String>,
    book: Option<Spanned<String>>,
    #[serde(default)]
    hints: Vec<Spanned<String>>,
}

impl RawExercise {
    fn validate(self, earlier: &[Exercise]) -> Result<Exercise, Mistake> {
        let span = self.id.span();
        let id = self.id.into_inner();
        let number = id
            .strip_prefix("ex")
            .and_then(|rest| rest.split_once('_'))
            .map(|(number, _)| number)
            .filter(|number| number.parse::<u32>().is_ok());
        let Some(number) = number else {
            let message = format!("exercise id `{id}`; expected one like `ex3_store`");
            return Err((Some(span), message));
        };
        if earlier.iter().any(|exercise| exercise.id == id) {
            return Err((Some(span), format!("exercise `{id}` is there twice")));
        }
        let ready = self.status == Status::Ready;
        let mut steps: Vec<Step> = Vec::new();
        for step in self.step {
            let step = step.validate(number, ready, &steps)?;
            steps.push(step);
        }
        if ready && steps.is_empty() {
            let message = format!("exercise `{id}` is ready; expected at least one step");
            return Err((Some(span), message));
        }
        Ok(Exercise {
            id,
            title: self.title,
            ready,
            bonus: self.bonus,
            steps,
        })
    }
}

impl RawStep {
    fn validate(self, exercise: &str, ready: bool, earlier: &[Step]) -> Result<Step, Mistake> {
        let span = self.id.span();
        let id = self.id.into_inner();
        let belongs = id
            .split_once('.')
            .is_some_and(|(before, after)| before == exercise && after.parse::<u32>().is_ok());
        if !belongs {
            let message =
                format!("step id `{id}` in exercise {exercise}; expected one like `{exercise}.1`");
            return Err((Some(span), message));
        }
        if earlier.iter().any(|step| step.id == id) {
            return Err((Some(span), format!("step `{id}` is there twice")));
        }
        for need in &self.needs {
            if !earlier.iter().any(|step| step.id == *need.get_ref()) {
                let known = one_of(earlier.iter().map(|step| step.id.as_str()));
                let need_id = need.get_ref();
                let message = format!("step {id} needs `{need_id}`; expected {known}");
                return Err((Some(need.span()), message));
            }
        }
        if let Some(empty) = self
            .hints
            .iter()
            .find(|hint| hint.get_ref().trim().is_empty())
        {
            return Err((Some(empty.span()), format!("a hint of step {id} is empty")));
        }
        let place = match (self.file, self.anchor) {
            (Some(file), anchor) => Some(Place { file, anchor }),
            (None, _) if ready => {
                let message =
                    format!("step {id}; expected `file`, and mostly `anchor`: where to work");
                return Err((Some(span), message));
            }
            (None, _) => None,
        };
        match &self.book {
            None if ready => {
                let message = format!("step {id}; expected `book`: its heading in the book");
                return Err((Some(span), message));
            }
            Some(book) if !book.get_ref().contains(".html#") => {
                let message = format!(
                    "`book` of step {id}; expected a page and a heading, as in `ex3.html#step-3-4`"
                );
                return Err((Some(book.span()), message));
            }
            _ => {}
        }
        if ready && self.hints.is_empty() {
            return Err((Some(span), format!("step {id}; expected `hints`")));
        }
        Ok(Step {
            id,
            title: self.title,
            bonus: self.bonus,
            needs: self.needs.into_iter().map(Spanned::into_inner).collect(),
            place,
            book: self.book.map(Spanned::into_inner),
            hints: self.hints.into_iter().map(Spanned::into_inner).collect(),
        })
    }
}

/// "`a`, `b` or `c`", or what to say when there is none.
fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none, because nothing stands before it".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
title = "A course"
[[module]]
title = "Do it"
minutes = 5
exercise = "ex1_a"
[[exercise]]
id = "ex1_a"
title = "A"
status = "planned"
[[exercise.step]]
id = "1.1"
title = "first"
[[exercise.step]]
id = "1.2"
title = "second"
needs = ["1.1"]
"#;

    #[test]
    fn a_good_manifest_is_read() {
        let course = Course::parse(GOOD).unwrap();
        let (exercise, step) = course.step("1.2").unwrap();
        assert_eq!((exercise.short(), exercise.number()), ("ex1", "1"));
        assert_eq!(step.needs, ["1.1"]);
    }

    #[test]
    fn a_step_is_written_in_the_blocks_of_its_whole_name_and_at_its_place() {
        let course = Course::parse(GOOD).unwrap();
        let mut step = course.step("1.1").unwrap().1.clone();
        let blocks = ["step_1_1", "step_1_1_tool", "step_1_10", "step_1_2"];
        let written = |step: &Step, file: &str| {
            blocks.map(|block| step.is_written_in(Path::new(file), block))
        };
        assert_eq!(written(&step, "src/main.rs"), [true, true, false, false]);
        step.place = Some(Place {
            file: "src/main.rs".into(),
            anchor: Some("step_1_2".to_owned()),
        });
        assert_eq!(written(&step, "src/main.rs"), [true, true, false, true]);
        assert_eq!(written(&step, "src/a.rs"), [true, true, false, false]);
    }

    #[test]
    fn each_mistake_is_told_with_its_line_and_what_was_expected() {
        let mistakes = [
            ("minutes = 5", "minutes = \"5\""),
            ("minutes = 5", "minuets = 5"),
            ("status = \"planned\"", "status = \"soon\""),
            ("status = \"planned\"", "status = \"ready\""),
            ("exercise = \"ex1_a\"", "exercise = \"ex2_a\""),
            ("needs = [\"1.1\"]", "needs = [\"1.3\"]"),
            ("id = \"1.2\"", "id = \"1.1\""),
            ("id = \"1.2\"", "id = \"2.2\""),
            ("id = \"ex1_a\"", "id = \"first\""),
            ("title = \"second\"", "title = \"second"),
            ("title = \"second\"\n", ""),
            (
                "title = \"second\"",
                "title = \"second\"\nbook = \"ex1.html\"",
            ),
        ];
        let told: String = mistakes
            .iter()
            .map(|(good, bad)| {
                let text = GOOD.replacen(good, bad, 1);
                assert_ne!(text, GOOD, "{bad} replaces nothing");
                let (span, message) = Course::parse(&text).unwrap_err();
                let line = span.map(|span| line_of(&text, span.start));
                format!("{bad:30} line {line:?}: {message}\n")
            })
            .collect();
        insta::assert_snapshot!(told);
    }
}
