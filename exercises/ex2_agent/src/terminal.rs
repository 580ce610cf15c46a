//! What reaches the terminal. Do not trust servers and models: none of their characters may move
//! the cursor, change colors or turn the reading direction.

use std::io::{self, Write};

use anyhow::{Context, Result};

/// The longest line on stderr, in characters.
const MAX_LINE: usize = 300;

/// The text on one line. Characters that a terminal would act on are written out, such as
/// `\u{1b}`.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || turns_or_hides(letter) {
            safe.extend(letter.escape_default());
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// Says on stderr what is going on. Long lines are cut.
pub fn say(text: &str) {
    let mut line = printable(text);
    if let Some((end, _)) = line.char_indices().nth(MAX_LINE) {
        line.truncate(end);
        line.push('…');
    }
    // If nobody reads it, that is not a reason to stop.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints the answer on stdout, line by line.
pub fn answer(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    for line in text.lines() {
        writeln!(out, "{}", printable(line)).context("the answer could not be printed")?;
    }
    Ok(())
}

/// Direction marks, joiners and line separators.
fn turns_or_hides(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
