//! The user, who is asked before anything changes.

use std::io::{BufRead, Write};
use std::sync::Mutex;

use serde_json::Value;

/// The user at the terminal. rig may make calls in parallel, so ask one question at a time.
#[derive(Default)]
pub struct Human(Mutex<()>);

impl Human {
    /// Shows the whole call, and waits for one line. `true` means approved.
    pub fn agrees(&self, tool: &str, arguments: &Value) -> bool {
        let _turn = self.0.lock();
        let call = format!("{tool} {arguments}");
        let call: String = call.chars().flat_map(visible).collect();
        eprint!("This may change something: {call}\nGo ahead? [y/N] ");
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.is_ok() && matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
    }
}

fn visible(letter: char) -> Vec<char> {
    if letter.is_control() {
        letter.escape_default().collect()
    } else {
        vec![letter]
    }
}
