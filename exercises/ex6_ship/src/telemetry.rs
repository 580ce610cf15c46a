//! What whoever runs the store can see of it: logs, traces and metrics.
//!
//! Logs are JSON on stderr, one object on a line. All lines of one request have its `request_id`, which
//! its response has in the header `x-request-id`. Traces and metrics go to the address in
//! `OTEL_EXPORTER_OTLP_ENDPOINT`, as OTLP over HTTP. Without this variable, they go nowhere. The names
//! are those of OpenTelemetry's conventions for MCP:
//! <https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md>.
//!
//! Nothing here contains arguments, results or tokens. They are the users' own business.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::metrics::Histogram;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_otlp::{MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// The only method that is traced.
const METHOD: &str = "tools/call";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers of W3C Trace Context, which are also keys in `_meta` (SEP-414).
const TRACE_CONTEXT: [&str; 2] = ["traceparent", "tracestate"];

/// How long sending the rest may take when the program ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long calls take, in seconds.
static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    let meter = global::meter(env!("CARGO_PKG_NAME"));
    let histogram = meter.f64_histogram("mcp.server.operation.duration");
    let bounds = [
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
    ];
    histogram
        .with_unit("s")
        .with_boundaries(bounds.into())
        .build()
});

/// What sends traces and metrics.
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

impl Telemetry {
    /// Starts logging, and sending traces and metrics. `RUST_LOG=debug` logs more, with the messages of
    /// clients in it.
    pub fn start() -> Result<Self> {
        let telemetry = Self::of_environment()?;
        // rmcp logs refused requests as warnings, without the ID of the request.
        let filter =
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rmcp=error"));
        // Logs go to stderr, because with `--stdio` stdout is the wire.
        let logs = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            // The parent process may close stderr. Then there are no logs, but the server continues.
            .log_internal_errors(false)
            .with_filter(filter);
        let tracer = telemetry.traces.tracer(env!("CARGO_PKG_NAME"));
        let traces = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(filter_fn(|one| one.is_span() && one.name() == METHOD));
        tracing_subscriber::registry()
            .with(logs)
            .with(traces)
            .init();
        Ok(telemetry)
    }

    /// As the variables of OpenTelemetry say: `OTEL_SERVICE_NAME`, `OTEL_BSP_SCHEDULE_DELAY` and others.
    fn of_environment() -> Result<Self> {
        let resource = Resource::builder();
        let resource = if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource.with_service_name("product-store").build()
        } else {
            resource.build()
        };
        let mut traces = SdkTracerProvider::builder().with_resource(resource.clone());
        let mut metrics = SdkMeterProvider::builder().with_resource(resource);
        if has_endpoint("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
            let exporter = SpanExporter::builder().with_http().build();
            traces = traces.with_batch_exporter(exporter.context("cannot send traces")?);
        }
        if has_endpoint("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") {
            let exporter = MetricExporter::builder().with_http().build();
            metrics = metrics.with_periodic_exporter(exporter.context("cannot send metrics")?);
        }
        let metrics = metrics.build();
        global::set_meter_provider(metrics.clone());
        Ok(Self {
            traces: traces.build(),
            metrics,
        })
    }

    /// Sends what was not sent yet. Whoever receives it may be slow, or gone: that is not an error.
    pub async fn stop(self) {
        let (sent, rest) = oneshot::channel();
        // In a thread of its own: the runtime would wait for a blocking task as long as it takes.
        std::thread::spawn(move || {
            let _ = self.traces.shutdown_with_timeout(LAST_WORDS);
            let _ = self.metrics.shutdown_with_timeout(LAST_WORDS);
            let _ = sent.send(());
        });
        let _ = timeout(LAST_WORDS, rest).await;
    }
}

/// Whether there is an address for this signal, or for all.
fn has_endpoint(of_signal: &str) -> bool {
    ["OTEL_EXPORTER_OTLP_ENDPOINT", of_signal]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|url| !url.is_empty()))
}

/// Which request a log line belongs to. A client cannot choose it.
#[derive(Clone)]
struct RequestId(String);

impl RequestId {
    fn new() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// The id of the HTTP request that brought this call.
    fn of(context: &RequestContext<RoleServer>) -> Self {
        let parts = context.extensions.get::<Parts>();
        let id = parts.and_then(|parts| parts.extensions.get::<Self>());
        id.cloned().unwrap_or_else(Self::new)
    }
}

/// The layer around the whole store: gives each request its id, and logs how it was answered.
pub async fn watch(mut request: Request, next: Next) -> Response {
    let id = RequestId::new();
    let header = HeaderValue::from_str(&id.0);
    let span = info_span!("request", request_id = id.0);
    request.extensions_mut().insert(id);
    let answer = async {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = next.run(request).await;
        info!(%method, path, status = response.status().as_u16(), "answered");
        response
    };
    let mut response = answer.instrument(span).await;
    if let Ok(id) = header {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A tool call, to be watched.
pub struct Call {
    /// The name of the tool, if there is such a tool. Any other name is just what a client made up.
    tool: Option<String>,
    version: String,
    id: RequestId,
    /// The client's span.
    parent: Context,
}

impl Call {
    pub fn new(
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        is_tool: bool,
    ) -> Self {
        let version = context.protocol_version();
        Self {
            tool: is_tool.then(|| request.name.to_string()),
            version: version.map(|one| one.to_string()).unwrap_or_default(),
            id: RequestId::of(context),
            parent: TraceContextPropagator::new().extract(&trace_context(context)),
        }
    }

    /// Runs the call in its span, and records what becomes of it.
    pub async fn watch(
        self,
        call: impl Future<Output = Result<CallToolResponse, ErrorData>>,
    ) -> Result<CallToolResponse, ErrorData> {
        let begin = Instant::now();
        let span = self.span();
        let result = call.instrument(span.clone()).await;
        let error = span.in_scope(|| outcome(&result));
        let seconds = begin.elapsed().as_secs_f64();
        span.in_scope(|| {
            let tool = self.tool.as_deref().unwrap_or("_OTHER");
            info!(request_id = self.id.0, tool, error, seconds, "called");
        });
        let labels = [
            Some(KeyValue::new("mcp.method.name", METHOD)),
            self.tool
                .map(|tool| KeyValue::new("gen_ai.tool.name", tool)),
            error.map(|error| KeyValue::new("error.type", error)),
        ];
        let labels: Vec<KeyValue> = labels.into_iter().flatten().collect();
        DURATION.record(seconds, &labels);
        result
    }

    /// The span of the call, as a part of what its client does.
    fn span(&self) -> Span {
        // ANCHOR: step_6_5_span
        // TODO 6.5: make the span of the call, named `tools/call` and the tool, with the attributes of
        // OpenTelemetry's conventions for MCP. Its parent is the client's span, `self.parent`.
        Span::none()
        // ANCHOR_END: step_6_5_span
    }
}

/// Records the outcome of a call in the current span. Gives the type of the error, if it is one.
fn outcome(result: &Result<CallToolResponse, ErrorData>) -> Option<String> {
    // ANCHOR: step_6_5_outcome
    // TODO 6.5: record in the current span whether the call failed, and give the type of the error:
    // `tool_error`, or the code of a protocol error.
    None
    // ANCHOR_END: step_6_5_outcome
}

/// What the client says about its span. `_meta` comes before the headers: one HTTP request can be sent
/// by a proxy, which has a span of its own.
fn trace_context(context: &RequestContext<RoleServer>) -> HashMap<String, String> {
    let none = HeaderMap::new();
    let parts = context.extensions.get::<Parts>();
    let headers = parts.map_or(&none, |parts| &parts.headers);
    let in_meta = context.meta.get_traceparent().is_some();
    let value = |name: &str| {
        if in_meta {
            context.meta.get(name)?.as_str()
        } else {
            headers.get(name)?.to_str().ok()
        }
    };
    let pair = |name: &str| Some((name.to_owned(), value(name)?.to_owned()));
    TRACE_CONTEXT.into_iter().filter_map(pair).collect()
}
