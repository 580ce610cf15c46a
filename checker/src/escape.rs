//! Untrusted text made safe to show.

use std::fmt::Write;

/// No text of a server is shown at greater length.
const MAX_CHARS: usize = 1_200;

/// The text with every character that could move the cursor, change colors or turn the
/// reading direction written out as `\u{1b}`, and cut where it grows too long. Line feeds
/// stay.
pub fn visible(text: &str) -> String {
    visible_up_to(MAX_CHARS, text)
}

/// The same, cut after so many characters.
pub fn visible_up_to(max_chars: usize, text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (position, letter) in text.chars().enumerate() {
        if position == max_chars {
            let _ = write!(
                safe,
                " … ({} more characters)",
                text.chars().count() - max_chars
            );
            break;
        }
        match letter {
            '\n' => safe.push('\n'),
            '\t' => safe.push(' '),
            letter if letter.is_control() || is_invisible(letter) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => safe.push(letter),
        }
    }
    safe
}

/// On one line.
pub fn one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

/// Marks of direction, joiners and fillers: they show nothing, and change what is shown.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_or_hide_is_written_out() {
        let nasty = "a\x1b[2Jb\u{202e}c\r\u{200b}\u{7f}\u{9b}d\te\nf";
        let safe = r"a\u{1b}[2Jb\u{202e}c\u{d}\u{200b}\u{7f}\u{9b}d e";
        assert_eq!(visible(nasty), format!("{safe}\nf"));
        assert_eq!(one_line(nasty), format!("{safe} f"));
    }

    #[test]
    fn what_people_write_stays() {
        let text = "Crème brûlée 🥐 → 3,20 € „gut“";
        assert_eq!(visible(text), text);
    }

    #[test]
    fn a_flood_is_cut() {
        let shown = visible(&"x".repeat(1_000_000));
        assert!(shown.len() < 1_300);
        assert!(shown.ends_with("(998800 more characters)"), "{shown}");
    }
}
