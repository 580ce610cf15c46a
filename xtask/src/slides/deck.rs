//! The Markdown of a module → slides with their minutes and notes.
//!
//! A slide begins with a heading of level 1 or 2, which has its id and its minutes:
//!
//! ```text
//! ## The model proposes {#model-proposes minutes=1.5 .steps}
//!
//! What the room sees.
//!
//! Note:
//!
//! What the speaker says.
//! ```

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::pages::{Mistake, Source, line_of};

/// The classes that a heading may have.
const CLASSES: [&str; 1] = ["steps"];

/// What Markdown may have in the deck: what the book's may, and attributes of headings.
pub(super) const MARKDOWN: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_HEADING_ATTRIBUTES);

/// What is shown at one time.
#[derive(Debug)]
pub(super) struct Slide {
    /// Its address in the deck: `#/model-proposes`.
    pub(super) id: String,
    /// Whether it is the first of its module.
    pub(super) opens: bool,
    /// How long it is shown, in half minutes.
    pub(super) halves: u32,
    /// Whether the items of its lists appear one by one.
    pub(super) steps: bool,
    /// Where in the module's text its heading stands, without the marks and the attributes.
    pub(super) title: Range<usize>,
    /// Where what the room sees stands in the module's text, without the heading.
    pub(super) body: Range<usize>,
    /// Where the notes stand.
    pub(super) notes: Range<usize>,
}

impl Slide {
    /// How long it is shown, in seconds.
    pub(super) fn seconds(&self) -> u32 {
        self.halves * 30
    }
}

/// A slide as far as it was read.
struct Heading {
    /// Its line with all that belongs to it.
    range: Range<usize>,
    level: HeadingLevel,
    id: Option<String>,
    classes: Vec<String>,
    attributes: Vec<(String, Option<String>)>,
    title: Range<usize>,
    /// The paragraph that is `Note:`.
    note: Option<Range<usize>>,
}

/// The slides of a module, and what is wrong with them.
pub(super) fn slides(source: &Source) -> (Vec<Slide>, Vec<Mistake>) {
    let text = source.text.as_str();
    let mut mistakes = Vec::new();
    let mut mistake = |offset: usize, message: String| {
        let line = line_of(text, offset);
        mistakes.push(Mistake::new(&source.file, Some(line), message));
    };
    let headings = headings(text);
    let begins = headings
        .first()
        .map_or(text.len(), |first| first.range.start);
    if !text[..begins].trim().is_empty() {
        mistake(
            0,
            "text before the first heading is not on any slide".to_owned(),
        );
    }
    if headings.is_empty() {
        mistake(
            0,
            "has no slide; one begins with `# Title {#id minutes=1}`".to_owned(),
        );
    }
    let ends = headings.iter().skip(1).map(|next| next.range.start);
    let ends: Vec<usize> = ends.chain([text.len()]).collect();
    let mut slides = Vec::new();
    for (number, (heading, end)) in headings.into_iter().zip(ends).enumerate() {
        let begin = heading.range.start;
        let mut wrong = |message: String| mistake(begin, message);
        let title = text[heading.title.clone()].trim().to_owned();
        if (heading.level == HeadingLevel::H1) != (number == 0) {
            wrong(
                "the first slide of a module has a heading with `#`, the others have `##`"
                    .to_owned(),
            );
        }
        let id = heading.id.unwrap_or_else(|| {
            wrong(format!(
                "the slide \"{title}\" has no id; write `## {title} {{#id minutes=1}}`"
            ));
            String::new()
        });
        for class in heading
            .classes
            .iter()
            .filter(|class| !CLASSES.contains(&class.as_str()))
        {
            wrong(format!(
                "the class .{class} is unknown; expected .{}",
                CLASSES.join(" or .")
            ));
        }
        for (name, _) in heading
            .attributes
            .iter()
            .filter(|(name, _)| name != "minutes")
        {
            wrong(format!("the attribute {name} is unknown; expected minutes"));
        }
        let minutes = heading
            .attributes
            .into_iter()
            .find(|(name, _)| name == "minutes");
        let halves = halves(minutes.and_then(|(_, value)| value).as_deref());
        let halves = halves.unwrap_or_else(|| {
            wrong(format!(
                "the slide \"{title}\" does not say how long it takes; write minutes=1, or minutes=1.5"
            ));
            0
        });
        let (body, notes) = match heading.note {
            Some(note) => (heading.range.end..note.start, note.end..end),
            None => (heading.range.end..end, end..end),
        };
        if text[notes.clone()].trim().is_empty() {
            wrong(format!(
                "the slide \"{title}\" has no notes; write below it a line `Note:`, and then what to say"
            ));
        }
        let has = |name: &str| heading.classes.iter().any(|class| class == name);
        slides.push(Slide {
            id,
            opens: number == 0,
            halves,
            steps: has("steps"),
            title: heading.title,
            body,
            notes,
        });
    }
    (slides, mistakes)
}

/// The headings of level 1 and 2 that stand on their own, each with its `Note:`.
fn headings(text: &str) -> Vec<Heading> {
    let mut found: Vec<Heading> = Vec::new();
    let mut depth = 0;
    let mut events = Parser::new_ext(text, MARKDOWN)
        .into_offset_iter()
        .peekable();
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(tag) => {
                if let (
                    0,
                    Tag::Heading {
                        level,
                        id,
                        classes,
                        attrs,
                    },
                ) = (depth, &tag)
                    && *level <= HeadingLevel::H2
                {
                    let owned = |text: &pulldown_cmark::CowStr<'_>| text.to_string();
                    found.push(Heading {
                        title: events
                            .peek()
                            .map_or(range.clone(), |(_, first)| first.clone()),
                        range: range.clone(),
                        level: *level,
                        id: id.as_ref().map(owned),
                        classes: classes.iter().map(owned).collect(),
                        attributes: attrs
                            .iter()
                            .map(|(name, value)| (owned(name), value.as_ref().map(owned)))
                            .collect(),
                        note: None,
                    });
                }
                if depth == 0
                    && tag == Tag::Paragraph
                    && text[range.clone()].trim() == "Note:"
                    && let Some(slide) = found.last_mut()
                {
                    slide.note.get_or_insert(range);
                }
                depth += 1;
            }
            Event::End(end) => {
                depth -= 1;
                // It is part of the title as long as the heading is open.
                if let (0, TagEnd::Heading(level)) = (depth, end)
                    && level <= HeadingLevel::H2
                    && let Some(heading) = found.last_mut()
                {
                    heading.title.end = title_end(text, &heading.range);
                }
            }
            _ => {}
        }
    }
    found
}

/// Where the attributes begin, or the heading's line ends.
fn title_end(text: &str, heading: &Range<usize>) -> usize {
    let line = text[heading.clone()].trim_end();
    let attributes = line.ends_with('}').then(|| line.rfind('{')).flatten();
    heading.start + attributes.unwrap_or(line.len())
}

/// `1.5` → 3. A minute is the least that can be planned in halves, and no slide takes none.
fn halves(minutes: Option<&str>) -> Option<u32> {
    let minutes = minutes?;
    let (whole, half) = match minutes.split_once('.') {
        None => (minutes, 0),
        Some((whole, "5")) => (whole, 1),
        Some((whole, "0")) => (whole, 0),
        Some(_) => return None,
    };
    let halves = whole
        .parse::<u32>()
        .ok()?
        .checked_mul(2)?
        .checked_add(half)?;
    (halves > 0).then_some(halves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source {
            file: "slides/a.md".to_owned(),
            name: "A".to_owned(),
            page: "index.html".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_module_is_read_slide_by_slide() {
        let text = "# MCP `101` {#mcp minutes=0.5}\n\nHello\n\nNote:\n\nSay: a\n\n\
            ## Two {#two minutes=2 .steps}\n\n- x\n\n```text\n# no heading\nNote:\n```\n\n\
            Note:\n\n- b\n";
        let source = source(text);
        let (slides, mistakes) = slides(&source);
        assert_eq!(mistakes, []);
        let [one, two] = slides.as_slice() else {
            panic!("{slides:?}")
        };
        assert_eq!(
            (one.id.as_str(), text[one.title.clone()].trim(), one.halves),
            ("mcp", "MCP `101`", 1)
        );
        assert!(one.opens && !two.opens && two.steps && !one.steps);
        assert_eq!(text[one.body.clone()].trim(), "Hello");
        assert_eq!(text[one.notes.clone()].trim(), "Say: a");
        assert_eq!(
            (
                two.id.as_str(),
                text[two.title.clone()].trim(),
                two.seconds()
            ),
            ("two", "Two", 120)
        );
        assert!(text[two.body.clone()].contains("no heading"));
        assert_eq!(text[two.notes.clone()].trim(), "- b");
    }

    #[test]
    fn what_a_slide_lacks_is_told_with_its_line() {
        let good = "# A {#a minutes=1}\n\nNote:\n\nSay\n\n";
        let bad = [
            (
                "## B {#b minutes=1}\n\nhm\n",
                "the slide \"B\" has no notes",
            ),
            ("## B {#b minutes=1}\n\nNote:\n\n", "has no notes"),
            (
                "## B {#b}\n\nNote:\n\nx\n",
                "does not say how long it takes",
            ),
            (
                "## B {#b minutes=0}\n\nNote:\n\nx\n",
                "does not say how long",
            ),
            (
                "## B {#b minutes=1.3}\n\nNote:\n\nx\n",
                "does not say how long",
            ),
            ("## B {minutes=1}\n\nNote:\n\nx\n", "has no id"),
            (
                "## B {#b minutes=1 .big}\n\nNote:\n\nx\n",
                "the class .big is unknown",
            ),
            (
                "## B {#b minutes=1 of=2}\n\nNote:\n\nx\n",
                "the attribute of is unknown",
            ),
            (
                "# B {#b minutes=1}\n\nNote:\n\nx\n",
                "the first slide of a module",
            ),
        ];
        for (bad, said) in bad {
            let (_, mistakes) = slides(&source(&format!("{good}{bad}")));
            let [mistake] = mistakes.as_slice() else {
                panic!("{bad}: {mistakes:?}")
            };
            assert!(mistake.message.contains(said), "{bad}: {mistake}");
            assert_eq!(mistake.line, Some(7), "{bad}: {mistake}");
        }
        let (_, mistakes) = slides(&source("lost\n\n# A {#a minutes=1}\n\nNote:\n\nSay\n"));
        assert!(
            mistakes[0].message.contains("not on any slide"),
            "{mistakes:?}"
        );
        let (_, mistakes) = slides(&source(""));
        assert!(mistakes[0].message.contains("has no slide"), "{mistakes:?}");
    }
}
