//! What the person at the keyboard asks for: single keys on a terminal, lines elsewhere.

use std::io::BufRead;
use std::thread;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Check now.
    Run,
    /// The next hint.
    Hint,
    /// The JSON-RPC of the step to work on.
    Trace,
    /// The next of the steps that failed.
    Failure,
    /// What comes after what is passed.
    Next,
    /// The end.
    Quit,
    /// Draw again: the terminal has another size.
    Redraw,
    /// Give the terminal to the shell until it is given back.
    Suspend,
}

/// The keys and what they do, for the footer.
pub const KEYS: [(char, &str); 6] = [
    ('r', "run"),
    ('h', "hint"),
    ('t', "trace"),
    ('f', "failures"),
    ('n', "next"),
    ('q', "quit"),
];

/// Actions as they come. With `live`, single keys of a terminal in raw mode; else the first
/// letter of each line on stdin, whose end is no action.
pub fn listen(live: bool) -> UnboundedReceiver<Action> {
    let (actions, received) = unbounded_channel();
    // Reading blocks and cannot be called off, so nothing waits for this thread at the end.
    thread::spawn(move || {
        if live {
            keys(&actions)
        } else {
            lines(&actions)
        }
    });
    received
}

fn keys(actions: &UnboundedSender<Action>) {
    while let Ok(event) = event::read() {
        let action = match event {
            Event::Key(key) if key.kind == KeyEventKind::Press => of_key(key),
            Event::Resize(..) => Some(Action::Redraw),
            _ => None,
        };
        if action.is_some_and(|action| actions.send(action).is_err()) {
            return;
        }
    }
    // The terminal is gone.
    let _ = actions.send(Action::Quit);
}

fn of_key(key: KeyEvent) -> Option<Action> {
    match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c' | 'd'), true) | (KeyCode::Esc, _) => Some(Action::Quit),
        (KeyCode::Char('l'), true) => Some(Action::Redraw),
        (KeyCode::Char('z'), true) => Some(Action::Suspend),
        (KeyCode::Enter, _) => Some(Action::Run),
        (KeyCode::Char(letter), false) => of_letter(letter),
        _ => None,
    }
}

fn lines(actions: &UnboundedSender<Action>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        // An empty line is somebody who wants to see something happen.
        let letter = line.trim().chars().next().unwrap_or('r');
        if of_letter(letter).is_some_and(|action| actions.send(action).is_err()) {
            return;
        }
    }
}

fn of_letter(letter: char) -> Option<Action> {
    match letter.to_ascii_lowercase() {
        'r' => Some(Action::Run),
        'h' => Some(Action::Hint),
        't' => Some(Action::Trace),
        'f' => Some(Action::Failure),
        'n' => Some(Action::Next),
        'q' => Some(Action::Quit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_footer_does_something_and_ctrl_c_quits() {
        for (letter, _) in KEYS {
            let plain = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            assert!(of_key(plain).is_some(), "{letter}");
            let shifted = KeyCode::Char(letter.to_ascii_uppercase());
            assert_eq!(
                of_key(KeyEvent::new(shifted, KeyModifiers::SHIFT)),
                of_key(plain)
            );
        }
        let ctrl = |letter| of_key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
        assert_eq!(ctrl('c'), Some(Action::Quit));
        assert_eq!(ctrl('r'), None, "a shell's habit, no action");
    }
}
