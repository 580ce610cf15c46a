//! 6.5: whoever runs the store can see what it does: a span for each call, metrics, and logs in which the
//! lines of one request can be found, without what is the user's own business.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::places;
use crate::checks::store::shop::quoted;
use crate::checks::store::users::{token, two_users};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::collector::{Attributes, Span};
use crate::fixtures::{Collector, Nobody};
use crate::mcp::raw::{Raw, Reply};
use crate::verdict::{Code, Finding};

const METHOD: &str = "tools/call";
const METRIC: &str = "mcp.server.operation.duration";
const REQUEST_ID: &str = "x-request-id";

/// How long spans and metrics may be on their way: they are sent every 50 and 100 milliseconds.
const ON_ITS_WAY: Duration = Duration::from_secs(3);

/// How long a call may take if nobody answers the store's telemetry.
const QUICK: Duration = Duration::from_secs(2);

/// A field of every product. Where it is, there is a result.
const RESULT: &str = "price_cents";

/// A span in which a server's work is a part of the client's.
const SERVER: u64 = 2;

/// The status of a span that failed.
const FAILED: u64 = 2;

/// What a call becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    ToolError,
    ProtocolError,
}

/// Where the client's span is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Meta,
    Header,
    /// In `_meta`, with another one in the header.
    Both,
}

/// A call, with the client's span that it is a part of.
#[derive(Clone, Debug)]
struct Watched {
    tool: String,
    arguments: Value,
    outcome: Outcome,
    said: Said,
    trace: String,
    parent: String,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let collector = server.fixtures().collector();
    let collector = collector
        .ok_or_else(|| Stop::CouldNotCheck("no collector was started for this check".to_owned()))?;
    if server.runs_already() {
        return Err(Stop::CouldNotCheck(format!(
            "a server that is already running sends its traces elsewhere. Check the program itself, with `cargo checker check {}` or `--command`",
            server.step
        )));
    }
    let [alice, _] = two_users(server.realm()?)?;
    let token = token(server.realm()?, alice).await?;
    let client = server.client().with_token(&token);
    let raw = server.raw_of(client).await?;
    let secret = format!("q{:016x}", server.random(|dice| dice.random::<u64>()));
    let calls = calls(server, &secret);
    // What was logged about the handshake may be on its way.
    server.log().lines().await;
    let log = server.log();
    let mut ids: Vec<String> = Vec::new();
    for call in &calls {
        server.purpose(&format!("a call that is {}", call.outcome.words()));
        let reply = call.send(&raw).await?;
        let id = request_id(&reply, &call.sent())?;
        if ids.contains(&id) {
            return Err(Finding::new(Code::SameRequestId)
                .sent(call.sent())
                .expected("a new x-request-id for each request")
                .got(format!("{id:?}, which an earlier request had"))
                .why("By its ID you find the log lines of one request among those of all others.")
                .into());
        }
        ids.push(id);
    }
    let lines = log.lines().await;
    server.purpose("see which spans arrive");
    let is_there = |collector: &Collector, call: &Watched| !of_call(collector, call).is_empty();
    let all = collector.until(ON_ITS_WAY, |collector| {
        calls.iter().all(|call| is_there(collector, call))
    });
    if !all.await {
        nothing_there(collector)?;
    }
    for call in &calls {
        has_its_span(collector, call)?;
    }
    is_counted(&raw, collector, calls.len()).await?;
    is_logged(&calls, &ids, &lines)?;
    let secrets = [
        (token.as_str(), "the token of the user"),
        (secret.as_str(), "an argument of a call"),
        (RESULT, "a result"),
    ];
    keeps_to_itself(&lines, collector, secrets)?;
    is_not_held_up(server, alice, collector).await
}

/// The calls that are watched.
fn calls(server: &ServerUnderTest, secret: &str) -> [Watched; 4] {
    let call = |tool: &str, arguments: Value, outcome, said| {
        let (trace, parent) = ids(server);
        Watched {
            tool: tool.to_owned(),
            arguments,
            outcome,
            said,
            trace,
            parent,
        }
    };
    [
        call("list_products", json!({}), Outcome::Success, Said::Both),
        call("list_products", json!({}), Outcome::Success, Said::Header),
        call(
            "bake",
            json!({ "product_name": secret, "quantity": 1 }),
            Outcome::ToolError,
            Said::Meta,
        ),
        call(
            "tool_that_is_not_there",
            json!({ "note": secret }),
            Outcome::ProtocolError,
            Said::Meta,
        ),
    ]
}

/// A new trace and a span in it, as W3C Trace Context writes them.
fn ids(server: &ServerUnderTest) -> (String, String) {
    server.random(|dice| {
        // Neither may be all zeros.
        let (trace, span) = (dice.random::<u128>() | 1, dice.random::<u64>() | 1);
        (format!("{trace:032x}"), format!("{span:016x}"))
    })
}

impl Outcome {
    fn words(self) -> &'static str {
        match self {
            Self::Success => "a success",
            Self::ToolError => "a tool error",
            Self::ProtocolError => "a protocol error",
        }
    }
}

impl Watched {
    /// The call, as findings show it.
    fn sent(&self) -> String {
        let context = format!("00-{}-{}-01", self.trace, self.parent);
        let place = match self.said {
            Said::Meta | Said::Both => "_meta.traceparent",
            Said::Header => "the header traceparent",
        };
        format!(
            "tools/call {} {}, with {place} = {context}",
            self.tool, self.arguments
        )
    }

    async fn send(&self, raw: &Raw) -> Checked<Reply> {
        let params = json!({ "name": self.tool, "arguments": self.arguments });
        let mut message = raw.message(METHOD, params);
        let context = format!("00-{}-{}-01", self.trace, self.parent);
        let mut headers = HeaderMap::new();
        if self.said != Said::Header {
            message["params"]["_meta"]["traceparent"] = json!(context);
        }
        let in_header = match self.said {
            Said::Meta => None,
            Said::Header => Some(context),
            // As by a proxy, which has a span of its own in another trace.
            Said::Both => Some(format!("00-{}-{}-01", "a".repeat(32), "b".repeat(16))),
        };
        if let Some(value) = in_header.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(HeaderName::from_static("traceparent"), value);
        }
        let reply = raw.send(message, headers).await?;
        let result = reply.exchange.result();
        let outcome = if result.is_null() {
            Outcome::ProtocolError
        } else if result["isError"] == true {
            Outcome::ToolError
        } else {
            Outcome::Success
        };
        let answer = reply.exchange.answer().map(Value::to_string);
        if outcome == self.outcome {
            return Ok(reply);
        }
        Err(Finding::new(Code::WrongOutcome)
            .sent(self.sent())
            .expected(self.outcome.words())
            .got(answer.map_or_else(
                || format!("HTTP {}", reply.status),
                |answer| quoted(&answer),
            ))
            .why("The check makes one call of each kind, and compares what is recorded about them.")
            .into())
    }
}

/// The ID of a request, as the response has it.
fn request_id(reply: &Reply, sent: &str) -> Checked<String> {
    let id = reply.headers.get(REQUEST_ID);
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
    if !id.is_empty() {
        return Ok(id.to_owned());
    }
    if reply.headers.contains_key(REQUEST_ID) {
        return Err(no_request_id(sent, "an empty one"));
    }
    Err(Stop::not_declared(
        "the response to a call has no header x-request-id",
    ))
}

fn no_request_id(sent: &str, got: &str) -> Stop {
    Finding::new(Code::NoRequestId)
        .sent(sent)
        .expected("a header x-request-id in the response")
        .got(got)
        .why("A user who has a problem can name this ID, and you find what happened in the logs.")
        .into()
}

/// The spans of MCP calls, by OpenTelemetry's conventions.
fn mcp_spans(collector: &Collector) -> Vec<Span> {
    let mut spans = collector.spans();
    spans.retain(|span| span.attributes.get("mcp.method.name").map(String::as_str) == Some(METHOD));
    spans
}

/// Those in the trace of this call.
fn of_call(collector: &Collector, call: &Watched) -> Vec<Span> {
    let mut spans = mcp_spans(collector);
    spans.retain(|span| span.trace == call.trace);
    spans
}

/// Why there are no spans at all.
fn nothing_there(collector: &Collector) -> Checked {
    if let Some(got) = collector.unreadable() {
        return Err(Finding::new(Code::UnreadableTelemetry)
            .sent("POST /v1/traces or /v1/metrics, from the store to OTEL_EXPORTER_OTLP_ENDPOINT")
            .expected("OTLP over HTTP, as Protocol Buffers or JSON")
            .got(got)
            .why("The variables OTEL_EXPORTER_OTLP_PROTOCOL and OTEL_EXPORTER_OTLP_COMPRESSION say what the receiver reads.")
            .into());
    }
    if mcp_spans(collector).is_empty() {
        let words = match collector.spans().first() {
            None => "no span has arrived at OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
            Some(span) => format!(
                "no span with mcp.method.name = {METHOD} has arrived, but one named {:?}",
                span.name
            ),
        };
        return Err(Stop::not_declared(words).at(places::SPAN));
    }
    Ok(())
}

/// One span, as a part of what the client does, with the outcome of the call.
fn has_its_span(collector: &Collector, call: &Watched) -> Checked {
    let spans = of_call(collector, call);
    let found = |code: Code, expected: String, got: String, why: &'static str| {
        let finding = Finding::new(code).sent(call.sent());
        Stop::from(finding.expected(expected).got(got).why(why))
    };
    let [span] = spans.as_slice() else {
        if spans.is_empty() {
            let others = mcp_spans(collector);
            let of_tool = |span: &&Span| named(span) == Some(call.tool.as_str());
            let got = match others.iter().find(of_tool) {
                Some(_) => "a span of this tool in another trace",
                None => "none",
            };
            return Err(found(
                Code::NoSpan,
                format!("a span in the trace {}", call.trace),
                got.to_owned(),
                "With the client's trace context, the call is a part of the client's trace, and you see both in one place. `_meta` comes before the header of the HTTP request.",
            )
            .at(places::SPAN));
        }
        return Err(found(
            Code::TwoSpans,
            "one span for the call".to_owned(),
            format!("{} spans", spans.len()),
            "Whoever counts the calls would count this one several times.",
        )
        .at(places::SPAN));
    };
    if !leads_to(collector, span, call) {
        return Err(found(
            Code::WrongParent,
            format!("the parent {}", call.parent),
            match span.parent.as_str() {
                "" => "no parent".to_owned(),
                other => format!("the parent {other}"),
            },
            "The client's span is the parent of the server's, or nobody sees which call of the client it belongs to.",
        )
        .at(places::SPAN));
    }
    let is_tool = call.outcome != Outcome::ProtocolError;
    let full = format!("{METHOD} {}", call.tool);
    if span.name != full && (is_tool || span.name != METHOD) {
        return Err(found(
            Code::WrongSpanName,
            format!("a span named {full:?}"),
            format!("{:?}", span.name),
            "OpenTelemetry's conventions for MCP name a span after the method and the tool. Whoever watches several servers finds all calls by it.",
        )
        .at(places::SPAN));
    }
    if span.kind != SERVER {
        return Err(found(
            Code::WrongSpanKind,
            "a span of the kind SERVER".to_owned(),
            format!("the kind {}", span.kind),
            "The kind tells which side of a call it is. The client has a span of its own.",
        )
        .at(places::SPAN));
    }
    if is_tool && named(span) != Some(call.tool.as_str()) {
        return Err(found(
            Code::NoToolName,
            format!("the attribute gen_ai.tool.name = {}", call.tool),
            named(span).unwrap_or("none").to_owned(),
            "Attributes can be searched and grouped by. A name cannot.",
        )
        .at(places::SPAN));
    }
    has_its_outcome(span, call).map_err(|stop| stop.at(places::OUTCOME))
}

/// What the span of a tool is about.
fn named(span: &Span) -> Option<&str> {
    span.attributes.get("gen_ai.tool.name").map(String::as_str)
}

fn has_its_outcome(span: &Span, call: &Watched) -> Checked {
    let error = span.attributes.get("error.type").map(String::as_str);
    let is_right = match call.outcome {
        Outcome::Success => span.status != FAILED && error.is_none(),
        Outcome::ToolError => span.status == FAILED && error == Some("tool_error"),
        Outcome::ProtocolError => {
            span.status == FAILED && error.is_some_and(|error| error != "tool_error")
        }
    };
    if is_right {
        return Ok(());
    }
    let expected = match call.outcome {
        Outcome::Success => "a status other than ERROR, and no attribute error.type",
        Outcome::ToolError => "the status ERROR, and error.type = tool_error",
        Outcome::ProtocolError => "the status ERROR, and the JSON-RPC error code in error.type",
    };
    let status = ["UNSET", "OK", "ERROR"];
    let status = usize::try_from(span.status)
        .ok()
        .and_then(|one| status.get(one));
    Err(Finding::new(Code::WrongSpanOutcome)
        .sent(format!("{}: {}", call.sent(), call.outcome.words()))
        .expected(expected)
        .got(format!(
            "the status {}, and {}",
            status.unwrap_or(&"unknown"),
            error.map_or("no error.type".to_owned(), |error| format!("error.type = {error}"))
        ))
        .why("A tool error is a successful HTTP request with a result. Only the span can tell you that calls fail, and why.")
        .into())
}

/// Whether the client's span is the parent. Where the context came in the header, the HTTP request may
/// have a span in between.
fn leads_to(collector: &Collector, span: &Span, call: &Watched) -> bool {
    if span.parent == call.parent {
        return true;
    }
    if call.said != Said::Header {
        return false;
    }
    let spans = collector.spans();
    let mut parent = &span.parent;
    for _ in 0..spans.len() {
        match spans.iter().find(|one| one.id == *parent) {
            Some(above) if above.parent == call.parent => return true,
            Some(above) => parent = &above.parent,
            None => return false,
        }
    }
    false
}

/// The calls are counted, and one more is counted, too.
async fn is_counted(raw: &Raw, collector: &Collector, calls: usize) -> Checked {
    let calls = u64::try_from(calls).unwrap_or(u64::MAX);
    let of_calls = |attributes: &Attributes| {
        attributes.get("mcp.method.name").map(String::as_str) == Some(METHOD)
    };
    let counted = |collector: &Collector| collector.count(METRIC, of_calls);
    let missing = |expected: u64, got: u64| {
        let got = match collector.metrics().as_slice() {
            [] => "no histogram".to_owned(),
            names if !names.iter().any(|name| name == METRIC) => names.join(", "),
            _ => format!("a count of {got}"),
        };
        Finding::new(Code::NoMetric)
            .sent(format!("{expected} × tools/call"))
            .expected(format!("a count of {expected} in the histogram {METRIC}, with mcp.method.name = {METHOD}"))
            .got(got)
            .why("A trace shows one call. Metrics show how often something fails, and how long it takes for most users.")
            .into()
    };
    collector
        .until(ON_ITS_WAY, |collector| counted(collector) >= calls)
        .await;
    let first = counted(collector);
    if first != calls {
        return Err(missing(calls, first));
    }
    let message = raw.message(METHOD, json!({ "name": "list_products", "arguments": {} }));
    raw.send(message, HeaderMap::new()).await?;
    collector
        .until(ON_ITS_WAY, |collector| counted(collector) > calls)
        .await;
    let then = counted(collector);
    if then == calls + 1 {
        Ok(())
    } else {
        Err(missing(calls + 1, then))
    }
}

/// Each line is an object with the ID of the request that it is about.
fn is_logged(calls: &[Watched], ids: &[String], lines: &[String]) -> Checked {
    for line in lines {
        if !serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()) {
            return Err(Finding::new(Code::LogNotJson)
                .sent(format!("{} × tools/call", calls.len()))
                .expected("log lines that are one JSON object each")
                .got(quoted(line))
                .why("Programs read logs before people do. They cannot search in free text.")
                .into());
        }
        if !ids.iter().any(|id| line.contains(id)) {
            return Err(Finding::new(Code::LogWithoutId)
                .sent(format!("{} × tools/call", calls.len()))
                .expected("the x-request-id of the request in each line that is logged about it")
                .got(quoted(line))
                .why("Many requests are answered at the same time. Without an ID, nobody can tell which line belongs to which.")
                .into());
        }
    }
    for (call, id) in calls.iter().zip(ids) {
        if !lines.iter().any(|line| line.contains(id)) {
            return Err(Finding::new(Code::NotLogged)
                .sent(call.sent())
                .expected("at least one line on stderr with the x-request-id of the request")
                .got("none")
                .why("When a user has a problem, you want to see what the store did.")
                .into());
        }
    }
    Ok(())
}

/// Nothing of what users send and get is in logs or telemetry.
fn keeps_to_itself(lines: &[String], collector: &Collector, secrets: [(&str, &str); 3]) -> Checked {
    for (text, what) in secrets {
        let line = lines.iter().find(|line| line.contains(text));
        let got = match line {
            Some(line) => format!("in the log: {}", around(line, text)),
            None if collector.contains(text) => "it was sent to the collector".to_owned(),
            None => continue,
        };
        // The finding must not be another place where it can be read.
        let got = if what.contains("token") {
            got.replace(text, "…")
        } else {
            got
        };
        return Err(Finding::new(Code::TelemetryLeak)
            .sent("tools/call, several times")
            .expected(format!("logs, traces and metrics without {what}"))
            .got(got)
            .why("More people can read logs and traces than the database. What users ask for, and what they get, is their own business; with a token, anybody is the user.")
            .into());
    }
    Ok(())
}

/// A text in a line, with what comes before it.
fn around(line: &str, text: &str) -> String {
    let (before, _) = line.split_once(text).unwrap_or_default();
    let from = before.char_indices().rev().nth(30).map_or(0, |(at, _)| at);
    format!("… {}{text} …", &before[from..])
}

/// Whoever receives traces may be slow, or gone. No user should notice.
async fn is_not_held_up(server: &ServerUnderTest, alice: &str, collector: &Collector) -> Checked {
    let nobody = Nobody::at_home()
        .map_err(|error| Stop::CouldNotCheck(format!("the checker found no free port: {error}")))?;
    let gone = nobody.url().origin().ascii_serialization();
    let slow = collector.slow();
    answers_at_once(server, alice, &slow, "a collector that does not answer").await?;
    answers_at_once(server, alice, &gone, "a collector that is down").await
}

async fn answers_at_once(
    server: &ServerUnderTest,
    alice: &str,
    endpoint: &str,
    what: &str,
) -> Checked {
    server.purpose(&format!("start the program with {what}"));
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
    let instance = server.another(&settings).await?;
    let client = server
        .client()
        .with_token(&token(server.realm()?, alice).await?);
    let raw = Raw::open(instance.url(), client, server.transcript()).await?;
    for _ in 0..3 {
        let params = json!({ "name": "list_products", "arguments": {} });
        let message = raw.message(METHOD, params);
        let begin = Instant::now();
        let reply = raw.send(message, HeaderMap::new()).await;
        let got = match reply {
            Ok(reply) if reply.exchange.result()["isError"] == true => "a tool error",
            Ok(reply) if reply.exchange.result().is_null() => "no result",
            Ok(_) if begin.elapsed() < QUICK => {
                // Something is on its way when the next call comes.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
            Ok(_) => "a late answer",
            Err(_) => "no answer in time",
        };
        return Err(Finding::new(Code::WaitsForCollector)
            .sent(format!("tools/call list_products, with {what}"))
            .expected("the products, at once")
            .got(got)
            .why("Telemetry is for you, not for users. Send it in the background, and drop it if nobody takes it.")
            .into());
    }
    Ok(())
}
