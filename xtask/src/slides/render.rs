//! A slide → HTML, as reveal.js wants it.

use std::path::Path;

use checker::book::includes::outdented;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Parser, Tag, TagEnd, html};

use super::deck::{MARKDOWN, Slide};

/// What fits on a slide with a title and a line of text: lines, and columns of a line.
const CODE: (usize, usize) = (18, 96);

/// Code of fewer lines and columns is shown larger.
const LARGER: [(&str, usize, usize); 2] = [("large", 14, 74), ("medium", 16, 80)];

/// Where slides name the book's pictures, and where the built deck has them.
const PICTURES: [&str; 2] = ["../book/src/pictures/", "pictures/"];

/// A slide whose directives are replaced.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) notes: String,
}

/// The slide as HTML.
///
/// # Errors
///
/// What is wrong with its code.
pub(super) fn section(slide: &Slide, texts: &Texts, root: &Path) -> Result<String, Vec<String>> {
    let mut wrong = Vec::new();
    let level = if slide.opens { 1 } else { 2 };
    let title = inline(&texts.title);
    let body = markdown(&texts.body, slide.steps, root, &mut wrong);
    let notes = markdown(&texts.notes, false, root, &mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let class = if slide.opens { "opens" } else { "" };
    let (id, seconds) = (&slide.id, slide.seconds());
    let minutes = minutes(slide.halves);
    Ok(format!(
        "<section id=\"{id}\" class=\"{class}\" data-timing=\"{seconds}\">\n\
         <h{level}>{title}</h{level}>\n<div class=\"content\">\n{body}</div>\n\
         <aside class=\"notes\">\n<p class=\"minutes\">{minutes}</p>\n{notes}</aside>\n</section>\n"
    ))
}

/// `1½ min`.
fn minutes(halves: u32) -> String {
    let half = if halves % 2 == 1 { "½" } else { "" };
    match halves / 2 {
        0 => format!("{half} min"),
        whole => format!("{whole}{half} min"),
    }
}

/// The text of a title, which is no paragraph.
pub(super) fn inline(text: &str) -> String {
    let events = Parser::new_ext(text, MARKDOWN);
    let inside = events.filter(|event| {
        let is_paragraph = |tag: &Tag<'_>| *tag == Tag::Paragraph;
        match event {
            Event::Start(tag) => !is_paragraph(tag),
            Event::End(end) => *end != TagEnd::Paragraph,
            _ => true,
        }
    });
    let mut out = String::new();
    html::push_html(&mut out, inside);
    out.trim_end().to_owned()
}

fn markdown(text: &str, steps: bool, root: &Path, wrong: &mut Vec<String>) -> String {
    let text = outdented(text);
    let mut code: Option<(Fence, String)> = None;
    let mut picture: Option<(CowStr<'_>, String)> = None;
    let mut events = Vec::new();
    for event in Parser::new_ext(&text, MARKDOWN) {
        let html = |text: String| Event::Html(text.into());
        match event {
            Event::Start(Tag::CodeBlock(kind)) => code = Some((Fence::of(&kind), String::new())),
            Event::End(TagEnd::CodeBlock) => {
                if let Some((fence, code)) = code.take() {
                    events.push(html(fence.begin(&code, wrong)));
                    events.push(Event::Text(code.into()));
                    events.push(html("</code></pre>\n".to_owned()));
                }
            }
            Event::Text(part) if code.is_some() => {
                code.iter_mut().for_each(|(_, code)| code.push_str(&part));
            }
            Event::Start(Tag::Image { dest_url, .. }) => picture = Some((dest_url, String::new())),
            Event::Text(part) | Event::Code(part) if picture.is_some() => {
                picture.iter_mut().for_each(|(_, alt)| alt.push_str(&part));
            }
            Event::End(TagEnd::Image) => {
                if let Some((url, alt)) = picture.take() {
                    if alt.trim().is_empty() {
                        wrong.push(format!(
                            "the picture {url} has no description for people who cannot see it: add one"
                        ));
                    }
                    events.push(Event::InlineHtml(drawn(&url, &alt, root).into()));
                }
            }
            Event::Start(Tag::Item) if steps => {
                events.push(html("<li class=\"fragment\">".to_owned()));
            }
            Event::End(TagEnd::Item) if steps => events.push(html("</li>\n".to_owned())),
            other => events.push(other),
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out
}

/// A picture of the book, in both themes where there are two.
fn drawn(url: &str, alt: &str, root: &Path) -> String {
    let alt = alt
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;");
    let of = |class: &str, url: &str| {
        let url = url.replacen(PICTURES[0], PICTURES[1], 1);
        format!("<img class=\"{class}\" src=\"{url}\" alt=\"{alt}\">")
    };
    let dark = url.replace("-light.", "-dark.");
    if dark != url && root.join("slides").join(&dark).is_file() {
        let [light, dark] = [of("on-light", url), of("on-dark", &dark)];
        format!("<span class=\"picture\">{light}{dark}</span>")
    } else {
        format!("<span class=\"picture\">{}</span>", of("", url))
    }
}

/// What stands behind the backticks: `rust,lines=1-3|5`.
#[derive(Debug)]
struct Fence {
    language: String,
    lines: Option<String>,
    /// What else stands there.
    unknown: Option<String>,
}

impl Fence {
    fn of(kind: &CodeBlockKind<'_>) -> Self {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.to_string(),
            CodeBlockKind::Indented => String::new(),
        };
        // A comma parts lines, too: `lines=1,3|5`.
        let (info, lines) = match info.split_once("lines=") {
            Some((info, lines)) => (
                info.trim_end_matches(',').to_owned(),
                Some(lines.to_owned()),
            ),
            None => (info, None),
        };
        let (language, unknown) = match info.split_once(',') {
            Some((language, unknown)) => (language.to_owned(), Some(unknown.to_owned())),
            None => (info, None),
        };
        Self {
            language,
            lines,
            unknown,
        }
    }

    /// The tags before the code.
    fn begin(&self, code: &str, wrong: &mut Vec<String>) -> String {
        let first = code.lines().next().unwrap_or_default();
        let mut told =
            |why: String| wrong.push(format!("the code that begins with `{first}` {why}"));
        let (most, columns) = CODE;
        let count = code.lines().count();
        if count > most {
            told(format!(
                "has {count} lines, but only {most} fit on a slide; show fewer"
            ));
        }
        if let Some(line) = code.lines().find(|line| line.chars().count() > columns) {
            told(format!(
                "has a line of more than {columns} columns: `{}`",
                line.trim()
            ));
        }
        if let Some(unknown) = &self.unknown {
            told(format!(
                "is marked `{unknown}`; expected lines=1-3|5, or nothing"
            ));
        }
        let numbers = match &self.lines {
            Some(lines) => match highlights(lines, count) {
                Ok(steps) => format!(" data-line-numbers=\"{steps}\""),
                Err(why) => {
                    told(why);
                    String::new()
                }
            },
            None => String::new(),
        };
        let language = if self.language.is_empty() {
            "text"
        } else {
            &self.language
        };
        let widest = code.lines().map(|line| line.chars().count()).max();
        let larger = LARGER
            .iter()
            .find(|(_, lines, columns)| count <= *lines && widest <= Some(*columns));
        let class = larger.map_or_else(String::new, |(name, ..)| format!(" class=\"{name}\""));
        format!("<pre{class}><code class=\"language-{language}\"{numbers}>")
    }
}

/// The lines that are stepped through: `1-3|5,7|`. In an empty step none stands out, as there is no
/// line 0.
fn highlights(steps: &str, count: usize) -> Result<String, String> {
    let number = |text: &str| {
        let number = text.trim().parse::<usize>().ok();
        number.filter(|number| (1..=count).contains(number))
    };
    let is_range = |range: &str| match range.split_once('-') {
        Some((from, to)) => number(from)
            .zip(number(to))
            .is_some_and(|(from, to)| from <= to),
        None => number(range).is_some(),
    };
    let mut out = Vec::new();
    for step in steps.split('|') {
        if step.trim().is_empty() {
            out.push("0".to_owned());
        } else if step.split(',').all(is_range) {
            out.push(step.to_owned());
        } else {
            return Err(format!(
                "highlights the lines {step}, but it has the lines 1 to {count}"
            ));
        }
    }
    Ok(out.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str, steps: bool) -> (String, Vec<String>) {
        let mut wrong = Vec::new();
        let root = crate::root().unwrap();
        let html = markdown(text, steps, &root, &mut wrong);
        (html, wrong)
    }

    #[test]
    fn items_appear_one_by_one_where_the_slide_says_so() {
        assert!(
            html("- a\n- b\n", true)
                .0
                .contains("<li class=\"fragment\">b</li>")
        );
        assert!(html("- a\n- b\n", false).0.contains("<li>b</li>"));
    }

    #[test]
    fn code_is_escaped_and_its_lines_are_stepped_through() {
        let (html, wrong) = html("```rust,lines=1|2-3|\nlet a: Vec<u8>;\nb\nc\n```\n", false);
        assert_eq!(wrong, [""; 0]);
        let begin = "<pre class=\"large\"><code class=\"language-rust\" data-line-numbers=\"1|2-3|0\">let a: Vec&lt;u8&gt;;";
        assert!(html.contains(begin), "{html}");
    }

    #[test]
    fn code_that_does_not_fit_or_highlights_what_is_not_there_is_told() {
        let long = "x\n".repeat(19);
        let wide = "y".repeat(97);
        let bad = [
            (
                format!("```rust\n{long}```\n"),
                "has 19 lines, but only 18 fit",
            ),
            (format!("```rust\n{wide}\n```\n"), "more than 96 columns"),
            (
                "```rust,lines=1-3\na\nb\n```\n".to_owned(),
                "highlights the lines 1-3, but it has the lines 1 to 2",
            ),
            (
                "```rust,lines=0\na\n```\n".to_owned(),
                "highlights the lines 0",
            ),
            ("```rust,ignore\na\n```\n".to_owned(), "is marked `ignore`"),
        ];
        for (text, said) in bad {
            let (_, wrong) = html(&text, false);
            assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
            assert!(wrong[0].contains(said), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn a_picture_is_shown_in_the_theme_of_the_page() {
        let (html, _) = html("![A \"page\"](../book/src/pictures/play-light.webp)", false);
        let light =
            "<img class=\"on-light\" src=\"pictures/play-light.webp\" alt=\"A &quot;page&quot;\">";
        assert!(html.contains(light), "{html}");
        assert!(html.contains("src=\"pictures/play-dark.webp\""), "{html}");
    }

    #[test]
    fn a_title_may_have_code_and_is_no_paragraph() {
        assert_eq!(inline("What `rmcp` does"), "What <code>rmcp</code> does");
        assert_eq!(
            [minutes(1), minutes(2), minutes(3)],
            ["½ min", "1 min", "1½ min"]
        );
    }
}
