//! Calls one tool over and over on so many connections, and says how fast the answers came.
//!
//! Speaks 2026-07-28, which has no sessions: each call is one POST. An answer that is not the
//! tool's result ends it all: a server is not fast at failing.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use futures::future::try_join_all;
use reqwest::{Client, Url};
use serde_json::{Value, json};

/// Calls one tool over and over, and prints how fast the answers came, as JSON.
///
/// With a token in the environment variable `LOAD_TOKEN` it signs in with that.
#[derive(Clone, Parser)]
struct Options {
    /// The server, as in http://127.0.0.1:8420/mcp
    url: Url,
    /// The tool; it takes no arguments
    #[arg(long, default_value = "list_products")]
    tool: String,
    /// How many connections call at the same time
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// How long to call, after a warm-up of a fifth of it
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

const PROTOCOL: &str = "2026-07-28";

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let warm_up = Duration::from_secs_f64(options.seconds / 5.0);
    let measured = Duration::from_secs_f64(options.seconds);
    let begin = Instant::now() + warm_up;
    let end = begin + measured;
    let callers = (0..options.connections).map(|_| tokio::spawn(call(options.clone(), begin, end)));
    let mut latencies = Vec::new();
    for caller in try_join_all(callers).await? {
        latencies.extend(caller?);
    }
    ensure!(!latencies.is_empty(), "no call was answered in time");
    latencies.sort();
    println!(
        "{}",
        json!({
            "calls": latencies.len(),
            "per_second": latencies.len() as f64 / options.seconds,
            "p50_ms": milliseconds(&latencies, 0.50),
            "p99_ms": milliseconds(&latencies, 0.99),
        })
    );
    Ok(())
}

/// Calls on one connection until `end`, and gives what each call took that began after
/// `begin`.
async fn call(options: Options, begin: Instant, end: Instant) -> Result<Vec<Duration>> {
    let client = Client::builder().tcp_nodelay(true).build()?;
    let token = std::env::var("LOAD_TOKEN").ok();
    let body = request(&options.tool).to_string();
    let mut latencies = Vec::new();
    loop {
        let sent = Instant::now();
        if sent > end {
            return Ok(latencies);
        }
        let mut request = client.post(options.url.clone());
        if let Some(token) = &token {
            request = request.bearer_auth(token);
        }
        let response = request
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", PROTOCOL)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", &options.tool)
            .body(body.clone())
            .send()
            .await
            .with_context(|| format!("{} does not answer", options.url))?;
        let text = response.text().await?;
        ensure!(
            text.contains("\"structuredContent\""),
            "this is no result: {text}"
        );
        if sent >= begin {
            latencies.push(sent.elapsed());
        }
    }
}

fn request(tool: &str) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": {},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": PROTOCOL,
                "io.modelcontextprotocol/clientInfo": { "name": "load", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {}
            }
        }
    })
}

/// The latency that this part of the sorted calls did not exceed.
fn milliseconds(sorted: &[Duration], part: f64) -> f64 {
    let last = sorted.len() - 1;
    let index = (last as f64 * part).round() as usize;
    sorted[index].as_secs_f64() * 1000.0
}
