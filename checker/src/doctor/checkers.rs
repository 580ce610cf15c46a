//! Another checker at work in the same checkout.

use std::path::Path;

use super::Examined;
use crate::workshop::at_work::{self, WATCH};

const WHAT: &str = "checkers";

pub(super) fn examine(root: &Path) -> Examined {
    let workers = at_work::who(root);
    let ids: Vec<String> = workers.iter().map(|worker| worker.id.to_string()).collect();
    let watches = workers.iter().any(|worker| worker.command == WATCH);
    let found = match (ids.as_slice(), watches) {
        ([], _) => return Examined::well(WHAT, "no other is at work here"),
        ([one], true) => format!("a `watch` is at work here (pid {one})"),
        ([one], false) => format!("another is at work here (pid {one}), a `watch` perhaps"),
        (many, _) => format!(
            "{} others are at work here (pids {})",
            many.len(),
            many.join(", ")
        ),
    };
    let found = format!("{found}: verdicts stay right, but builds wait for each other");
    let remark = Examined::remark(WHAT, found);
    let remark = if watches {
        remark.fix("press q in the terminal of the watch")
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
