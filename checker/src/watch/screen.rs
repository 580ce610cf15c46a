//! A page and a footer on the terminal.
//!
//! The footer is drawn again and again in place, below the page. A new page begins at the top,
//! and what stood there moves up into the scrollback, which is never cleared. The cursor waits
//! at the beginning of the footer: so it can be taken away without knowing how many rows the
//! terminal has made of it after a resize.
//!
//! Where there is no terminal, or one that cannot move its cursor, all is written one after
//! the other and there is no footer.

use std::io::{self, IsTerminal, Write, stdin, stdout};

use anstyle::Style;
use crossterm::cursor::{Hide, MoveTo, MoveToColumn, MoveUp, Show};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use textwrap::core::display_width;

use super::keys::KEYS;

const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// A terminal lower than this gets a footer of one row.
const LOW: u16 = 8;

/// What is on the terminal. Gives it back as it was when dropped.
#[derive(Debug)]
pub struct Screen {
    live: bool,
    colors: bool,
    /// What stands there; `None` before the first page.
    page: Option<String>,
    /// The rows that were written before the first page.
    above: usize,
    status: String,
}

impl Screen {
    /// Takes the terminal over, if there is one that can be drawn on.
    ///
    /// # Errors
    ///
    /// When it cannot be set up.
    pub fn open() -> io::Result<Self> {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let live = stdin().is_terminal() && stdout().is_terminal() && !dumb;
        let mut above = size().1;
        if live {
            take_over()?;
            // Asked once and before anybody reads keys: the answer comes the way that keys do.
            above = crossterm::cursor::position().map_or(above, |(_, row)| row);
        }
        let choice = anstream::AutoStream::choice(&stdout());
        Ok(Self {
            live,
            colors: choice != anstream::ColorChoice::Never,
            page: None,
            above: above.into(),
            status: String::new(),
        })
    }

    /// Does something with the terminal as it was before. What the shell writes meanwhile stays
    /// above; the next page wants to be drawn.
    ///
    /// # Errors
    ///
    /// As [`Screen::begin`].
    pub fn lend(&mut self, meanwhile: impl FnOnce()) -> io::Result<()> {
        if !self.live {
            return Ok(());
        }
        execute!(stdout(), MoveToColumn(0), Clear(ClearType::FromCursorDown))?;
        give_back();
        meanwhile();
        take_over()
    }

    /// Whether it can be drawn on.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// As much of the beginning of a text as has room, whole lines of it. All of it where there is
    /// no end to the room.
    pub fn beginning_of<'a>(&self, text: &'a str) -> &'a str {
        if !self.live {
            return text;
        }
        let (columns, rows) = size();
        // With an empty line and another one below.
        let room = usize::from(rows).saturating_sub(footer_rows(rows) + 2);
        beginning_of(text, columns, room)
    }

    /// Begins a new page. What stood there moves into the scrollback.
    ///
    /// # Errors
    ///
    /// When the terminal is gone. So it is with every method that writes.
    pub fn begin(&mut self) -> io::Result<()> {
        let before = self.page.replace(String::new());
        if !self.live {
            return Ok(());
        }
        let (columns, rows) = size();
        let used = match before {
            Some(page) => rows_of(&page, columns),
            None => self.above,
        };
        let used = used.min(rows.into());
        let mut out = Vec::new();
        queue!(out, BeginSynchronizedUpdate, MoveToColumn(0))?;
        queue!(out, Clear(ClearType::FromCursorDown), MoveTo(0, rows - 1))?;
        out.extend(std::iter::repeat_n(b'\n', used));
        // No footer yet: to clear it from the first row on, as the first text will, is to clear
        // the screen, and that sends it to the scrollback in some terminals.
        queue!(out, MoveTo(0, 0), EndSynchronizedUpdate)?;
        write_out(&out)
    }

    /// Adds to the page. The text ends with the end of a line.
    ///
    /// # Errors
    ///
    /// As [`Screen::begin`].
    pub fn add(&mut self, text: &str) -> io::Result<()> {
        let text = if self.colors {
            text.to_owned()
        } else {
            anstream::adapter::strip_str(text).to_string()
        };
        self.page.get_or_insert_default().push_str(&text);
        let mut out = Vec::new();
        if !self.live {
            return write_out(text.as_bytes());
        }
        queue!(out, BeginSynchronizedUpdate)?;
        queue!(out, MoveToColumn(0), Clear(ClearType::FromCursorDown))?;
        out.extend(raw(&text).into_bytes());
        self.draw_footer(&mut out)?;
        write_out(&out)
    }

    /// Draws this page instead of the one that is there, as after a resize. What is too much
    /// for the terminal is left out above: it is in the scrollback.
    ///
    /// # Errors
    ///
    /// As [`Screen::begin`].
    pub fn redraw(&mut self, page: &str) -> io::Result<()> {
        self.page = Some(String::new());
        if !self.live {
            return Ok(());
        }
        let mut out = Vec::new();
        let (columns, rows) = size();
        queue!(out, BeginSynchronizedUpdate)?;
        // Row by row, for the same reason.
        for row in 0..rows {
            queue!(out, MoveTo(0, row), Clear(ClearType::CurrentLine))?;
        }
        queue!(out, MoveTo(0, 0))?;
        write_out(&out)?;
        let room = usize::from(rows).saturating_sub(footer_rows(rows));
        self.add(end_of(page, columns, room))
    }

    /// Says what is going on: in the footer, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Screen::begin`].
    pub fn status(&mut self, status: &str) -> io::Result<()> {
        if !self.live || self.status == status {
            return Ok(());
        }
        self.status = status.to_owned();
        let mut out = Vec::new();
        queue!(out, BeginSynchronizedUpdate)?;
        queue!(out, MoveToColumn(0), Clear(ClearType::FromCursorDown))?;
        self.draw_footer(&mut out)?;
        write_out(&out)
    }

    /// Says what is going on where there is no footer to say it in.
    ///
    /// # Errors
    ///
    /// As [`Screen::begin`].
    pub fn note(&mut self, note: &str) -> io::Result<()> {
        if self.live {
            Ok(())
        } else {
            write_out(format!("{note}\n").as_bytes())
        }
    }

    /// From the cursor on, which ends where it began.
    fn draw_footer(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let (columns, rows) = size();
        let status = cut(&self.status, columns);
        if footer_rows(rows) == 1 {
            write!(out, "{}", self.styled(FAINT, &status))?;
        } else {
            write!(out, "\r\n{}\r\n", self.styled(FAINT, &status))?;
            let mut room = usize::from(columns);
            for (key, words) in keys(columns) {
                room = room.saturating_sub(1 + words.len());
                if room > 0 {
                    write!(out, "{}{words}", self.styled(STRONG, &key.to_string()))?;
                }
            }
            queue!(out, MoveUp(2))?;
        }
        queue!(out, MoveToColumn(0), EndSynchronizedUpdate)
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colors {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.live {
            let _ = execute!(stdout(), MoveToColumn(0), Clear(ClearType::FromCursorDown));
            give_back();
        }
    }
}

fn take_over() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), Hide)
}

/// Gives the terminal back as it was. Harmless where it was never taken.
pub fn give_back() {
    if crossterm::terminal::is_raw_mode_enabled().unwrap_or_default() {
        let _ = disable_raw_mode();
        let _ = execute!(stdout(), Show);
    }
}

/// Columns and rows. A terminal that does not know gets what terminals always had.
fn size() -> (u16, u16) {
    let (columns, rows) = terminal::size().unwrap_or((80, 24));
    (columns.max(1), rows.max(1))
}

fn footer_rows(rows: u16) -> usize {
    if rows < LOW { 1 } else { 3 }
}

/// The keys and what stands behind each: their words, or gaps where these do not fit.
fn keys(columns: u16) -> impl Iterator<Item = (char, String)> {
    let all = KEYS.map(|(key, word)| (key, format!(" {word}   ")));
    let room: usize = all.iter().map(|(_, words)| 1 + words.len()).sum();
    let fits = room < columns.into();
    all.into_iter().map(move |(key, words)| {
        if fits {
            (key, words)
        } else {
            (key, "  ".to_owned())
        }
    })
}

/// One write, so that nothing is seen half drawn.
fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// In raw mode the end of a line does not go back to its beginning.
fn raw(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// How many rows a terminal of so many columns makes of a text.
fn rows_of(text: &str, columns: u16) -> usize {
    text.lines().map(|line| rows_of_line(line, columns)).sum()
}

fn rows_of_line(line: &str, columns: u16) -> usize {
    display_width(line).div_ceil(columns.into()).max(1)
}

/// The last lines of a text, as many as have room.
fn end_of(text: &str, columns: u16, rows: usize) -> &str {
    let mut room = rows;
    let mut begin = text.len();
    for line in text.split_inclusive('\n').rev() {
        let Some(left) = room.checked_sub(rows_of_line(line.trim_end(), columns)) else {
            break;
        };
        room = left;
        begin -= line.len();
    }
    &text[begin..]
}

/// The first lines of a text, as many as have room.
fn beginning_of(text: &str, columns: u16, rows: usize) -> &str {
    let mut room = rows;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let Some(left) = room.checked_sub(rows_of_line(line.trim_end(), columns)) else {
            break;
        };
        room = left;
        end += line.len();
    }
    &text[..end]
}

/// As much of a line as fits, less one column: a full row makes some terminals go on to the
/// next.
fn cut(line: &str, columns: u16) -> String {
    let room = usize::from(columns).saturating_sub(1);
    if display_width(line) <= room {
        return line.to_owned();
    }
    let mut shown = String::new();
    for letter in line.chars() {
        if display_width(&shown) + display_width(letter.encode_utf8(&mut [0; 4])) >= room {
            break;
        }
        shown.push(letter);
    }
    if room > 0 {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_a_terminal_wraps_them() {
        assert_eq!(rows_of("", 20), 0);
        assert_eq!(rows_of("a\n\nb\n", 20), 3);
        assert_eq!(rows_of(&format!("{}\n", "x".repeat(41)), 20), 3);
        assert_eq!(rows_of(&format!("{}\n", "x".repeat(40)), 20), 2);
        assert_eq!(rows_of("\x1b[1mbold\x1b[0m\n", 4), 1);
        assert_eq!(rows_of("日本語\n", 4), 2);
    }

    #[test]
    fn the_beginning_and_the_end_of_a_page_are_what_has_room() {
        assert_eq!(beginning_of("1\n2\n3\n", 20, 2), "1\n2\n");
        assert_eq!(beginning_of("1\n2 is long\n3\n", 5, 2), "1\n");
        assert_eq!(beginning_of("1\n2\n", 20, 9), "1\n2\n");
        assert_eq!(end_of("1\n2\n3\n", 20, 2), "2\n3\n");
        assert_eq!(end_of("1\n2\n3\n", 20, 9), "1\n2\n3\n");
        assert_eq!(end_of("1\n2 is long\n3\n", 5, 2), "3\n");
        assert_eq!(end_of("", 20, 2), "");
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_says_so() {
        assert_eq!(cut("building", 20), "building");
        assert_eq!(cut("building ex3_store", 10), "building…");
        assert_eq!(cut("日本語日本語", 6), "日本…");
        assert_eq!(cut("building", 1), "");
    }
}
