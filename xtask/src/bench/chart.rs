//! The rows for the book: an SVG that is put into the page, and so takes its colors from the
//! page's theme.

use svg::Document;
use svg::node::element::{Group, Rectangle, Text, Title};

use super::rows::Row;

/// All lengths are in units of the drawing, which the page scales.
const WIDTH: f64 = 760.0;
const BARS: f64 = 300.0;
const LONGEST: f64 = 300.0;
const BAR: f64 = 14.0;
const ROW: f64 = 58.0;

/// Two bars for each row that has an aim, the longer one as long as there is room.
pub(super) fn draw(rows: &[Row]) -> String {
    let aimed: Vec<_> = rows.iter().filter(|row| row.aim.is_some()).collect();
    let height = ROW * aimed.len() as f64;
    let words: Vec<_> = aimed.iter().map(|row| in_words(row)).collect();
    let document = Document::new()
        .set("viewBox", (0, 0, WIDTH, height))
        .set("role", "img")
        .set("font-size", 13)
        .set("font-family", "inherit")
        .set("style", "width: 100%; height: auto")
        .add(Title::new(words.join(". ")));
    let drawn = aimed
        .iter()
        .zip(0u32..)
        .fold(document, |document, (row, n)| {
            document.add(pair(row).set("transform", format!("translate(0 {})", ROW * f64::from(n))))
        });
    drawn.to_string() + "\n"
}

/// `save to verdict: 1.1 s, beside the rebuild alone: 1 s; ratio 1.10`
fn in_words(row: &Row) -> String {
    format!(
        "{}: {} {unit}, beside {}: {} {unit}; ratio {:.2}",
        row.what,
        rounded(row.ours.median),
        row.beside,
        rounded(row.theirs.median),
        row.ratio,
        unit = row.unit
    )
}

fn pair(row: &Row) -> Group {
    let longest = row.ours.median.max(row.theirs.median);
    let ours = ("fill: var(--links, #20609f)", row.what, row.ours.median);
    let theirs = (
        "fill: currentColor; opacity: 0.4",
        row.beside,
        row.theirs.median,
    );
    let ratio = format!("× {:.2}", row.ratio);
    [(4.0, ours), (24.0, theirs)]
        .into_iter()
        .fold(Group::new(), |group, (top, (style, name, value))| {
            let length = (LONGEST * value / longest).max(1.0);
            let figure = format!("{} {}", rounded(value), row.unit);
            group
                .add(label(name, BARS - 10.0, top).set("text-anchor", "end"))
                .add(bar(length, top).set("style", style))
                .add(label(&figure, BARS + length + 8.0, top))
        })
        .add(
            label(&ratio, WIDTH - 4.0, 14.0)
                .set("text-anchor", "end")
                .set("font-weight", "bold"),
        )
}

fn bar(length: f64, top: f64) -> Rectangle {
    Rectangle::new()
        .set("x", BARS)
        .set("y", top)
        .set("width", (length * 10.0).round() / 10.0)
        .set("height", BAR)
        .set("rx", 2)
}

fn label(text: &str, x: f64, top: f64) -> Text {
    Text::new(text)
        .set("x", (x * 10.0).round() / 10.0)
        .set("y", top + BAR - 2.5)
        .set("style", "fill: currentColor")
}

/// Three digits are as many as such a figure is worth.
fn rounded(value: f64) -> String {
    match value {
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rows::Aim;

    #[test]
    fn a_chart_has_a_pair_of_bars_for_each_aim_and_says_it_in_words() {
        let aimed = Row::new(
            ("ours", "theirs"),
            "s",
            &[1.0],
            &[4.0],
            Some(Aim::AtMost(0.5)),
        );
        let known = Row::new(("memory", "theirs"), "MB", &[1.0], &[4.0], None);
        let drawn = draw(&[aimed, known]);
        assert_eq!(drawn.matches("<rect").count(), 2);
        assert!(
            drawn.contains("ours: 1.00 s, beside theirs: 4.00 s; ratio 0.25"),
            "{drawn}"
        );
        assert!(!drawn.contains("memory"));
    }
}
