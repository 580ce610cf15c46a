//! A terminal for the checker: what it draws is kept as a screen with a scrollback, and keys
//! can be pressed.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pty_process::Size;
use pty_process::blocking::{Pty, open};
use vt100::Parser;

/// No screen takes longer to appear, the build of an exercise included.
const PATIENCE: Duration = Duration::from_secs(120);

/// Rows kept above the screen.
const SCROLLBACK: usize = 1000;

/// How a program asks where the cursor is.
const WHERE: &[u8] = b"\x1b[6n";

/// A terminal, and the checker that runs in it until this is dropped.
pub struct Terminal {
    pty: Arc<Pty>,
    parser: Arc<Mutex<Parser>>,
    child: Child,
    drawing: JoinHandle<()>,
}

impl Terminal {
    /// Runs a command in a terminal of this size.
    pub fn run(command: Command, (columns, rows): (u16, u16)) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let mut in_terminal = pty_process::blocking::Command::new(command.get_program())
            .args(command.get_args())
            .env("TERM", "xterm-256color");
        if let Some(folder) = command.get_current_dir() {
            in_terminal = in_terminal.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            in_terminal = match value {
                Some(value) => in_terminal.env(name, value),
                None => in_terminal.env_remove(name),
            };
        }
        let child = in_terminal.spawn(pts).unwrap();
        let parser = Arc::new(Mutex::new(Parser::new(
            size(rows),
            size(columns),
            SCROLLBACK,
        )));
        let pty = Arc::new(pty);
        let (reader, drawn) = (Arc::clone(&pty), Arc::clone(&parser));
        let drawing = thread::spawn(move || draw(&reader, &drawn));
        Self {
            pty,
            parser,
            child,
            drawing,
        }
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        let parser = self.parser.lock().unwrap();
        let contents = parser.screen().contents();
        contents.trim_end().to_owned() + "\n"
    }

    /// Everything that was ever written, the scrollback above the screen.
    pub fn scrollback(&self) -> String {
        let mut parser = self.parser.lock().unwrap();
        let rows = usize::from(parser.screen().size().0.get());
        let all = parser.screen().scrollback_len();
        let mut text = String::new();
        // A screenful at a time, from the top; the last one may overlap.
        let mut above = all;
        while above > 0 {
            parser.screen_mut().set_scrollback(above);
            let shown = above.min(rows);
            let columns = parser.screen().size().1.get();
            for row in parser.screen().rows(0, columns).take(shown) {
                writeln!(text, "{}", row.trim_end()).unwrap();
            }
            above -= shown;
        }
        parser.screen_mut().set_scrollback(0);
        text + &parser.screen().contents()
    }

    /// Waits until the screen has this, and gives it.
    pub fn shows(&self, text: &str) -> String {
        self.waits_for(text, |screen| screen.contains(text))
    }

    /// Waits until the screen has this no more, and gives it.
    pub fn hides(&self, text: &str) -> String {
        self.waits_for(text, |screen| !screen.contains(text))
    }

    /// Waits until this was printed, though it may have left the screen, and gives all that was.
    pub fn has_printed(&self, text: &str) -> String {
        let begin = Instant::now();
        loop {
            let all = self.scrollback();
            if all.contains(text) {
                return all;
            }
            assert!(begin.elapsed() < PATIENCE, "{text:?}:\n{all}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the screen is as it should be, and gives it. The text says how, in a failure.
    pub fn waits_for(&self, text: &str, is_so: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(begin.elapsed() < PATIENCE, "{text:?}:\n{screen}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types this.
    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut parser = self.parser.lock().unwrap();
        parser.set_size(size(rows), size(columns));
        self.pty.resize(Size::new(rows, columns)).unwrap();
    }

    /// Whether the cursor can be seen.
    pub fn has_a_cursor(&self) -> bool {
        !self.parser.lock().unwrap().screen().hide_cursor()
    }

    /// Whether the terminal takes lines and echoes them, as a shell expects it to.
    pub fn is_cooked(&self) -> bool {
        use nix::sys::termios::{LocalFlags, tcgetattr};
        let flags = tcgetattr(&*self.pty).unwrap().local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    /// Sends the program a signal.
    pub fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits until the program has ended and its last words are drawn, and gives its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let begin = Instant::now();
        loop {
            if let (Some(status), true) =
                (self.child.try_wait().unwrap(), self.drawing.is_finished())
            {
                return status.code();
            }
            assert!(begin.elapsed() < Duration::from_secs(5), "it runs on");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Draws what the program writes, and answers as a terminal does when it is asked where the
/// cursor is.
fn draw(mut pty: &Pty, parser: &Mutex<Parser>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = pty.read(&mut buffer) {
        let bytes = &buffer[..length];
        let mut parser = parser.lock().unwrap();
        parser.process(bytes);
        if bytes.windows(WHERE.len()).any(|piece| piece == WHERE) {
            let (row, column) = parser.screen().cursor_position();
            let _ = write!(pty, "\x1b[{};{}R", row + 1, column + 1);
        }
    }
}

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap()
}
