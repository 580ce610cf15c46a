//! Whether a model chooses the right tool, from nothing but what the server says of its tools.
//!
//! - [`questions`] are what users ask, and the calls that answer it,
//! - [`wording`] is another text for the same tools,
//! - [`model`] is who is asked: an endpoint that speaks OpenAI's chat completions API,
//! - [`judge`] compares what the model wants to call with what was expected,
//! - [`figures`] counts, [`table`] shows.
//!
//! No tool is ever called. A model is asked one question at a time, and only its first reply is judged.

pub mod figures;
pub mod judge;
pub mod model;
pub mod questions;
pub mod table;
pub mod wording;

use std::fs;
use std::path::Path;

use futures::stream::{self, StreamExt};
use rmcp::model::Tool;
use serde::de::DeserializeOwned;

use self::figures::{Figures, Row};
use self::judge::Verdict;
use self::model::{Failure, Model, Usage, offer};
use self::questions::Questions;

/// How many questions are asked at once. More would run into the limits of most endpoints.
const AT_ONCE: usize = 4;

/// Asks a model every question `times` times, with these tools on offer. `asked` is called after each
/// answer.
///
/// # Errors
///
/// When the endpoint cannot be asked at all: [`Failure::Setting`], in a sentence.
pub async fn ask_all(
    model: &Model,
    questions: &Questions,
    tools: &[Tool],
    times: usize,
    asked: impl Fn(),
) -> Result<Figures, String> {
    let offered = offer(tools);
    let all = questions.questions.iter();
    let all = all.flat_map(|question| (0..times).map(move |_| question));
    let mut answers = stream::iter(all)
        .map(async |question| {
            let instructions = questions.instructions.as_deref();
            let answer = model.ask(instructions, &question.ask, &offered).await;
            (question, answer)
        })
        .buffered(AT_ONCE);
    let mut rows: Vec<Row> = Vec::new();
    let mut usage = Usage::default();
    while let Some((question, answer)) = answers.next().await {
        asked();
        let verdict = match answer {
            Ok(reply) => {
                usage += reply.usage;
                judge::judge(&question.expect, &reply)
            }
            Err(Failure::Setting(words)) => return Err(words),
            Err(Failure::Answer(words)) => Verdict::NoAnswer(words),
        };
        match rows.last_mut().filter(|row| row.verdicts.len() < times) {
            Some(row) => row.verdicts.push(verdict),
            None => rows.push(Row {
                question: question.ask.clone(),
                verdicts: vec![verdict],
            }),
        }
    }
    Ok(Figures { rows, usage })
}

/// Reads a TOML file.
///
/// # Errors
///
/// What is wrong with it, with the line.
fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.get(..start).unwrap_or_default().matches('\n').count();
        format!("line {line}: {}", error.message().replace('\n', " "))
    })
}
