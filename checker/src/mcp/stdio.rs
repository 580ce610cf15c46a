//! The stdio side of the wire: one JSON message a line, recorded both ways.

use std::io;

use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;

use super::error::MAX_RESPONSE_BYTES;
use super::transcript::{Connection, Transcript};

/// A child's two pipes as a transport for rmcp's client, with an eye on every line.
#[derive(Debug)]
pub struct Stdio {
    writer: mpsc::UnboundedSender<String>,
    reader: BufReader<ChildStdout>,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    connection: Connection,
}

impl Stdio {
    /// A transport over the pipes of a child, recorded in `transcript`.
    pub fn new(stdin: ChildStdin, stdout: ChildStdout, transcript: &Transcript) -> Self {
        let (writer, lines) = mpsc::unbounded_channel();
        tokio::spawn(write(stdin, lines));
        Self {
            writer,
            reader: BufReader::new(stdout),
            line: Vec::new(),
            connection: transcript.connect(),
        }
    }

    /// Its part of the record.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The next line, without its end. `None` when the child has closed its stdout, or sends
    /// a line that is too long to be meant.
    ///
    /// rmcp drops this future whenever it has something else to do. What was read until then
    /// stays in `self.line`.
    async fn line(&mut self) -> Option<Vec<u8>> {
        let left = MAX_RESPONSE_BYTES.saturating_sub(self.line.len());
        let mut limited = (&mut self.reader).take(left as u64);
        limited.read_until(b'\n', &mut self.line).await.ok()?;
        let mut line = std::mem::take(&mut self.line);
        let ended = line.pop()? == b'\n';
        ended.then_some(line)
    }
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = lines.recv().await {
        let written = stdin.write_all(line.as_bytes()).await;
        if written.is_err() || stdin.flush().await.is_err() {
            break;
        }
    }
}

impl Transport<RoleClient> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let sent = serde_json::to_value(&message)
            .map_err(io::Error::from)
            .and_then(|message| {
                let line = format!("{message}\n");
                self.connection.send("stdin", message);
                self.writer
                    .send(line)
                    .map_err(|_| io::ErrorKind::BrokenPipe.into())
            });
        std::future::ready(sent)
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        while let Some(line) = self.line().await {
            if line.trim_ascii().is_empty() {
                continue;
            }
            // Messages are UTF-8. serde_json refuses what is not, as clients do.
            let json: Option<Value> = serde_json::from_slice(&line).ok();
            let message = serde_json::from_slice(&line).ok();
            match json {
                Some(json) => self.connection.receive_unordered(json),
                None => {
                    let text = String::from_utf8_lossy(&line);
                    self.connection.receive_text_unordered(text);
                }
            }
            if message.is_some() {
                return message;
            }
        }
        self.connection.close();
        None
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}
