//! The JSON-RPC of a step, as it crossed the wire: in order, with what each message is for.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::Reporter;
use crate::escape::{one_line, visible};
use crate::events::Event;
use crate::mcp::Era;
use crate::mcp::http::worth_seeing;
use crate::mcp::message::{Message, Side};
use crate::mcp::transcript::{Exchange, Received};
use crate::verdict::{Finding, StepReport};

const PURPOSE: Style = AnsiColor::Cyan.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const FAINT: Style = Style::new().dimmed();

/// What is longer is broken into lines.
const WIDTH: usize = 96;

/// So many exchanges of one purpose are written in full; of a race the others say little.
const OF_ONE_PURPOSE: usize = 3;

/// Writes the exchanges of each step as it is judged.
#[derive(Debug)]
pub struct TraceReporter<W>(W);

impl<W: Write> TraceReporter<W> {
    /// A reporter that writes to `out`.
    pub fn new(out: W) -> Self {
        Self(out)
    }
}

impl<W: Write> Reporter for TraceReporter<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Step(step) => write_trace(&mut self.0, step),
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

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
        write_heading(out, &step.id, era.era)?;
        let failed = era
            .findings
            .first()
            .and_then(|finding| at(finding, &era.trace));
        let mut purpose = None;
        let mut in_a_row = 0;
        for (position, exchange) in era.trace.iter().enumerate() {
            // What the server asks is shown where it came.
            if exchange.sent.from == Side::Server {
                continue;
            }
            if purpose == Some(&exchange.purpose) {
                in_a_row += 1;
            } else {
                skipped(out, in_a_row)?;
                in_a_row = 1;
                let text = one_line(&exchange.purpose);
                writeln!(out, "\n{PURPOSE}# {text}{PURPOSE:#}")?;
                purpose = Some(&exchange.purpose);
            }
            if failed == Some(position) {
                writeln!(out, "{BAD}✗ the check failed here{BAD:#}")?;
            }
            // Only messages of MCP are sent over and over. A request to a model, say, holds what
            // came of the one before.
            let is_mcp = exchange.sent.json["jsonrpc"].is_string();
            if !is_mcp {
                in_a_row -= 1;
            }
            if !is_mcp || in_a_row <= OF_ONE_PURPOSE {
                write_exchange(out, exchange, &era.trace)?;
            }
        }
        skipped(out, in_a_row)?;
    }
    writeln!(out)
}

/// Writes only the exchange that the finding of a step is about; the last one, where that cannot be
/// told. Gives how many others there are.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn write_failing(out: &mut dyn Write, step: &StepReport) -> io::Result<usize> {
    let of_client = |exchange: &&Exchange| exchange.sent.from != Side::Server;
    let traced = || step.eras.iter().filter(|era| !era.trace.is_empty());
    let failed = traced().find(|era| !era.findings.is_empty());
    let Some(era) = failed.or_else(|| traced().next_back()) else {
        return Ok(0);
    };
    let mut findings = era.findings.iter();
    let failed = findings.find_map(|finding| era.trace.get(at(finding, &era.trace)?));
    let last = || era.trace.iter().rfind(of_client);
    let Some(exchange) = failed.or_else(last) else {
        return Ok(0);
    };
    write_heading(out, &step.id, era.era)?;
    let text = one_line(&exchange.purpose);
    writeln!(out, "\n{PURPOSE}# {text}{PURPOSE:#}")?;
    write_exchange(out, exchange, &era.trace)?;
    let all = traced()
        .flat_map(|era| &era.trace)
        .filter(of_client)
        .count();
    Ok(all - 1)
}

/// `── 3.4 in the modern era ──`
fn write_heading(out: &mut dyn Write, step: &str, era: Option<Era>) -> io::Result<()> {
    let on_era = match era {
        None => String::new(),
        Some(era) => format!(" in the {era} era"),
    };
    writeln!(out, "\n{FAINT}── {step}{on_era} ──{FAINT:#}")
}

/// Which exchange a finding is about: the last one that was sent as it says; of a race, which is
/// sent many times over, the first.
fn at(finding: &Finding, trace: &[Exchange]) -> Option<usize> {
    let is_meant = |exchange: &Exchange| {
        exchange.sent.is_request() && finding.sent.contains(&exchange.sent.describe())
    };
    let last = trace.iter().rposition(is_meant)?;
    let purpose = &trace[last].purpose;
    let others = trace[..last].iter().rev();
    let of_one_purpose = others.take_while(|exchange| exchange.purpose == *purpose);
    match of_one_purpose.count() {
        few if few < OF_ONE_PURPOSE => Some(last),
        many => Some(last - many),
    }
}

fn skipped(out: &mut dyn Write, in_a_row: usize) -> io::Result<()> {
    match in_a_row.checked_sub(OF_ONE_PURPOSE) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "{FAINT}  … and {more} more like it{FAINT:#}"),
    }
}

fn write_exchange(out: &mut dyn Write, exchange: &Exchange, trace: &[Exchange]) -> io::Result<()> {
    write_sent(out, &exchange.via, &exchange.sent)?;
    let ms = exchange.took.as_millis();
    let status = status(exchange);
    match exchange.received.as_slice() {
        [] if exchange.sent.is_request() => {
            writeln!(out, "{FAINT}← {status} no answer{FAINT:#}")
        }
        [] => writeln!(out, "{FAINT}← {status}{FAINT:#}"),
        received => {
            writeln!(out, "{FAINT}← {status} after {ms} ms{FAINT:#}")?;
            for one in received {
                match one {
                    Received::Json(message) => {
                        write_json(out, &message.json)?;
                        if message.is_request() {
                            write_reply(out, message, trace)?;
                        }
                    }
                    Received::Text(text) => writeln!(out, "  {}", visible(text))?,
                }
            }
            Ok(())
        }
    }
}

/// What the client replied to a request of the server.
fn write_reply(out: &mut dyn Write, request: &Message, trace: &[Exchange]) -> io::Result<()> {
    let asked = |exchange: &&Exchange| exchange.sent == *request;
    let Some(exchange) = trace.iter().find(asked) else {
        return Ok(());
    };
    let replies = exchange
        .received
        .iter()
        .filter_map(|received| match received {
            Received::Json(message) => Some(message),
            Received::Text(_) => None,
        });
    for reply in replies {
        write_sent(out, &exchange.via, reply)?;
        writeln!(out, "{FAINT}← {}{FAINT:#}", status(exchange))?;
    }
    Ok(())
}

fn write_sent(out: &mut dyn Write, via: &str, message: &Message) -> io::Result<()> {
    writeln!(out, "{FAINT}→ {}{FAINT:#}", one_line(via))?;
    if message.json.is_null() {
        return Ok(());
    }
    write_json(out, &message.json)
}

/// `401 Unauthorized  www-authenticate: Bearer …`
fn status(exchange: &Exchange) -> String {
    let is_of_interest = |name: &str| name == "www-authenticate" || name.starts_with("mcp-");
    let headers = worth_seeing(&exchange.headers, is_of_interest);
    let status = exchange.status.map(|status| status.to_string());
    one_line(&format!("{}{headers}", status.unwrap_or_default()))
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
    use crate::mcp::{Era, Transcript};
    use crate::verdict::{Code, EraReport, Outcome};
    use serde_json::json;

    /// Calls of `tool` for each purpose, as many as it says.
    fn calls(purposes: &[(&str, &str, usize)]) -> Vec<Exchange> {
        let transcript = Transcript::default();
        let connection = transcript.connect();
        for (purpose, tool, times) in purposes {
            transcript.purpose(*purpose);
            for id in 0..*times {
                let params = json!({ "name": tool, "arguments": {} });
                let call = json!({ "id": id, "method": "tools/call", "params": params });
                connection.send("POST /mcp", call);
            }
        }
        transcript.exchanges()
    }

    #[test]
    fn the_exchange_that_a_finding_is_about_is_marked() {
        let trace = calls(&[
            ("before", "list", 1),
            ("buy", "buy", 1),
            ("after", "list", 1),
        ]);
        let sent = |sent: &str| Finding::new(Code::AcceptsZero).sent(sent);
        assert_eq!(at(&sent("tools/call buy {}"), &trace), Some(1));
        let both = sent("tools/call buy {}, then tools/call list {}");
        assert_eq!(at(&both, &trace), Some(2));
        assert_eq!(at(&sent("a connection to 127.0.0.2"), &trace), None);
        let race = calls(&[
            ("before", "list", 1),
            ("race", "buy", 10),
            ("after", "list", 1),
        ]);
        assert_eq!(at(&sent("10 × tools/call buy {}"), &race), Some(1));

        let report = StepReport::new(
            "3.3",
            vec![EraReport {
                findings: vec![sent("tools/call buy {}")],
                trace,
                ..EraReport::new(Some(Era::Modern), Outcome::Failed)
            }],
        );
        let mut out = Vec::new();
        write_trace(&mut out, &report).unwrap();
        let out = String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap();
        let marked = "# buy\n✗ the check failed here\n→ POST /mcp\n";
        assert_eq!(out.matches("failed here").count(), 1, "{out}");
        assert!(out.contains(marked), "{out}");
    }

    #[test]
    fn what_the_server_asks_is_shown_where_it_came_with_the_reply() {
        let transcript = Transcript::default();
        let connection = transcript.connect();
        transcript.purpose("buy");
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call" });
        let index = connection.send("POST /mcp", call);
        let asks = json!({ "jsonrpc": "2.0", "id": 1, "method": "elicitation/create" });
        connection.receive(index, asks);
        let reply = json!({ "jsonrpc": "2.0", "id": 1, "result": { "action": "accept" } });
        connection.send("POST /mcp", reply);
        connection.receive(index, json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
        let report = StepReport::new(
            "4.1",
            vec![EraReport {
                trace: transcript.exchanges(),
                ..EraReport::new(Some(Era::Legacy), Outcome::Passed)
            }],
        );
        let mut out = Vec::new();
        write_trace(&mut out, &report).unwrap();
        let out = String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap();
        let order = [
            "tools/call",
            "elicitation/create",
            "accept",
            "\"result\":{}",
        ];
        let places = order.map(|word| out.find(word).unwrap());
        assert!(places.is_sorted(), "{out}");
        assert_eq!(out.matches("elicitation/create").count(), 1, "{out}");
    }

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
