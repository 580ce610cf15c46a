//! The user, who is asked before anything changes.

use std::io::{self, Write};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use crate::terminal::printable;

/// The user at the terminal.
pub struct Human {
    lines: Lines<BufReader<Stdin>>,
}

impl Human {
    /// Asks on stderr, reads answers from stdin.
    pub fn at_the_terminal() -> Self {
        Self {
            lines: BufReader::new(tokio::io::stdin()).lines(),
        }
    }

    /// Shows the whole call, and waits for one line. `true` means approved.
    pub async fn agrees(&mut self, tool: &str, arguments: &Value) -> bool {
        let call = printable(&format!("{tool} {arguments}"));
        let asked = write!(
            io::stderr(),
            "This may change something: {call}\nGo ahead? [y/N] "
        );
        if asked.is_err() {
            return false;
        }
        // ANCHOR: step_2_6_answer
        // TODO 2.6: read a line from `self.lines`. `y` and `yes` approve. Anything else does not,
        // and neither does the end of input.
        todo!("2.6")
        // ANCHOR_END: step_2_6_answer
    }
}
