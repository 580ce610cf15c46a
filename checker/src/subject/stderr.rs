//! What a process writes on stderr: the last lines, and the symptoms in them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::sync::watch;

/// Lines kept, and bytes kept of each: enough for a message, whatever a program floods.
const LINES: usize = 40;
const LINE_BYTES: usize = 2_000;

/// A panic as Rust's default hook prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// `src/store.rs:124:50`.
    pub place: String,
    /// `not yet implemented: 3.2`.
    pub message: String,
}

impl Panic {
    /// Whether it was a `todo!()`, rather than a mistake.
    pub fn is_todo(&self) -> bool {
        self.message.starts_with("not yet implemented")
    }
}

/// A handle on what was read so far; clones see the same.
#[derive(Clone, Debug)]
pub struct Stderr {
    tail: Arc<Mutex<VecDeque<String>>>,
    panics: watch::Receiver<Vec<Panic>>,
}

impl Stderr {
    /// The last lines, oldest first.
    pub fn last_lines(&self) -> Vec<String> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().cloned().collect()
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
    if let Some(pipe) = pipe {
        tokio::spawn(read(pipe, Arc::clone(&tail), sender));
    }
    Stderr { tail, panics }
}

async fn read(
    mut pipe: ChildStderr,
    tail: Arc<Mutex<VecDeque<String>>>,
    panics: watch::Sender<Vec<Panic>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    let mut line = Vec::new();
    let mut place = None;
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        let mut pieces = buffer[..length].split(|byte| *byte == b'\n');
        // The last piece is the beginning of a line that has not ended yet.
        let unfinished = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            line.extend(piece.iter().take(LINE_BYTES.saturating_sub(line.len())));
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if let Some(place) = place.take() {
                let message = text.clone();
                // What a program prints after it was hung up on is no mistake of its own.
                if !message.starts_with("failed printing to stdout") {
                    panics.send_modify(|panics| panics.push(Panic { place, message }));
                }
            }
            place = panic_place(&text);
            keep(&tail, text);
        }
        line.extend(
            unfinished
                .iter()
                .take(LINE_BYTES.saturating_sub(line.len())),
        );
    }
    // A question waits for its answer on the same line.
    keep(&tail, String::from_utf8_lossy(&line).trim_end().to_owned());
}

fn keep(tail: &Mutex<VecDeque<String>>, line: String) {
    if line.is_empty() {
        return;
    }
    let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
    if tail.len() == LINES {
        tail.pop_front();
    }
    tail.push_back(line);
}

/// `thread 'main' (123) panicked at src/main.rs:7:5:` names the place; the message follows on
/// the next line.
fn panic_place(line: &str) -> Option<String> {
    let (before, place) = line.split_once(" panicked at ")?;
    let place = place.strip_suffix(':')?;
    before.starts_with("thread ").then(|| place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_from_a_line_that_mentions_one() {
        let real = "thread 'tokio-rt-worker' (4711) panicked at src/store.rs:124:50:";
        assert_eq!(panic_place(real).as_deref(), Some("src/store.rs:124:50"));
        assert_eq!(panic_place("the oven panicked at noon:"), None);
        assert_eq!(panic_place("thread 'main' is fine"), None);
    }
}
