//! Why a step did not pass.

use super::{Code, Location, Why};

/// Why a step did not pass, in MCP's own terms. Every text may hold what a server sent, and
/// must be escaped before it reaches a terminal or a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stable name of the mistake: `accepts_zero`.
    pub code: Code,
    /// The request that showed it; the command line, when the program is a client.
    pub sent: String,
    /// Whether `sent` is a command line.
    pub is_command: bool,
    /// What should have come back.
    pub expected: String,
    /// What came back.
    pub got: String,
    /// Why it matters.
    pub why: Why,
    /// Where to look.
    pub location: Location,
    /// The commands that help, one after the other. The engine adds them.
    pub next: Vec<String>,
}

impl Finding {
    /// A finding with this code, and nothing said yet.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            sent: String::new(),
            is_command: false,
            expected: String::new(),
            got: String::new(),
            why: Why::default(),
            location: Location::Step,
            next: Vec::new(),
        }
    }

    /// Sets the request that showed it.
    pub fn sent(mut self, sent: impl Into<String>) -> Self {
        self.sent = sent.into();
        self
    }

    /// Sets the command line that showed it.
    pub fn ran(mut self, command: impl Into<String>) -> Self {
        self.is_command = true;
        self.sent(command)
    }

    /// Sets what should have come back.
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    /// Sets what came back.
    pub fn got(mut self, got: impl Into<String>) -> Self {
        self.got = got.into();
        self
    }

    /// Sets why it matters.
    pub fn why(mut self, why: impl Into<Why>) -> Self {
        self.why = why.into();
        self
    }

    /// Adds to it how rmcp or the starter does it: shown for the workshop's own crates only.
    pub fn in_rust(mut self, text: impl Into<String>) -> Self {
        self.why = self.why.in_rust(text);
        self
    }

    /// Points at a TODO block or at something in the code, where it is not the block that the course
    /// names for the step.
    pub fn at(self, place: impl Into<Location>) -> Self {
        self.located(place.into())
    }

    /// Points anywhere.
    pub fn located(mut self, location: Location) -> Self {
        self.location = location;
        self
    }
}
