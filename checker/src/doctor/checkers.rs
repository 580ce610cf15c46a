//! Another checker at work in the same checkout.

use std::path::Path;

use super::Examined;
use crate::workshop::at_work::{self, PLAY, WATCH};

const WHAT: &str = "checkers";

pub(super) fn examine(root: &Path) -> Examined {
    let workers = at_work::who(root);
    let ids: Vec<String> = workers.iter().map(|worker| worker.id.to_string()).collect();
    let is_there = |command| workers.iter().any(|worker| worker.command == command);
    let (watches, plays) = (is_there(WATCH), is_there(PLAY));
    let found = match (ids.as_slice(), watches, plays) {
        ([], ..) => return Examined::well(WHAT, "no other `cargo checker` is running here"),
        ([one], true, _) => format!("a `watch` is running here (pid {one})"),
        ([one], _, true) => format!("a `play` is running here (pid {one})"),
        ([one], ..) => {
            format!("another `cargo checker` is running here (pid {one}), perhaps a `watch`")
        }
        (many, ..) => format!(
            "{} others are running here (pids {})",
            many.len(),
            many.join(", ")
        ),
    };
    let found = format!("{found}. Results are still correct, but builds wait for each other");
    let remark = Examined::remark(WHAT, found);
    let remark = if watches {
        remark.fix("press q in the terminal of the watch")
    } else if plays {
        remark.fix("press Ctrl-C in the terminal of the play")
    } else {
        remark
    };
    remark.fix(if cfg!(windows) {
        ids.iter()
            .map(|id| format!("taskkill /PID {id}"))
            .collect::<Vec<_>>()
            .join("; ")
    } else {
        format!("kill {}", ids.join(" "))
    })
}
