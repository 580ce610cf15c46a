//! What to think of a reply.

use serde::Serialize;
use serde_json::{Map, Value};

use super::model::{Call, Reply};
use super::questions::Expected;

/// What a model did with a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "did", rename_all = "snake_case")]
pub enum Verdict {
    /// What was expected.
    Hit,
    /// It wants to call another tool; the call.
    WrongTool(String),
    /// The tool is right, the arguments are not; the call.
    WrongArguments(String),
    /// A call was expected, and it wants none; what it says instead.
    NoCall(String),
    /// There is no answer; why.
    NoAnswer(String),
}

/// Compares a reply with the calls of which any is right.
///
/// A model may propose several calls at once. All of them must be right: each wrong one would be made.
pub fn judge(expected: &[Expected], reply: &Reply) -> Verdict {
    if reply.calls.is_empty() && !expected.is_empty() {
        return Verdict::NoCall(reply.text.clone().unwrap_or_default());
    }
    let wrong = reply.calls.iter().find_map(|call| wrong(expected, call));
    wrong.unwrap_or(Verdict::Hit)
}

fn wrong(expected: &[Expected], call: &Call) -> Option<Verdict> {
    let mut of_tool = expected
        .iter()
        .filter(|one| one.tool == call.tool)
        .peekable();
    let did = format!("{} {}", call.tool, call.arguments);
    if of_tool.peek().is_none() {
        return Some(Verdict::WrongTool(did));
    }
    // A model that needs no arguments may send nothing at all.
    let text = match call.arguments.trim() {
        "" => "{}",
        text => text,
    };
    let sent = serde_json::from_str(text).ok().map(without_nulls);
    let is_right = of_tool.any(|one| match (&one.arguments, &sent) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(arguments), Some(sent)) => is_same(arguments, sent),
    });
    (!is_right).then_some(Verdict::WrongArguments(did))
}

/// An argument that is `null` was left out.
fn without_nulls(mut arguments: Map<String, Value>) -> Map<String, Value> {
    arguments.retain(|_, value| !value.is_null());
    arguments
}

fn is_same(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let same = |(name, value): (&String, &Value)| {
        let other = other.get(name);
        other.is_some_and(|other| is_same_value(value, other))
    };
    one.len() == other.len() && one.iter().all(same)
}

/// JSON has one kind of number: 5 and 5.0 are the same.
fn is_same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_same_value(one, other))
        }
        (Value::Object(one), Value::Object(other)) => is_same(one, other),
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expected(value: Value) -> Vec<Expected> {
        serde_json::from_value(value).unwrap()
    }

    fn reply(calls: &[(&str, &str)]) -> Reply {
        let call = |(tool, arguments): &(&str, &str)| Call {
            tool: (*tool).to_owned(),
            arguments: (*arguments).to_owned(),
        };
        Reply {
            calls: calls.iter().map(call).collect(),
            text: Some("Let me see.".to_owned()),
            usage: Default::default(),
        }
    }

    #[test]
    fn each_kind_of_reply_is_told_apart() {
        let cheap = expected(json!([
            { "tool": "search", "arguments": { "max": 500 } },
            { "tool": "list" },
        ]));
        let nothing = expected(json!([]));
        let hit = Verdict::Hit;
        let tool = |did: &str| Verdict::WrongTool(did.to_owned());
        let arguments = |did: &str| Verdict::WrongArguments(did.to_owned());
        let no_call = Verdict::NoCall("Let me see.".to_owned());
        for (expected, calls, verdict) in [
            (&cheap, &[("search", r#"{"max":500}"#)][..], hit.clone()),
            (
                &cheap,
                &[("search", r#"{"max":500.0,"word":null}"#)],
                hit.clone(),
            ),
            (&cheap, &[("list", "")], hit.clone()),
            (&cheap, &[("list", r#"{"any":"thing"}"#)], hit.clone()),
            (
                &cheap,
                &[("list", "{}"), ("search", r#"{"max":500}"#)],
                hit.clone(),
            ),
            (&nothing, &[], hit),
            (&cheap, &[("list", "{}"), ("buy", "{}")], tool("buy {}")),
            (&nothing, &[("list", "{}")], tool("list {}")),
            (
                &cheap,
                &[("search", r#"{"max":5}"#)],
                arguments(r#"search {"max":5}"#),
            ),
            (
                &cheap,
                &[("search", r#"{"max":"500"}"#)],
                arguments(r#"search {"max":"500"}"#),
            ),
            (
                &cheap,
                &[("search", r#"{"max":500,"min":0}"#)],
                arguments(r#"search {"max":500,"min":0}"#),
            ),
            (&cheap, &[("search", "")], arguments("search ")),
            (&cheap, &[("list", "not JSON")], arguments("list not JSON")),
            (&cheap, &[("list", "[]")], arguments("list []")),
            (&cheap, &[], no_call),
        ] {
            assert_eq!(judge(expected, &reply(calls)), verdict, "{calls:?}");
        }
    }
}
