//! Whether the machine had its cores to itself. Where it did not, a figure says little.

use std::fs;

/// The cores' time, in ticks since the machine was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    all: u64,
    /// What the host gave to other virtual machines while this one had work.
    stolen: u64,
}

/// Looks at the cores from now on.
#[derive(Debug)]
pub(super) struct Quiet {
    begin: Option<Ticks>,
}

impl Quiet {
    /// Warns at once where something else is at work.
    pub(super) fn begin() -> Self {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let last_minute = load.split(' ').next().and_then(|load| load.parse().ok());
        if last_minute.is_some_and(|load: f64| load > 1.0) {
            let words = "something else is running on this machine, so do not trust the figures";
            anstream::eprintln!("warning: {words} (load {load})", load = load.trim());
        }
        Self { begin: now() }
    }

    /// The share of the cores' time that others on the same host had since, from 0 to 1.
    /// `None` where the system does not count it.
    pub(super) fn stolen(&self) -> Option<f64> {
        let (begin, end) = (self.begin?, now()?);
        let (all, stolen) = (end.all - begin.all, end.stolen - begin.stolen);
        (all > 0).then(|| stolen as f64 / all as f64)
    }
}

fn now() -> Option<Ticks> {
    ticks(&fs::read_to_string("/proc/stat").ok()?)
}

/// `cpu  user nice system idle iowait irq softirq steal …`, see proc_stat(5).
fn ticks(stat: &str) -> Option<Ticks> {
    let numbers = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<u64> = numbers
        .split_whitespace()
        .take(8)
        .map_while(|number| number.parse().ok())
        .collect();
    Some(Ticks {
        all: numbers.iter().sum(),
        stolen: *numbers.get(7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_the_eighth_number_and_guests_are_counted_once() {
        let stat = "cpu  10 1 5 80 2 1 1 25 7 7\ncpu0 1 2 3 4 5 6 7 8\n";
        let expected = Ticks {
            all: 125,
            stolen: 25,
        };
        assert_eq!(ticks(stat), Some(expected));
        assert_eq!(ticks("cpu  10 1 5"), None);
    }
}
