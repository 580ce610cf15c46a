//! The JSON-RPC of a step, as it crossed the wire: in order, with what each message is for.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::escape::{one_line, visible};
use crate::engine::StepReport;
use crate::mcp::transcript::{Exchange, Received};

const PURPOSE: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();

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

/// Two levels deep over several lines, deeper on one: what fits on a screen.
fn write_json(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    let Value::Object(fields) = value else {
        return writeln!(out, "  {}", visible(&value.to_string()));
    };
    let width = 100;
    let flat = value.to_string();
    if flat.len() <= width {
        return writeln!(out, "  {}", visible(&flat));
    }
    writeln!(out, "  {{")?;
    for (name, value) in fields {
        let flat = value.to_string();
        match value {
            Value::Object(inner) if flat.len() > width => {
                writeln!(out, "    \"{}\": {{", one_line(name))?;
                for (name, value) in inner {
                    let value = visible(&value.to_string());
                    writeln!(out, "      \"{}\": {value}", one_line(name))?;
                }
                writeln!(out, "    }}")?;
            }
            _ => writeln!(out, "    \"{}\": {}", one_line(name), visible(&flat))?,
        }
    }
    writeln!(out, "  }}")
}
