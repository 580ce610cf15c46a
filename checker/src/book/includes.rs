//! `{{#include …}}`: what it names in a file, and how far that is indented.

use std::fs;
use std::path::Path;

use crate::blocks::{Mark, mark};

/// The text behind `../../solutions/ex3_store/src/store.rs:step_3_2_tool`, or why there is none.
///
/// # Errors
///
/// Why there is none.
pub fn included(folder: &Path, argument: &str) -> Result<String, String> {
    let (path, part) = match argument.split_once(':') {
        Some((path, part)) => (path, Some(part)),
        None => (argument, None),
    };
    let text = fs::read_to_string(folder.join(path))
        .map_err(|error| format!("cannot include {path}: {error}"))?;
    let taken = match part {
        // A range of lines would point elsewhere after the next edit.
        Some(part) if part.starts_with(|first: char| first.is_ascii_digit() || first == ':') => {
            return Err(format!(
                "{argument} includes by line number; include by anchor, which stays right when the file changes"
            ));
        }
        Some(anchor) => {
            anchored(&text, anchor).ok_or_else(|| format!("{path} has no anchor `{anchor}`"))?
        }
        None => text,
    };
    if taken.trim().is_empty() {
        return Err(format!("{argument} is empty"));
    }
    Ok(taken)
}

/// The lines between `ANCHOR: name` and `ANCHOR_END: name`.
fn anchored(text: &str, anchor: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find(|line| mark(line) == Some(Mark::Begin(anchor)))?;
    let mut taken = String::new();
    for line in lines {
        if mark(line) == Some(Mark::End(anchor)) {
            return Some(taken);
        }
        taken += line;
        taken.push('\n');
    }
    None
}

/// Moves the code of a page to the left margin: what is a method in its file is indented there,
/// and on a phone each column counts.
pub fn outdented(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        out += line;
        let code = line.trim_start();
        let margin = line.len() - code.len();
        let mark = code.len() - code.trim_start_matches('`').len();
        if mark < 3 {
            continue;
        }
        let fence = "`".repeat(mark);
        let closes = |line: &str| {
            line.trim_end()
                .trim_start()
                .trim_end_matches('`')
                .is_empty()
                && line.contains(&fence)
        };
        let mut block = Vec::new();
        let mut end = "";
        for line in lines.by_ref() {
            if closes(line) {
                end = line;
                break;
            }
            block.push(line);
        }
        let indents = block.iter().filter(|line| !line.trim().is_empty());
        let indent = indents
            .map(|line| line.len() - line.trim_start().len())
            .min();
        let surplus = indent.unwrap_or(0).saturating_sub(margin);
        for line in block {
            out += line.get(surplus..).unwrap_or("\n");
        }
        out += end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_moves_to_the_margin_and_the_rest_stays() {
        let text = "  text\n\n```rust\n    fn a() {\n\n        b();\n    }\n```\n    indented\n";
        let moved = "  text\n\n```rust\nfn a() {\n\n    b();\n}\n```\n    indented\n";
        assert_eq!(outdented(text), moved);
        assert_eq!(outdented(moved), moved);
    }

    #[test]
    fn only_what_is_there_by_name_is_included() {
        let folder = tempfile::tempdir().unwrap();
        let code = "before\n    // ANCHOR: part\n    code\n    // ANCHOR_END: part\n// ANCHOR: part_two\n// ANCHOR_END: part_two\n";
        fs::write(folder.path().join("a.rs"), code).unwrap();
        let of = |argument| included(folder.path(), argument);
        assert_eq!(of("a.rs:part").unwrap(), "    code\n");
        assert!(of("a.rs").unwrap().starts_with("before"));
        assert_eq!(of("a.rs:par").unwrap_err(), "a.rs has no anchor `par`");
        assert_eq!(of("a.rs:part_two").unwrap_err(), "a.rs:part_two is empty");
        assert!(of("a.rs:1:2").unwrap_err().contains("by anchor"));
        assert!(of("b.rs").unwrap_err().contains("cannot include b.rs"));
    }
}
