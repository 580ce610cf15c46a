//! MCP on stdin and stdout, a message a line.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::call::Call;
use super::connection::Connection;
use super::faults::{self, Fault, Faults};
use super::message::{Message, Request, parse_error};
use super::{Server, Service};

/// How long calls in flight may take once the client has hung up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Long enough for the client to turn to something else meanwhile.
const BETWEEN_PIECES: Duration = Duration::from_millis(3);

/// Serves the one client that started this program, until it hangs up.
pub async fn serve<S: Service>(server: Server<S>) -> Result<()> {
    faults::at_stdio(&server.faults).await;
    let server = Arc::new(server);
    let (outbox, lines) = unbounded_channel();
    let writer = tokio::spawn(write(lines, server.faults.clone()));
    let connection: Arc<Connection> = Arc::default();
    let mut calls = JoinSet::new();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(request) = read(&server, &connection, &outbox, &line) {
            let call = server.begin(request, connection.clone(), outbox.clone());
            calls.spawn(answer(server.clone(), call, outbox.clone()));
        }
    }
    if server.faults.has(Fault::OutlivesStdin) {
        std::future::pending::<()>().await;
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
async fn write(mut outbox: UnboundedReceiver<Value>, faults: Faults) -> Result<()> {
    let mut stdout = stdout();
    while let Some(mut message) = outbox.recv().await {
        if faults.has(Fault::StdioErrorNull) && message.get("result").is_some() {
            message["error"] = Value::Null;
        }
        let line = if faults.has(Fault::StdioGarbles) {
            format!("{message:#}")
        } else {
            message.to_string()
        };
        let line = if faults.has(Fault::StdioLatin1) {
            latin1(&line)
        } else {
            line.into_bytes()
        };
        // The line end apart, as `print` of an unbuffered Python does it.
        let size = if faults.has(Fault::StdioInPieces) {
            line.len().div_ceil(3).max(1)
        } else {
            line.len().max(1)
        };
        for piece in line.chunks(size) {
            stdout.write_all(piece).await?;
            if faults.has(Fault::StdioInPieces) {
                stdout.flush().await?;
                sleep(BETWEEN_PIECES).await;
            }
        }
        stdout.write_all(b"\n").await?;
        stdout.flush().await?;
        faults::after_message(&faults).await;
    }
    Ok(())
}

/// A text in ISO 8859-1, where that has its letters.
fn latin1(text: &str) -> Vec<u8> {
    let byte = |letter: char| u8::try_from(u32::from(letter)).unwrap_or(b'?');
    text.chars().map(byte).collect()
}
