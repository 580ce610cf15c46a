//! What directives become on a slide: agenda, timers, outputs, diagrams, code.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Result;
use checker::blocks::mark;
use checker::book::directives::{self, Directive, Piece};
use checker::book::includes::included;
use checker::book::pieces::{terminal, title};
use checker::course::{Course, Exercise, Module, clock};
use regex::{Captures, Regex};

use super::deck::Slide;
use super::render::inline;

/// How many lines of what a command prints fit on a slide.
const OUTPUT: usize = 18;

/// What the directives can name.
pub(super) struct Pieces<'a> {
    root: &'a Path,
    course: &'a Course,
    of_the_book: directives::Directives<'a>,
    /// The first slide of each part of the agenda that has slides.
    openings: Vec<(&'a Module, String)>,
}

impl<'a> Pieces<'a> {
    /// Reads what was recorded in `book/outputs/`.
    pub(super) fn new(
        root: &'a Path,
        course: &'a Course,
        openings: Vec<(&'a Module, String)>,
    ) -> Result<Self> {
        Ok(Self {
            root,
            course,
            of_the_book: directives::Directives::new(root, course)?,
            openings,
        })
    }

    /// What a directive becomes on a slide.
    ///
    /// # Errors
    ///
    /// What it should have been.
    pub(super) fn piece(&self, directive: &Directive<'_>, slide: &Slide) -> Result<Piece, String> {
        let words: Vec<&str> = directive.arguments.split_whitespace().collect();
        match (directive.name, words.as_slice()) {
            ("include", _) => self.code(directive.arguments).map(Piece::Block),
            ("diagram", [name]) => self.diagram(name, None, slide).map(Piece::Block),
            ("diagram", [name, part]) => self.diagram(name, Some(part), slide).map(Piece::Block),
            ("output", [name]) => self.output(name, None).map(Piece::Block),
            ("output", [name, part]) => self.output(name, Some(part)).map(Piece::Block),
            ("course", ["agenda"]) => Ok(Piece::Block(self.agenda())),
            ("course", ["break"]) => Ok(Piece::Block(timer(slide))),
            ("course", ["exercise", id]) => Ok(Piece::Block(exercise(self.of_the_book.exercise(id)?, slide))),
            ("course", ["steps", id]) => Ok(Piece::Block(steps(self.of_the_book.exercise(id)?))),
            ("course", ["title" | "minutes", _]) => self.of_the_book.piece(directive, "index.html"),
            ("course", _) => Err("is unknown; expected agenda, break, exercise, steps, title or minutes, as in {{#course exercise ex3}}".to_owned()),
            ("output", _) => Err("takes a name, and the lines to show, as in {{#output untouched 1-12}}".to_owned()),
            ("diagram", _) => Err("takes a name, and the part to show, as in {{#diagram sign-in 0-330}}".to_owned()),
            _ => Err("is unknown; expected course, diagram, include or output".to_owned()),
        }
    }

    /// A file's code without the marks in it.
    fn code(&self, argument: &str) -> Result<String, String> {
        let text = included(&self.root.join("slides"), argument)?;
        let lines = text.lines().filter(|line| mark(line).is_none());
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// A diagram of the book, or the part of it between two heights, below the names of its columns.
    fn diagram(&self, name: &str, part: Option<&str>, slide: &Slide) -> Result<String, String> {
        #[expect(
            clippy::expect_used,
            reason = "the pattern is fixed, and a test uses it"
        )]
        static BOX: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"viewBox="0 0 (\d+) (\d+)""#).expect("the pattern is one")
        });
        let path = format!("book/src/diagrams/{name}.svg");
        let svg = fs::read_to_string(self.root.join(&path))
            .map_err(|error| format!("cannot show {path}: {error}"))?;
        let [width, height] = BOX
            .captures(&svg)
            .and_then(|found| {
                let [width, height] = found.extract().1.map(|digits| digits.parse::<u32>().ok());
                Some([width?, height?])
            })
            .ok_or_else(|| format!("{path} has no viewBox that begins with 0 0"))?;
        let (from, to) = match part {
            None => (0, height),
            Some(part) => range(part)
                .filter(|(from, to)| from < to && *to <= height)
                .ok_or_else(|| format!("{path} is {height} high, so it has no part {part}"))?,
        };
        let svg = if from == 0 {
            BOX.replace(&svg, in_box(0, width, to)).into_owned()
        } else {
            let names = names_height(name, &svg).ok_or_else(|| {
                format!("{path} has no row of names to show above the part {from}-{to}: <g id=\"{name}-names\" data-height=\"48\">")
            })?;
            let top = i64::from(from) - i64::from(names);
            let part = in_box(from.into(), width, to - from);
            let part = format!(
                "<svg y=\"{from}\" width=\"{width}\" height=\"{}\" {part}>",
                to - from
            );
            let row = format!("</svg>\n<use href=\"#{name}-names\" y=\"{top}\"/>\n</svg>");
            BOX.replace(&svg, in_box(top, width, to - from + names))
                .replacen("</defs>", &format!("</defs>\n{part}"), 1)
                .replacen("</svg>", &row, 1)
        };
        // Two slides may show parts of one diagram, and an id is there once.
        let ids = Regex::new(&format!(r"\b{}-([\w-]+)", regex::escape(name)))
            .map_err(|error| error.to_string())?;
        let of_slide = |found: &Captures<'_>| format!("{}-{}", slide.id, &found[0]);
        Ok(ids.replace_all(&svg, of_slide).into_owned())
    }

    /// What a command prints, or some lines of it.
    fn output(&self, name: &str, part: Option<&str>) -> Result<String, String> {
        let Some(output) = self.of_the_book.output(name) else {
            return Err(format!(
                "names no output; add `{name}` to book/outputs.toml and record it: see CONTRIBUTING.md, \"Add an output\""
            ));
        };
        let count = output.lines().count();
        let (from, to) = match part {
            None => (1, count),
            Some(part) => range(part)
                .filter(|(from, to)| 1 <= *from && from <= to && *to <= count)
                .ok_or_else(|| {
                    format!("names the lines {part}, but `{name}` has the lines 1 to {count}")
                })?,
        };
        if to - from + 1 > OUTPUT {
            return Err(format!(
                "shows {} lines, but only {OUTPUT} fit on a slide; name those to show, as in {{{{#output {name} 1-12}}}}",
                to - from + 1
            ));
        }
        Ok(terminal(&lines(output, from, to)))
    }

    fn agenda(&self) -> String {
        let mut out = "<table class=\"agenda\">\n".to_owned();
        for (begin, module) in self.course.timetable() {
            let slide = self
                .openings
                .iter()
                .find(|(of, _)| std::ptr::eq(*of, module));
            let title = html(&module.title);
            let what = match slide {
                Some((_, id)) => format!("<a href=\"#/{id}\">{title}</a>"),
                None => title,
            };
            let (from, minutes) = (clock(begin), module.minutes);
            let class = if module.exercise.is_some() {
                " class=\"yours\""
            } else {
                ""
            };
            out += &format!(
                "<tr{class}><td data-begins=\"{begin}\">{from}</td><td>{minutes}</td><td>{what}</td></tr>\n"
            );
        }
        let end = self.course.minutes();
        out + &format!(
            "<tr><td data-begins=\"{end}\">{}</td><td></td><td>the end</td></tr>\n</table>\n",
            clock(end)
        )
    }
}

/// What an SVG shows of itself, from a height on.
fn in_box(from: i64, width: u32, height: u32) -> String {
    format!("viewBox=\"0 {from} {width} {height}\"")
}

/// How high the row of names at the top of a diagram is. It says whose each column is.
fn names_height(diagram: &str, svg: &str) -> Option<u32> {
    let row = format!("<g id=\"{diagram}-names\" data-height=\"");
    svg.split_once(&row)?.1.split('"').next()?.parse().ok()
}

/// `3-18`.
fn range<T: std::str::FromStr>(text: &str) -> Option<(T, T)> {
    let (from, to) = text.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// Lines of a terminal, from the first, which is 1; styles that go over lines are kept. A line with
/// `…` stands for what is left out.
fn lines(output: &str, from: usize, to: usize) -> String {
    #[expect(
        clippy::expect_used,
        reason = "the pattern is fixed, and a test uses it"
    )]
    static TAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("<(/?)([a-z]+)[^>]*>").expect("the pattern is one"));
    let open_after = |text: &str| {
        let mut open: Vec<(String, String)> = Vec::new();
        for tag in TAG.captures_iter(text) {
            if &tag[1] == "/" {
                open.pop();
            } else {
                open.push((tag[0].to_owned(), tag[2].to_owned()));
            }
        }
        open
    };
    let all: Vec<&str> = output.lines().collect();
    let (before, shown) = (all[..from - 1].join("\n"), all[from - 1..to].join("\n"));
    let begin: String = open_after(&before)
        .into_iter()
        .map(|(tag, _)| tag)
        .collect();
    let shown = format!("{begin}{shown}");
    let end = open_after(&shown).into_iter().rev();
    let end: String = end.map(|(_, name)| format!("</{name}>")).collect();
    let left_out = |is_cut: bool| if is_cut { "…" } else { "" };
    let [above, below] = [left_out(from > 1), left_out(to < all.len())];
    [above, &format!("{shown}{end}"), below]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Counts down from the minutes of its slide. `slides/deck.js` makes it go.
fn timer(slide: &Slide) -> String {
    let seconds = slide.seconds();
    let (minutes, rest) = (seconds / 60, seconds % 60);
    format!(
        "<button type=\"button\" class=\"timer\" data-seconds=\"{seconds}\" title=\"start, stop: T\">{minutes}:{rest:02}</button>\n"
    )
}

/// What an attendee needs to begin.
fn exercise(exercise: &Exercise, slide: &Slide) -> String {
    let short = exercise.short();
    let book = exercise.page().map(|page| {
        format!(
            "<p>In the book: <a href=\"../book/{page}\">Exercise {}: {}</a></p>\n",
            exercise.number(),
            html(&exercise.title)
        )
    });
    let folder = exercise.folder();
    format!(
        "<div class=\"exercise\">\n{}<div>\n{}<p>You write in <code>{}</code></p>\n\
         <p class=\"command\"><code>cargo checker watch {short}</code></p>\n</div>\n</div>\n",
        timer(slide),
        book.unwrap_or_default(),
        folder.display().to_string().replace('\\', "/"),
    )
}

/// The steps that everybody does.
fn steps(exercise: &Exercise) -> String {
    let steps = exercise.steps.iter().filter(|step| !step.bonus);
    let rows = steps.map(|step| {
        format!(
            "<tr><td>{}</td><td>{}</td></tr>\n",
            step.id,
            html(&step.title)
        )
    });
    format!(
        "<table class=\"steps\">\n{}</table>\n",
        rows.collect::<String>()
    )
}

/// A title of the course.
fn html(text: &str) -> String {
    inline(&title(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_the_styles_that_go_over_them() {
        let output = "<b>$ a</b>\n<span class=\"red\">one\ntwo</span>\nthree\n";
        assert_eq!(
            lines(output, 1, 2),
            "<b>$ a</b>\n<span class=\"red\">one</span>\n…"
        );
        assert_eq!(
            lines(output, 3, 4),
            "…\n<span class=\"red\">two</span>\nthree"
        );
        assert_eq!(lines(output, 1, 4), output.trim_end());
    }

    #[test]
    fn code_in_a_title_is_code() {
        assert_eq!(
            html("`cargo a` runs <b>"),
            "<code>cargo a</code> runs &lt;b&gt;"
        );
        assert_eq!(
            html("--stdio serves, list_products lists"),
            "<code>--stdio</code> serves, <code>list_products</code> lists"
        );
    }
}
