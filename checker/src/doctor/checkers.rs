//! Another checker at work in the same checkout.

use std::path::Path;

use super::Examined;
use crate::at_work;

const WHAT: &str = "checkers";

pub(super) fn examine(root: &Path) -> Examined {
    let ids = at_work::who(root);
    let names: Vec<String> = ids.iter().map(u32::to_string).collect();
    let (found, stop) = match names.as_slice() {
        [] => return Examined::well(WHAT, "no other is at work here"),
        [one] => (
            format!("another is at work here (pid {one}), a `watch` perhaps"),
            one.clone(),
        ),
        many => (
            format!("{} others are at work here (pids {})", many.len(), {
                many.join(", ")
            }),
            many.join(" "),
        ),
    };
    let found = format!("{found}: verdicts stay right, but builds wait for each other");
    let stop = match cfg!(windows) {
        true => names
            .iter()
            .map(|id| format!("taskkill /PID {id}"))
            .collect::<Vec<_>>()
            .join("; "),
        false => format!("kill {stop}"),
    };
    Examined::remark(WHAT, found).mend(stop)
}
