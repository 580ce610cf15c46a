//! What a process writes on stderr: the last lines, and the symptoms in them.

use std::collections::VecDeque;
use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::sync::watch;
use tokio::time::timeout;

/// Lines kept, and bytes kept of each: enough for a message, whatever a program floods.
const LINES: usize = 40;
const LINE_BYTES: usize = 2_000;

/// How long a backtrace may pause. Its frames say who called the library that panicked.
const PAUSE: Duration = Duration::from_millis(100);

/// A panic as Rust's default hook prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panic {
    /// `main`, or `tokio-rt-worker`.
    pub thread: String,
    /// `src/store.rs:124:50`, or a path from the root where it is in a dependency.
    pub place: String,
    /// `not yet implemented: 3.2`.
    pub message: String,
    /// Where the program's own code called the dependency, if the backtrace tells.
    pub called_at: Option<String>,
}

impl Panic {
    /// Whether it was a `todo!()`, rather than a mistake.
    pub fn is_todo(&self) -> bool {
        self.message.starts_with("not yet implemented")
    }

    /// Whether it ends the program, unless that runs on one thread.
    pub fn is_on_main(&self) -> bool {
        self.thread == "main"
    }

    /// Whether it was in a dependency, or in the standard library. rustc writes the paths of a
    /// workspace's own files from its root on.
    pub fn is_elsewhere(&self) -> bool {
        Path::new(&self.place).is_absolute() || self.place.starts_with('/')
    }

    /// The line of the program's own code that led to it.
    pub fn own_place(&self) -> Option<&str> {
        if self.is_elsewhere() {
            self.called_at.as_deref()
        } else {
            Some(&self.place)
        }
    }
}

/// A handle on what was read so far; clones see the same.
#[derive(Clone, Debug)]
pub struct Stderr {
    tail: Arc<Mutex<VecDeque<String>>>,
    /// How many lines were read, those that are not kept any more among them.
    lines: watch::Receiver<usize>,
    panics: watch::Receiver<Vec<Panic>>,
}

impl Stderr {
    /// The last lines, oldest first.
    pub fn last_lines(&self) -> Vec<String> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().cloned().collect()
    }

    /// Waits for lines after the first `seen` ones, and gives those that are still kept, with how
    /// many there are by now. `None` when nothing more will come.
    pub async fn lines_after(&self, seen: usize) -> Option<(Vec<String>, usize)> {
        let mut lines = self.lines.clone();
        let more = lines.wait_for(|lines| *lines > seen).await;
        // After the last one the sender is gone, and some may not have been taken yet.
        let total = more.map_or_else(|_| *self.lines.borrow(), |lines| *lines);
        let tail = self.last_lines();
        let new = total.saturating_sub(seen).min(tail.len());
        (total > seen).then(|| (tail[tail.len() - new..].to_vec(), total))
    }

    /// How many lines were read so far.
    pub fn lines(&self) -> usize {
        *self.lines.borrow()
    }

    /// How many panics were seen so far.
    pub fn panics(&self) -> usize {
        self.panics.borrow().len()
    }

    /// Waits until everything is read.
    pub async fn closed(&self) {
        let mut panics = self.panics.clone();
        while panics.changed().await.is_ok() {}
    }

    /// The first panic after the first `seen` ones, if there was one.
    pub fn panicked_after(&self, seen: usize) -> Option<Panic> {
        self.panics.borrow().get(seen).cloned()
    }

    /// Waits for a panic after the first `seen` ones.
    pub async fn panic_after(&self, seen: usize) -> Panic {
        let mut panics = self.panics.clone();
        let found = panics.wait_for(|panics| panics.len() > seen).await;
        match found.ok().and_then(|panics| panics.get(seen).cloned()) {
            Some(panic) => panic,
            // The process has closed its stderr: no panic will ever be seen.
            None => std::future::pending().await,
        }
    }
}

/// Reads a child's stderr until it closes.
pub fn follow(pipe: Option<ChildStderr>) -> Stderr {
    let tail = Arc::new(Mutex::new(VecDeque::new()));
    let (sender, panics) = watch::channel(Vec::new());
    let (counter, lines) = watch::channel(0);
    if let Some(pipe) = pipe {
        tokio::spawn(read(pipe, Arc::clone(&tail), counter, sender));
    }
    Stderr {
        tail,
        lines,
        panics,
    }
}

async fn read(
    mut pipe: ChildStderr,
    tail: Arc<Mutex<VecDeque<String>>>,
    lines: watch::Sender<usize>,
    panics: watch::Sender<Vec<Panic>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut line = Vec::new();
    let mut seen = Seen::Nothing;
    let push = |panic: Panic| panics.send_modify(|panics| panics.push(panic));
    loop {
        let reading = pipe.read(&mut buffer);
        let length = match seen {
            Seen::Elsewhere(_) => match timeout(PAUSE, reading).await {
                Ok(length) => length,
                Err(_) => {
                    seen.end().into_iter().for_each(push);
                    continue;
                }
            },
            Seen::Nothing | Seen::Head { .. } => reading.await,
        };
        let Ok(length @ 1..) = length else {
            break;
        };
        let mut pieces = buffer[..length].split(|byte| *byte == b'\n');
        // The last piece is the beginning of a line that has not ended yet.
        let unfinished = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            line.extend(piece.iter().take(LINE_BYTES.saturating_sub(line.len())));
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            seen.line(&text).into_iter().for_each(push);
            keep(&tail, &lines, text);
        }
        line.extend(
            unfinished
                .iter()
                .take(LINE_BYTES.saturating_sub(line.len())),
        );
    }
    seen.end().into_iter().for_each(push);
    // A question waits for its answer on the same line.
    let last = String::from_utf8_lossy(&line).trim_end().to_owned();
    keep(&tail, &lines, last);
}

/// What was seen of a panic so far.
enum Seen {
    Nothing,
    /// Its first line. The message is the next one.
    Head {
        thread: String,
        place: String,
    },
    /// All of it, and a backtrace may follow.
    Elsewhere(Panic),
}

impl Seen {
    /// Takes a line, and gives a panic of which all is known.
    fn line(&mut self, text: &str) -> Option<Panic> {
        let mut known = None;
        match mem::replace(self, Self::Nothing) {
            Self::Nothing => (),
            Self::Head { thread, place } => {
                let panic = Panic {
                    thread,
                    place,
                    message: text.to_owned(),
                    called_at: None,
                };
                // What a program prints after it was hung up on is no mistake of its own.
                let is_mistake = !text.starts_with("failed printing to stdout");
                if is_mistake && panic.is_elsewhere() {
                    *self = Self::Elsewhere(panic);
                    return None;
                }
                known = is_mistake.then_some(panic);
            }
            Self::Elsewhere(panic) => {
                let frame = own_frame(text);
                if frame.is_some() || text.starts_with("note: ") {
                    return Some(Panic {
                        called_at: frame,
                        ..panic
                    });
                }
                if panic_head(text).is_none() {
                    *self = Self::Elsewhere(panic);
                    return None;
                }
                known = Some(panic);
            }
        }
        if let Some((thread, place)) = panic_head(text) {
            *self = Self::Head { thread, place };
        }
        known
    }

    /// Nothing more comes.
    fn end(&mut self) -> Option<Panic> {
        match mem::replace(self, Self::Nothing) {
            Self::Elsewhere(panic) => Some(panic),
            Self::Nothing | Self::Head { .. } => None,
        }
    }
}

fn keep(tail: &Mutex<VecDeque<String>>, lines: &watch::Sender<usize>, line: String) {
    if line.is_empty() {
        return;
    }
    let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
    if tail.len() == LINES {
        tail.pop_front();
    }
    tail.push_back(line);
    // While the lines are locked, so that whoever counts them finds as many.
    lines.send_modify(|lines| *lines += 1);
}

/// `thread 'main' (123) panicked at src/main.rs:7:5:` names the thread and the place; the message
/// follows on the next line.
fn panic_head(line: &str) -> Option<(String, String)> {
    let (before, place) = line.split_once(" panicked at ")?;
    let place = place.strip_suffix(':')?;
    let thread = before.strip_prefix("thread '")?;
    let (thread, _) = thread.split_once('\'')?;
    Some((thread.to_owned(), place.to_owned()))
}

/// `             at ./src/main.rs:57:10`: what is below the folder where a program was started is
/// its own.
fn own_frame(line: &str) -> Option<String> {
    let place = line.trim_start().strip_prefix("at ")?;
    let below = place.strip_prefix("./").or(place.strip_prefix(r".\"))?;
    Some(below.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_from_a_line_that_mentions_one() {
        let real = "thread 'tokio-rt-worker' (4711) panicked at src/store.rs:124:50:";
        let (thread, place) = panic_head(real).unwrap();
        assert_eq!(thread, "tokio-rt-worker");
        assert_eq!(place, "src/store.rs:124:50");
        assert_eq!(panic_head("the oven panicked at noon:"), None);
        assert_eq!(panic_head("thread 'main' is fine"), None);
    }

    /// The panics in these lines, and those of which the end has to be waited for.
    fn panics(lines: &[&str]) -> (Vec<Panic>, Option<Panic>) {
        let mut seen = Seen::Nothing;
        let known = lines.iter().filter_map(|line| seen.line(line)).collect();
        (known, seen.end())
    }

    const HEAD: &str =
        "thread 'main' (7) panicked at /home/me/.cargo/registry/src/x/y-1.0.0/src/z.rs:1:2:";

    #[test]
    fn a_panic_in_a_dependency_is_told_with_the_line_that_called_it() {
        let backtrace = [
            HEAD,
            "no path",
            "stack backtrace:",
            "   0: __rustc::rust_begin_unwind",
            "             at /rustc/1/library/std/src/panicking.rs:689:5",
            "   3: ex3_store::router",
            "             at ./src/main.rs:57:10",
            "   4: ex3_store::main",
            "             at ./src/main.rs:40:10",
        ];
        let (known, open) = panics(&backtrace);
        assert_eq!((known.len(), open), (1, None));
        assert_eq!(known[0].own_place(), Some("src/main.rs:57:10"));
        assert_eq!(known[0].message, "no path");

        // Without a backtrace its end is not seen, or a note is.
        let (known, open) = panics(&backtrace[..2]);
        assert_eq!((known, open.unwrap().own_place()), (vec![], None));
        let note = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
        let (known, open) = panics(&[HEAD, "no path", note]);
        assert_eq!((known.len(), open), (1, None));
    }

    #[test]
    fn panic_after_panic_is_told() {
        let own = "thread 'a' (1) panicked at src/main.rs:1:2:";
        let (known, open) = panics(&[HEAD, "one", own, "two", "and so on", own, "three"]);
        let messages: Vec<&str> = known.iter().map(|one| one.message.as_str()).collect();
        assert_eq!((messages, open), (vec!["one", "two", "three"], None));
    }
}
