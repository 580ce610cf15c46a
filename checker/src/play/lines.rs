//! What a server printed on stderr: the last lines, numbered, for whoever follows them.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::escape::visible_up_to;
use crate::subject::stderr::Stderr;

/// As many lines are kept.
const MOST: usize = 500;

/// As many characters of each.
const MOST_CHARS: usize = 1_000;

/// Lines that come in, of which the last ones are kept.
#[derive(Debug, Default)]
pub struct Lines {
    kept: Mutex<VecDeque<String>>,
    total: watch::Sender<usize>,
}

impl Lines {
    /// Adds a line of a stranger.
    pub fn push(&self, line: &str) {
        let mut kept = self.kept.lock();
        if kept.len() == MOST {
            kept.pop_front();
        }
        kept.push_back(visible_up_to(MOST_CHARS, line));
        self.total.send_modify(|total| *total += 1);
    }

    /// Is told of more.
    pub fn changes(&self) -> watch::Receiver<usize> {
        self.total.subscribe()
    }

    /// The lines after the first `seen` ones that are still kept, and how many there are in all.
    pub fn after(&self, seen: usize) -> (Vec<String>, usize) {
        let kept = self.kept.lock();
        let total = *self.total.borrow();
        let new = total.saturating_sub(seen).min(kept.len());
        (kept.iter().skip(kept.len() - new).cloned().collect(), total)
    }

    /// Takes over what a process prints, until it prints no more.
    pub async fn follow(&self, stderr: &Stderr) {
        let mut seen = 0;
        while let Some((lines, total)) = stderr.lines_after(seen).await {
            let missed = total - seen - lines.len();
            if missed > 0 {
                self.push(&format!(
                    "… {missed} lines are missing, because too many came at once"
                ));
            }
            lines.iter().for_each(|line| self.push(line));
            seen = total;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_counted() {
        let lines = Lines::default();
        (0..MOST + 3).for_each(|number| lines.push(&format!("{number} \u{1b}[2J")));
        let (all, total) = lines.after(0);
        assert_eq!((all.len(), total), (MOST, MOST + 3));
        assert_eq!(all[0], r"3 \u{1b}[2J");
        assert_eq!(lines.after(total - 1).0.len(), 1);
        assert!(lines.after(total).0.is_empty());
    }
}
