//! How long each test took, told from the lines that test programs print.
//!
//! Stable libtest prints no times. But it starts the tests of a program in the order of their
//! names, as many at once as it has threads, each as soon as another has ended, and it prints a line
//! whenever one ends. So the times of the lines tell when each test began. What a test waited for
//! others counts as its own.

use std::time::{Duration, Instant};

/// Reads what `cargo test` prints, while it prints.
pub(super) struct Times {
    threads: usize,
    program: Option<Program>,
    took: Vec<(Duration, String)>,
}

/// The program that runs now.
struct Program {
    tests: usize,
    begin: Instant,
    ended: Vec<(String, Instant)>,
}

impl Times {
    /// For programs that run on so many threads.
    pub(super) fn with(threads: usize) -> Self {
        Self {
            threads,
            program: None,
            took: Vec::new(),
        }
    }

    /// Takes a line that was printed now.
    pub(super) fn line(&mut self, line: &str, now: Instant) {
        if let Some(tests) = tests_begun(line) {
            self.program = Some(Program {
                tests,
                begin: now,
                ended: Vec::new(),
            });
        } else if let Some(program) = &mut self.program {
            if let Some(name) = test_ended(line) {
                program.ended.push((name.to_owned(), now));
            } else if line.starts_with("test result: ") {
                self.took.extend(program.took(self.threads));
                self.program = None;
            }
        }
    }

    /// The tests that took longest, the longest first.
    pub(super) fn slowest(mut self, count: usize) -> Vec<(Duration, String)> {
        self.took.sort_by(|one, other| other.cmp(one));
        self.took.truncate(count);
        self.took
    }
}

impl Program {
    /// Nothing, where a line was lost: then nobody knows which test began at the end of which.
    fn took(&self, threads: usize) -> Vec<(Duration, String)> {
        if self.ended.len() != self.tests {
            return Vec::new();
        }
        let at_first = std::iter::repeat_n(self.begin, threads);
        let begins = at_first.chain(self.ended.iter().map(|(_, end)| *end));
        let mut in_order = self.ended.clone();
        in_order.sort();
        let took = |((name, end), begin): ((String, Instant), Instant)| {
            (end.saturating_duration_since(begin), name)
        };
        in_order.into_iter().zip(begins).map(took).collect()
    }
}

/// `running 14 tests`
fn tests_begun(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("running ")?;
    let (count, tests) = rest.split_once(' ')?;
    matches!(tests, "test" | "tests")
        .then(|| count.parse().ok())
        .flatten()
}

/// `test a::b ... ok`, and not `test a::b has been running for over 60 seconds`.
fn test_ended(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some(name.trim_end_matches(" - should panic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
        let begin = Instant::now();
        let mut times = Times::with(2);
        for (second, line) in lines {
            times.line(line, begin + Duration::from_secs(*second));
        }
        let slowest = times.slowest(3).into_iter();
        slowest.map(|(took, name)| (took.as_secs(), name)).collect()
    }

    #[test]
    fn a_test_begins_when_one_before_it_ends() {
        let slowest = read(&[
            (0, "     Running tests/it/main.rs"),
            (1, "running 4 tests"),
            // `a` and `b` begin at 1, `c` at 3, `d` at 4.
            (3, "test b ... ok"),
            (4, "test a ... FAILED"),
            (64, "test d has been running for over 60 seconds"),
            (65, "test c ... ignored, on Sundays"),
            (70, "test d ... ok"),
            (70, "test result: ok. 4 passed; 0 failed; 0 ignored"),
            (71, "running 1 test"),
            (72, "test e - should panic ... ok"),
            (72, "test result: ok. 1 passed; 0 failed; 0 ignored"),
        ]);
        let names = [(66, "d"), (62, "c"), (3, "a")];
        assert_eq!(slowest, names.map(|(took, name)| (took, name.to_owned())));
    }

    #[test]
    fn where_a_line_was_lost_nothing_is_told() {
        let slowest = read(&[
            (0, "running 2 tests"),
            (3, "test a ... ok"),
            (4, "words of a program: test b ... ok"),
            (4, "test result: ok. 2 passed; 0 failed; 0 ignored"),
        ]);
        assert_eq!(slowest, []);
    }
}
