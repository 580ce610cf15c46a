//! The JSON-RPC of a step, as it crossed the wire: in order, with what each message is for.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::escape::{one_line, visible};
use crate::mcp::transcript::{Exchange, Received};
use crate::verdict::StepReport;

const PURPOSE: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();

/// What is longer is broken into lines.
const WIDTH: usize = 96;

/// So many exchanges of one purpose are written in full; of a race the others say little.
const OF_ONE_PURPOSE: usize = 3;

/// Writes the exchanges of every era of a step.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn write_trace(out: &mut dyn Write, step: &StepReport) -> io::Result<()> {
    for era in &step.eras {
        if era.trace.is_empty() {
            continue;
        }
        writeln!(
            out,
            "\n{FAINT}── {} on the {} era ──{FAINT:#}",
            step.id, era.era
        )?;
        let mut purpose = None;
        let mut in_a_row = 0;
        for exchange in &era.trace {
            if purpose == Some(&exchange.purpose) {
                in_a_row += 1;
            } else {
                skipped(out, in_a_row)?;
                in_a_row = 1;
                let text = one_line(&exchange.purpose);
                writeln!(out, "\n{PURPOSE}# {text}{PURPOSE:#}")?;
                purpose = Some(&exchange.purpose);
            }
            if in_a_row <= OF_ONE_PURPOSE {
                write_exchange(out, exchange)?;
            }
        }
        skipped(out, in_a_row)?;
    }
    writeln!(out)
}

fn skipped(out: &mut dyn Write, in_a_row: usize) -> io::Result<()> {
    match in_a_row.checked_sub(OF_ONE_PURPOSE) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "{FAINT}  … and {more} more like it{FAINT:#}"),
    }
}

fn write_exchange(out: &mut dyn Write, exchange: &Exchange) -> io::Result<()> {
    let via = one_line(&exchange.via);
    writeln!(out, "{FAINT}→ {via}{FAINT:#}")?;
    write_json(out, &exchange.sent)?;
    let ms = exchange.took.as_millis();
    let status = exchange.status.as_deref().map(one_line).unwrap_or_default();
    match exchange.received.as_slice() {
        [] if exchange.sent.get("id").is_some() => {
            writeln!(out, "{FAINT}← {status} nothing came back{FAINT:#}")
        }
        [] => writeln!(out, "{FAINT}← {status}{FAINT:#}"),
        received => {
            writeln!(out, "{FAINT}← {status} after {ms} ms{FAINT:#}")?;
            for one in received {
                match one {
                    Received::Json(value) => write_json(out, value)?,
                    Received::Text(text) => writeln!(out, "  {}", visible(text))?,
                }
            }
            Ok(())
        }
    }
}

fn write_json(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    for line in lines("  ", value) {
        writeln!(out, "{}", visible(&line))?;
    }
    Ok(())
}

/// JSON as flat as fits on a line, and broken where it does not. Each line begins with `indent`.
pub fn lines(indent: &str, value: &Value) -> Vec<String> {
    let flat = value.to_string();
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(fields) if indent.len() + flat.len() > WIDTH => fields
            .iter()
            .map(|(name, value)| (format!("{name:?}: "), value))
            .collect(),
        Value::Array(items) if indent.len() + flat.len() > WIDTH => {
            items.iter().map(|item| (String::new(), item)).collect()
        }
        _ => return vec![format!("{indent}{flat}")],
    };
    let (open, close) = if value.is_array() {
        ('[', ']')
    } else {
        ('{', '}')
    };
    let mut all = vec![format!("{indent}{open}")];
    let count = parts.len();
    for (position, (name, part)) in parts.into_iter().enumerate() {
        let mut inner = lines(&format!("{indent}  "), part);
        if let Some(first) = inner.first_mut() {
            first.insert_str(indent.len() + 2, &name);
        }
        if let (Some(last), true) = (inner.last_mut(), position + 1 < count) {
            last.push(',');
        }
        all.extend(inner);
    }
    all.push(format!("{indent}{close}"));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_broken_only_where_it_does_not_fit() {
        let long = "x".repeat(80);
        let value = json!({ "id": 1, "result": { "a": [1, 2], "text": long } });
        let written = lines("", &value).join("\n");
        let expected = format!(
            "{{\n  \"id\": 1,\n  \"result\": {{\n    \"a\": [1,2],\n    \"text\": \"{long}\"\n  }}\n}}"
        );
        assert_eq!(written, expected);
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
    }
}
