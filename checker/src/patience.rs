//! How long the checker waits: one value, which tests make smaller.

use std::time::Duration;

/// How long the checker waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For any one answer. Generous: a debug build answers in a millisecond.
    pub answer: Duration,
    /// For the first answer of a fresh process. It contains the start, and an interpreter with
    /// its libraries takes seconds on a busy machine.
    pub first_answer: Duration,
    /// For an answer after something that no client can read, over stdio. A library's greeting and
    /// its first answer are not further apart.
    pub second_thoughts: Duration,
    /// Until a program listens on its port. A debug build takes 20 ms.
    pub listening: Duration,
    /// For one run of a program that is a client. A debug build takes 30 ms.
    pub run: Duration,
    /// For one run of a command: an interpreter and its libraries take seconds to start, and
    /// several start at once.
    pub run_of_command: Duration,
    /// Until a server has asked the realm again: it may wait some seconds before it does.
    pub realm: Duration,
    /// For a stdio server to end once its stdin has. MCP's libraries take milliseconds.
    pub goodbye: Duration,
    /// For a step, whatever the program does. A check may ask for more.
    pub step: Duration,
    /// The same where the checker runs a command several times in one step.
    pub step_of_command: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(5),
            first_answer: Duration::from_secs(15),
            second_thoughts: Duration::from_secs(2),
            listening: Duration::from_secs(10),
            run: Duration::from_secs(10),
            run_of_command: Duration::from_secs(30),
            realm: Duration::from_secs(12),
            goodbye: Duration::from_secs(2),
            step: Duration::from_secs(30),
            step_of_command: Duration::from_secs(120),
        }
    }
}

impl Patience {
    /// A part of it, for programs that are known to be fast: `1.0 / 5.0` waits a fifth as long.
    pub fn times(self, part: f64) -> Self {
        let times = |duration: Duration| duration.mul_f64(part);
        Self {
            answer: times(self.answer),
            first_answer: times(self.first_answer),
            second_thoughts: times(self.second_thoughts),
            listening: times(self.listening),
            run: times(self.run),
            run_of_command: times(self.run_of_command),
            realm: times(self.realm),
            // Short as it is: a busy machine needs it to end a right program.
            goodbye: self.goodbye,
            step: times(self.step),
            step_of_command: times(self.step_of_command),
        }
    }
}
