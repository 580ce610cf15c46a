//! What the store says about itself: lines on stderr, and spans and metrics for a collector.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::flaw::{Flaw, Flaws};
use crate::protocol::{Call, Stop};

const METHOD: &str = "tools/call";

/// How often what is new is sent.
const OFTEN: Duration = Duration::from_millis(20);

/// What is known about a request before it is read.
#[derive(Clone)]
pub struct Seen {
    id: String,
    traceparent: Option<String>,
    token: String,
}

impl Seen {
    fn of(flaws: &Flaws, request: &Request) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let id = if flaws.has(Flaw::OneIdForAll) {
            "1".repeat(32)
        } else {
            hex(32)
        };
        Self {
            id,
            traceparent: header("traceparent"),
            token: header(AUTHORIZATION.as_str()).unwrap_or_default(),
        }
    }
}

/// The layer around the store.
pub async fn watch(State(flaws): State<Flaws>, mut request: Request, next: Next) -> Response {
    let seen = Seen::of(&flaws, &request);
    request.extensions_mut().insert(seen.clone());
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let (Ok(id), false) = (
        HeaderValue::from_str(&seen.id),
        flaws.has_any(&[Flaw::NoTelemetry, Flaw::EmptyRequestId]),
    ) {
        response.headers_mut().insert("x-request-id", id);
    } else if flaws.has(Flaw::EmptyRequestId) {
        let empty = HeaderValue::from_static("");
        response.headers_mut().insert("x-request-id", empty);
    }
    let mut line = json!({ "message": "answered", "path": path, "request_id": seen.id });
    if flaws.has(Flaw::LogsToken) {
        line["authorization"] = json!(seen.token);
    }
    log(&flaws, &line);
    response
}

fn log(flaws: &Flaws, line: &Value) {
    let mut line = line.clone();
    if flaws.has(Flaw::LogsNothing) {
        return;
    }
    if flaws.has(Flaw::LogsText) {
        eprintln!("INFO {}", line["message"]);
        return;
    }
    if flaws.has(Flaw::LogsWithoutId) && line["message"] == "called" {
        line["request_id"] = json!(null);
    }
    eprintln!("{line}");
}

/// What is to be sent, and what was measured.
pub struct Telemetry {
    flaws: Flaws,
    endpoint: Option<String>,
    http: reqwest::Client,
    pending: Arc<Mutex<Pending>>,
}

#[derive(Default)]
struct Pending {
    spans: Vec<Value>,
    /// How often, and how many seconds in all, by attributes.
    counts: BTreeMap<String, (u64, f64)>,
}

impl Telemetry {
    pub fn start(flaws: Flaws) -> Self {
        let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok();
        let endpoint = endpoint.filter(|url| !url.is_empty() && !flaws.has(Flaw::NoTelemetry));
        let telemetry = Self {
            flaws,
            endpoint,
            http: reqwest::Client::new(),
            pending: Arc::default(),
        };
        if let Some(endpoint) = telemetry.endpoint.clone() {
            let (http, pending) = (telemetry.http.clone(), telemetry.pending.clone());
            let is_delta = telemetry.flaws.has(Flaw::DeltaMetrics);
            tokio::spawn(async move {
                loop {
                    sleep(OFTEN).await;
                    let _ = send(&http, &endpoint, &pending, is_delta).await;
                }
            });
        }
        telemetry
    }

    /// Says what became of a call that began then.
    pub async fn called(
        &self,
        call: &Call,
        result: &mut Result<Value, Stop>,
        begin: (Instant, SystemTime),
    ) {
        let flaws = &self.flaws;
        let Some(seen) = call.extensions.get::<Seen>() else {
            return;
        };
        let params = call.params();
        let name = params["name"].as_str().unwrap_or_default();
        let error = match &*result {
            Ok(result) | Err(Stop::Result(result)) if result["isError"] == true => {
                Some("tool_error")
            }
            Ok(_) | Err(Stop::Result(_)) => None,
            Err(Stop::Error(_)) => Some("-32602"),
        };
        let mut line = json!({
            "message": "called", "tool": name, "error": error, "request_id": seen.id,
        });
        if flaws.has(Flaw::LogsArguments) {
            line["arguments"] = params["arguments"].clone();
        }
        if flaws.has(Flaw::LogsResults) {
            line["result"] = json!(result.as_ref().ok());
        }
        log(flaws, &line);
        let is_protocol_error = matches!(result, Err(Stop::Error(_)));
        if !(is_protocol_error && flaws.has(Flaw::NoSpanOfProtocolErrors)) {
            let span = self.span(call, seen, result, error, begin.1);
            let mut pending = lock(&self.pending);
            if flaws.has(Flaw::TwoSpans) {
                let mut other = span.clone();
                other["spanId"] = json!(hex(16));
                pending.spans.push(other);
            }
            pending.spans.push(span);
        }
        self.count(name, error, begin.0);
        let Some(endpoint) = &self.endpoint else {
            return;
        };
        if flaws.has_any(&[Flaw::SendsBeforeAnswer, Flaw::FailsWithoutCollector]) {
            let sent = send(&self.http, endpoint, &self.pending, false).await;
            if sent.is_err() && flaws.has(Flaw::FailsWithoutCollector) {
                *result = Err(Stop::tool_error("The telemetry could not be sent."));
            }
        }
    }

    fn span(
        &self,
        call: &Call,
        seen: &Seen,
        result: &Result<Value, Stop>,
        error: Option<&str>,
        begin: SystemTime,
    ) -> Value {
        let flaws = &self.flaws;
        let params = call.params();
        let in_meta = params["_meta"]["traceparent"].as_str();
        let in_header = seen.traceparent.as_deref();
        let context = if flaws.has(Flaw::HeaderBeforeMeta) {
            in_header.or(in_meta)
        } else if flaws.has(Flaw::IgnoresHeader) {
            in_meta
        } else if flaws.has(Flaw::IgnoresMeta) {
            in_header
        } else {
            in_meta.or(in_header)
        };
        let context: Vec<&str> = context.unwrap_or_default().split('-').collect();
        let (trace, mut parent) = match context.as_slice() {
            ["00", trace, parent, _] if !flaws.has(Flaw::OwnTraces) => {
                ((*trace).to_owned(), (*parent).to_owned())
            }
            _ => (hex(32), String::new()),
        };
        if flaws.has(Flaw::NoParent) {
            parent.clear();
        }
        if flaws.has(Flaw::SpanOfRequest) && in_meta.is_none() {
            let request = json!({
                "traceId": trace, "spanId": hex(16), "parentSpanId": parent, "name": "POST /mcp",
                "kind": 2, "startTimeUnixNano": nanos(begin), "endTimeUnixNano": nanos(SystemTime::now()),
            });
            parent = request["spanId"].as_str().unwrap_or_default().to_owned();
            lock(&self.pending).spans.push(request);
        }
        let tool = params["name"].as_str().unwrap_or_default();
        let is_tool_error = error == Some("tool_error");
        let error = match error {
            Some(_) if is_tool_error && flaws.has(Flaw::ToolErrorsAreFine) => None,
            Some(_) if !is_tool_error && flaws.has(Flaw::ProtocolErrorsAreFine) => None,
            None if flaws.has(Flaw::EverythingFails) => Some("_OTHER"),
            error => error,
        };
        let text =
            |name: &str, value: &str| json!({ "key": name, "value": { "stringValue": value } });
        let mut attributes = vec![
            text("mcp.method.name", METHOD),
            text("gen_ai.operation.name", "execute_tool"),
        ];
        if flaws.has(Flaw::OwnAttributes) {
            attributes = vec![text("method", METHOD)];
        }
        if !flaws.has(Flaw::NoToolName) {
            attributes.push(text("gen_ai.tool.name", tool));
        }
        if flaws.has(Flaw::ArgumentsInSpan) {
            let arguments = params["arguments"].to_string();
            attributes.push(text("gen_ai.tool.call.arguments", &arguments));
        }
        if flaws.has(Flaw::ResultInSpan) {
            let result = result.as_ref().map(Value::to_string).unwrap_or_default();
            attributes.push(text("gen_ai.tool.call.result", &result));
        }
        if let Some(error) = error
            && !flaws.has(Flaw::NoErrorType)
        {
            attributes.push(text("error.type", error));
        }
        let is_failed = error.is_some() && !flaws.has(Flaw::StatusUnset);
        let name = if flaws.has(Flaw::SpanNamedByFunction) {
            "handle_call".to_owned()
        } else {
            format!("{METHOD} {tool}")
        };
        json!({
            "traceId": trace,
            "spanId": hex(16),
            "parentSpanId": parent,
            "name": name,
            "kind": if flaws.has(Flaw::InternalSpans) { 1 } else { 2 },
            "startTimeUnixNano": nanos(begin),
            "endTimeUnixNano": nanos(SystemTime::now()),
            "attributes": attributes,
            "status": { "code": if is_failed { 2 } else { 0 } },
        })
    }

    fn count(&self, tool: &str, error: Option<&str>, begin: Instant) {
        let flaws = &self.flaws;
        if flaws.has(Flaw::NoMetrics) || error.is_some() && flaws.has(Flaw::CountsSuccessOnly) {
            return;
        }
        let mut labels = json!([
            { "key": "mcp.method.name", "value": { "stringValue": METHOD } },
            { "key": "gen_ai.tool.name", "value": { "stringValue": tool } },
        ]);
        if let (Some(labels), Some(error)) = (labels.as_array_mut(), error) {
            labels.push(json!({ "key": "error.type", "value": { "stringValue": error } }));
        }
        let mut pending = lock(&self.pending);
        let one = pending.counts.entry(labels.to_string()).or_default();
        let (count, seconds) = (one.0 + 1, one.1 + begin.elapsed().as_secs_f64());
        *one = if flaws.has(Flaw::CountStandsStill) {
            (1, seconds)
        } else {
            (count, seconds)
        };
    }
}

/// Sends what is new, as JSON.
async fn send(
    http: &reqwest::Client,
    endpoint: &str,
    pending: &Mutex<Pending>,
    is_delta: bool,
) -> reqwest::Result<()> {
    let (spans, counts) = {
        let mut pending = lock(pending);
        let spans = std::mem::take(&mut pending.spans);
        let counts = if is_delta {
            std::mem::take(&mut pending.counts)
        } else {
            pending.counts.clone()
        };
        (spans, counts)
    };
    if !spans.is_empty() {
        let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
        http.post(format!("{endpoint}/v1/traces"))
            .json(&body)
            .send()
            .await?
            .error_for_status()?;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let points = counts.iter().map(|(labels, (count, seconds))| {
        let labels: Value = serde_json::from_str(labels).unwrap_or_default();
        json!({ "attributes": labels, "count": count.to_string(), "sum": seconds })
    });
    let metric = json!({
        "name": "mcp.server.operation.duration",
        "unit": "s",
        "histogram": {
            "aggregationTemporality": if is_delta { 1 } else { 2 },
            "dataPoints": points.collect::<Vec<_>>(),
        },
    });
    let body = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [metric] }] }] });
    http.post(format!("{endpoint}/v1/metrics"))
        .json(&body)
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanos(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_string()
}

fn hex(digits: usize) -> String {
    format!("{:032x}", rand::random::<u128>())[..digits].to_owned()
}
