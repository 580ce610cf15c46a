//! Command lines, by the rules of the shell that the attendee has: cut into words, and a word
//! written so that the shell takes it for one.

use std::borrow::Cow;

/// Whose rules a command line follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `sh` and its kin: a backslash takes the next letter as it is.
    Posix,
    /// Windows: a backslash is one of a path, unless a quote follows.
    Windows,
}

impl Shell {
    /// The one of this system.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Posix
    };

    /// The words of a line. `None` where a quote is left open, which Windows allows.
    pub fn split(self, line: &str) -> Option<Vec<String>> {
        match self {
            Self::Posix => shlex::split(line),
            Self::Windows => Some(words_of_windows(line)),
        }
    }

    /// A word as this shell takes it for one.
    pub fn quote(self, word: &str) -> Cow<'_, str> {
        match self {
            // What no shell can take, a NUL, stays as it is.
            Self::Posix => shlex::try_quote(word).unwrap_or(Cow::Borrowed(word)),
            Self::Windows => in_double_quotes(word),
        }
    }

    /// These words as one would type them.
    pub fn join<'a>(self, words: impl IntoIterator<Item = &'a str>) -> String {
        let quoted = words.into_iter().map(|word| self.quote(word));
        quoted.collect::<Vec<_>>().join(" ")
    }
}

/// The words that a program on Windows is given, by the rules of its C runtime: only before a quote
/// do backslashes count, and two quotes within quotes are one.
fn words_of_windows(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    // A word begins with its first letter or quote, and so may be empty.
    let mut word: Option<String> = None;
    let (mut quoted, mut backslashes) = (false, 0);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            backslashes += 1;
            continue;
        }
        let kept = if letter == '"' {
            backslashes / 2
        } else {
            backslashes
        };
        let escaped = backslashes % 2 == 1;
        if backslashes > 0 {
            let word = word.get_or_insert_default();
            word.extend(std::iter::repeat_n('\\', kept));
            backslashes = 0;
        }
        match letter {
            '"' if escaped => word.get_or_insert_default().push('"'),
            '"' if quoted && letters.next_if_eq(&'"').is_some() => {
                word.get_or_insert_default().push('"');
            }
            '"' => {
                word.get_or_insert_default();
                quoted = !quoted;
            }
            ' ' | '\t' | '\r' | '\n' if !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    if backslashes > 0 {
        let word = word.get_or_insert_default();
        word.extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    words
}

/// Only before a quote, and so at the end, does Windows count backslashes: two are one.
fn in_double_quotes(word: &str) -> Cow<'_, str> {
    if !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || letter == '"') {
        return Cow::Borrowed(word);
    }
    let mut quoted = "\"".to_owned();
    let mut backslashes = 0;
    for letter in word.chars() {
        if letter == '"' {
            quoted.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if letter == '\\' { backslashes + 1 } else { 0 };
        quoted.push(letter);
    }
    quoted.extend(std::iter::repeat_n('\\', backslashes));
    quoted.push('"');
    Cow::Owned(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_windows_keeps_its_backslashes_there_and_sh_takes_them_as_sh_does() {
        let cases = [
            (
                Shell::Windows,
                r".\venv\python.exe x.py",
                &[r".\venv\python.exe", "x.py"][..],
            ),
            (
                Shell::Windows,
                r#""C:\Program Files\x.exe" a"#,
                &[r"C:\Program Files\x.exe", "a"],
            ),
            (
                Shell::Windows,
                r#"x "say \"hi\"" C:\"#,
                &["x", r#"say "hi""#, r"C:\"],
            ),
            (
                Shell::Windows,
                r#" x ""  "a ""b""" "#,
                &["x", "", r#"a "b""#],
            ),
            (
                Shell::Posix,
                r"./venv/python x\ y.py",
                &["./venv/python", "x y.py"],
            ),
            (Shell::Posix, "python 'x y.py'", &["python", "x y.py"]),
        ];
        for (shell, line, words) in cases {
            assert_eq!(shell.split(line).unwrap(), words, "{line}");
        }
        assert_eq!(Shell::Posix.split("python 'x"), None);
    }

    #[test]
    fn a_quoted_word_is_the_same_word_again() {
        let words = [
            "",
            r".\venv\python.exe",
            r"C:\my workshop\",
            r#"say "hi""#,
            r#"a\"b c\\"#,
            "two words",
            r"\",
            "",
        ];
        for shell in [Shell::Posix, Shell::Windows] {
            assert_eq!(shell.split(&shell.join(words)).unwrap(), words, "{shell:?}");
        }
    }
}
