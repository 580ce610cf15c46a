//! MCP on stdin and stdout, a message a line.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::call::Call;
use super::connection::Connection;
use super::faults::{self, Fault};
use super::message::{Message, Request, parse_error};
use super::{Server, Service};

/// How long calls in flight may take once the client has hung up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Serves the one client that started this program, until it hangs up.
pub async fn serve<S: Service>(server: Server<S>) -> Result<()> {
    faults::at_stdio(&server.faults).await;
    let server = Arc::new(server);
    let (outbox, lines) = unbounded_channel();
    let garbled = server.faults.has(Fault::StdioGarbles);
    let writer = tokio::spawn(write(lines, garbled));
    let connection: Arc<Connection> = Arc::default();
    let mut calls = JoinSet::new();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(request) = read(&server, &connection, &outbox, &line) {
            let call = server.begin(request, connection.clone(), outbox.clone());
            calls.spawn(answer(server.clone(), call, outbox.clone()));
        }
    }
    drop(outbox);
    let _ = timeout(PATIENCE, async {
        while calls.join_next().await.is_some() {}
    })
    .await;
    connection.close();
    calls.shutdown().await;
    writer.await?
}

/// Heeds a line, and gives what is to be answered. Cancellations and the client's own answers
/// are heeded in the order in which they come.
fn read<S: Service>(
    server: &Server<S>,
    connection: &Connection,
    outbox: &UnboundedSender<Value>,
    line: &str,
) -> Option<Request> {
    if line.trim().is_empty() || server.faults.has(Fault::StdioHangs) {
        return None;
    }
    let refuse = |reason: String| {
        let _ = outbox.send(parse_error(reason));
        None
    };
    let message: Value = match serde_json::from_str(line) {
        Ok(message) => message,
        Err(error) => return refuse(error.to_string()),
    };
    match Message::read(&message, None) {
        Some(Message::Request(request)) => {
            server.service.log(&request.method);
            if request.id.is_none() {
                connection.notified(&request);
                return None;
            }
            Some(request)
        }
        Some(Message::Response { id, outcome }) => {
            connection.answered(&id, outcome);
            None
        }
        None => refuse("no method".to_owned()),
    }
}

async fn answer<S: Service>(
    server: Arc<Server<S>>,
    mut call: Call,
    outbox: UnboundedSender<Value>,
) {
    let outcome = match call.request.check_meta() {
        Ok(()) => server.answer(&mut call).await,
        Err(error) => Err(error),
    };
    if !call.is_cancelled() {
        let _ = outbox.send(call.request.reply(&server.faults, outcome));
    }
}

/// Writes each message on a line, or on several.
async fn write(mut outbox: UnboundedReceiver<Value>, garbled: bool) -> Result<()> {
    let mut stdout = stdout();
    while let Some(message) = outbox.recv().await {
        let line = if garbled {
            format!("{message:#}\n")
        } else {
            format!("{message}\n")
        };
        stdout.write_all(line.as_bytes()).await?;
        stdout.flush().await?;
    }
    Ok(())
}
