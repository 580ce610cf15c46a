//! The Markdown that directives become.

use crate::course::{Course, Exercise, Step, clock};

/// A title of the course as Markdown: names of code look like code, and nothing else is markup.
pub fn title(title: &str) -> String {
    let words: Vec<String> = title
        .split(' ')
        .map(|word| {
            let name = word.trim_end_matches([',', '.', ':', ';']);
            let is_code = name.contains('_') || name.contains("://") || name.starts_with("--");
            if is_code && !word.contains('`') {
                format!("`{name}`{}", &word[name.len()..])
            } else {
                word.replace('|', "\\|")
                    .replace('<', "&lt;")
                    .replace('*', "\\*")
            }
        })
        .collect();
    words.join(" ")
}

/// The timetable.
pub(super) fn agenda(course: &Course, page: &str) -> String {
    let mut out = "| from | minutes | what |\n| ---: | ---: | --- |\n".to_owned();
    for (begins, module) in course.timetable() {
        let exercise = module
            .exercise
            .as_deref()
            .and_then(|id| course.exercise(id));
        let chapter = exercise.and_then(Exercise::page).or(module.book.as_deref());
        let mut what = title(&module.title);
        if let Some(chapter) = chapter {
            what = format!("[{what}]({})", from(page, chapter));
        }
        let bonus = module.bonus.as_deref().and_then(|id| course.exercise(id));
        if let Some(bonus) = bonus {
            let mut of = format!("exercise {}, {}", bonus.number(), title(&bonus.title));
            if let Some(chapter) = bonus.page() {
                of = format!("[{of}]({})", from(page, chapter));
            }
            what += &format!(" <span class=\"bonus\">bonus: {of}</span>");
        }
        out += &format!("| {} | {} | {what} |\n", clock(begins), module.minutes);
    }
    out + &format!("| {} | | the end |\n", clock(course.minutes()))
}

/// The steps of an exercise, each linked to its heading.
pub(super) fn steps(exercise: &Exercise, page: &str) -> String {
    let mut out = "| step | what works after it |\n| --- | --- |\n".to_owned();
    for step in &exercise.steps {
        let id = match &step.book {
            Some(book) => format!("[{}]({})", step.id, from(page, book)),
            None => step.id.clone(),
        };
        let bonus = if step.bonus {
            " <span class=\"bonus\">bonus</span>"
        } else {
            ""
        };
        out += &format!("| {id} | {}{bonus} |\n", title(&step.title));
    }
    format!("<div class=\"steps\">\n\n{out}\n</div>\n")
}

/// The ladder of hints: closed, and one to be opened after the other.
pub(super) fn hints(step: &Step) -> String {
    let rungs = ["a nudge", "the API", "almost the code"];
    let of = step.hints.len();
    let mut out = "<div class=\"hints\">\n".to_owned();
    for (number, hint) in (1..).zip(&step.hints) {
        let hint = hint.trim_matches('\n');
        let what = rungs.get(number - 1).unwrap_or(&"more");
        let body = match number {
            3 => format!("```rust\n{hint}\n```"),
            _ => with_links(hint),
        };
        out += &format!(
            "<details>\n<summary>Hint {number} of {of} for {}: {what}</summary>\n\n{body}\n\n</details>\n",
            step.id
        );
    }
    out + "</div>\n"
}

/// Gives a bare URL the name of what it documents.
fn with_links(text: &str) -> String {
    let words: Vec<String> =
        text.split(' ')
            .map(|word| match word.starts_with("https://") {
                true => documented(word)
                    .map_or(format!("<{word}>"), |name| format!("[`{name}`]({word})")),
                false => word.to_owned(),
            })
            .collect();
    words.join(" ")
}

/// `rmcp::model::Implementation` of `https://docs.rs/rmcp/latest/rmcp/model/struct.Implementation.html`.
fn documented(url: &str) -> Option<String> {
    let (url, method) = match url.split_once('#') {
        Some((url, fragment)) => (url, fragment.rsplit_once('.').map(|(_, name)| name)),
        None => (url, None),
    };
    let path = match url.strip_prefix("https://docs.rs/") {
        Some(rest) => rest.splitn(3, '/').nth(2)?,
        None => url.strip_prefix("https://doc.rust-lang.org/")?,
    };
    let mut names: Vec<&str> = path
        .trim_end_matches('/')
        .split('/')
        .filter(|part| *part != "index.html")
        .map(|part| part.strip_suffix(".html").unwrap_or(part))
        .map(|part| part.split_once('.').map_or(part, |(_, name)| name))
        .collect();
    names.extend(method);
    Some(names.join("::"))
}

/// Names and types that a step adds. What comes back begins a line of its own.
pub(super) fn contract(lines: &str) -> String {
    let lines = lines.replace(" → ", "\n    → ");
    let broken: Vec<String> = lines.lines().map(broken).collect();
    format!("```text\n{}\n```\n", broken.join("\n"))
}

/// Goes on in a new line after the comma before column 72.
fn broken(line: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for part in line.split_inclusive(", ") {
        let width = part.chars().count();
        if column + width > 72 {
            out.truncate(out.trim_end().len());
            out += "\n       ";
            column = 7;
        }
        out += part;
        column += width;
    }
    out
}

/// What a command prints. The HTML was made when it was recorded.
pub fn terminal(html: &str) -> String {
    // A scrolling region must be reachable by keyboard.
    format!("<pre class=\"terminal\" tabindex=\"0\">{html}\n</pre>\n")
}

/// The way from one page to another, both relative to the book.
fn from(page: &str, to: &str) -> String {
    format!("{}{to}", "../".repeat(page.matches('/').count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_code_look_like_code_in_a_title() {
        assert_eq!(
            title("--stdio serves, list_products lists"),
            "`--stdio` serves, `list_products` lists"
        );
        assert_eq!(title("`cargo checker` runs"), "`cargo checker` runs");
    }

    #[test]
    fn a_link_to_documentation_is_named_after_what_it_documents() {
        let names = [
            (
                "https://docs.rs/rmcp/latest/rmcp/model/struct.Implementation.html",
                "rmcp::model::Implementation",
            ),
            ("https://docs.rs/thiserror/latest/thiserror/", "thiserror"),
            (
                "https://docs.rs/rmcp/latest/rmcp/attr.prompt.html",
                "rmcp::prompt",
            ),
            (
                "https://doc.rust-lang.org/std/option/enum.Option.html#method.is_none_or",
                "std::option::Option::is_none_or",
            ),
        ];
        for (url, name) in names {
            assert_eq!(documented(url).as_deref(), Some(name));
        }
        assert_eq!(
            with_links("see https://example.org/a"),
            "see <https://example.org/a>"
        );
    }

    #[test]
    fn a_long_contract_goes_on_after_a_comma() {
        let fields = ["product_name", "quantity", "remaining_stock", "total_cents"];
        let line = fields.map(|field| format!("{field}: integer")).join(", ");
        let expected = "```text\n\
            tool a()\n    \
            → {product_name: integer, quantity: integer,\n       \
            remaining_stock: integer, total_cents: integer}\n\
            ```\n";
        assert_eq!(contract(&format!("tool a() → {{{line}}}")), expected);
    }

    #[test]
    fn a_page_in_a_folder_links_out_of_it() {
        assert_eq!(from("ex3.html", "ex3.html#step-3-1"), "ex3.html#step-3-1");
        assert_eq!(from("guides/a.html", "ex3.html"), "../ex3.html");
    }
}
