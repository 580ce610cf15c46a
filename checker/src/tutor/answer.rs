//! Results of tools: structured content with its mirror as text, and errors that a model can
//! act on.

use anyhow::{Context, Result};
use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::Value;

use crate::escape::visible_up_to;

/// No text in an answer is longer. A compile error has room, a flood has not.
const MAX_CHARS: usize = 8_000;

/// The result of a tool. An error becomes one that the model reads: `isError`.
pub(super) fn answer<T: Serialize>(worked: Result<T>) -> CallToolResult {
    let value = worked.and_then(|value| {
        serde_json::to_value(value).context("the answer cannot be written as JSON")
    });
    match value {
        Ok(value) => CallToolResult::structured(harmless(value)),
        Err(error) => {
            let words = visible_up_to(MAX_CHARS, &format!("{error:#}"));
            CallToolResult::error(vec![ContentBlock::text(words)])
        }
    }
}

/// The same value, without what could move the cursor or hide text where an agent shows it:
/// findings hold what a program sent.
fn harmless(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(visible_up_to(MAX_CHARS, &text)),
        Value::Array(values) => values.into_iter().map(harmless).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, value)| (name, harmless(value)))
                .collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_structure_say_the_same_and_neither_moves_the_cursor() {
        let sent = json!({ "got": ["a\u{1b}[2J\u{202e}b\nc"], "ms": 3 });
        let result = answer(Ok(sent));
        let shown = json!({ "got": ["a\\u{1b}[2J\\u{202e}b\nc"], "ms": 3 });
        assert_eq!(result.structured_content, Some(shown.clone()));
        let text = &result.content[0].as_text().unwrap().text;
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), shown);
    }

    #[test]
    fn an_error_is_a_result_that_the_model_reads() {
        let result = answer::<Value>(Err(anyhow!("no \u{1b}[31mstep")));
        assert_eq!(result.is_error, Some(true));
        assert_eq!(
            result.content[0].as_text().unwrap().text,
            "no \\u{1b}[31mstep"
        );
    }
}
