//! The file of questions.
//!
//! ```toml
//! # Before each question. May be left out.
//! instructions = "You help the customers of a bakery."
//!
//! [[question]]
//! ask = "What can I get for less than five dollars?"
//! # Any of these calls is right.
//! expect = [
//!     { tool = "search_products", arguments = { max_price_cents = 499 } },
//!     { tool = "list_products" },
//! ]
//!
//! [[question]]
//! ask = "Thanks, that's all."
//! expect = []
//! ```

use std::path::Path;

use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::read_toml;

/// A file of questions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// What the model is told before each question.
    pub instructions: Option<String>,
    /// The questions, in the order of the file.
    #[serde(rename = "question", default)]
    pub questions: Vec<Question>,
}

/// What a user asks, and what a model should do about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The user's words.
    pub ask: String,
    /// The calls of which any is right. If there is none, nothing should be called.
    pub expect: Vec<Expected>,
}

/// A call that is right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The tool's name.
    pub tool: String,
    /// Its arguments, all of them; any, if they are left out.
    pub arguments: Option<Map<String, Value>>,
}

impl Questions {
    /// Reads a file, and compares it with the tools that there are.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with the line or the question.
    pub fn load(path: &Path, tools: &[Tool]) -> Result<Self, String> {
        let questions: Self = read_toml(path)?;
        questions.check(tools)?;
        Ok(questions)
    }

    fn check(&self, tools: &[Tool]) -> Result<(), String> {
        if self.questions.is_empty() {
            return Err("it has no [[question]]".to_owned());
        }
        for (number, question) in (1..).zip(&self.questions) {
            if question.ask.trim().is_empty() {
                return Err(format!("question {number} asks nothing"));
            }
            for expected in &question.expect {
                known(&expected.tool, tools)
                    .map_err(|words| format!("question {number} expects a call of {words}"))?;
            }
        }
        Ok(())
    }
}

/// That a server has a tool; if not, its name and those that there are.
pub(super) fn known<'a>(name: &str, tools: &'a [Tool]) -> Result<&'a Tool, String> {
    let found = tools.iter().find(|tool| tool.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
        format!(
            "{name:?}, and the server has no such tool. It has: {}",
            names.join(", ")
        )
    })
}
