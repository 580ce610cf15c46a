//! What the scripted model says.

use std::fmt;

use serde_json::Value;

use super::Heard;

type Turn = Box<dyn Fn(&Heard) -> Says + Send + Sync>;

/// What the model says, turn by turn. The last turn is said again and again.
pub struct Script {
    /// What `OPENAI_MODEL` must be.
    pub model: String,
    /// What `OPENAI_API_KEY` must be.
    pub key: String,
    turns: Vec<Turn>,
}

/// What the model says in one turn.
#[derive(Clone, Debug)]
pub enum Says {
    /// Text; it may be empty.
    Answer(String),
    /// Calls that it proposes, and what it says beside them, which may be nothing.
    Calls(Vec<Proposal>, Option<String>),
    /// An HTTP error of this status, with this message.
    Error(u16, String),
}

/// A call that the model proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What the result must name.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Text that should be JSON, as models write it.
    pub arguments: String,
}

impl Script {
    /// A script without turns, for a model of this name behind this key.
    pub fn new(model: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            key: key.into(),
            turns: Vec::new(),
        }
    }

    /// The same, and then it says this.
    #[must_use]
    pub fn then(self, says: Says) -> Self {
        self.then_with(move |_| says.clone())
    }

    /// The same, and then it says what comes to mind on hearing the request.
    #[must_use]
    pub fn then_with(mut self, turn: impl Fn(&Heard) -> Says + Send + Sync + 'static) -> Self {
        self.turns.push(Box::new(turn));
        self
    }

    pub(super) fn turn(&self, number: usize, heard: &Heard) -> Says {
        let turn = self.turns.get(number).or(self.turns.last());
        turn.map_or_else(|| Says::Answer(String::new()), |turn| turn(heard))
    }
}

impl Proposal {
    /// A call with arguments that are JSON.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: &Value) -> Self {
        Self::written(id, name, arguments.to_string())
    }

    /// A call with arguments as they are written here, JSON or not.
    pub fn written(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("model", &self.model)
            .field("turns", &self.turns.len())
            .finish_non_exhaustive()
    }
}
