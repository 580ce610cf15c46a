//! MCP on stdin and stdout, a message a line.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::flaw::Flaw;
use crate::message::{Request, parse_error};
use crate::{Store, rpc};

/// How long calls in flight may take once the client has hung up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Longer than any answer may take once a server runs: the tests wait a fifth as long as the
/// checker does.
const SLOW_START: Duration = Duration::from_millis(1_200);

/// Serves the one client that started this program, until it hangs up.
pub async fn serve(store: Arc<Store>) -> Result<()> {
    if store.flaws.has(Flaw::StdoutBanner) {
        println!("Store is ready");
    }
    if store.flaws.has(Flaw::SlowStart) {
        sleep(SLOW_START).await;
    }
    let (answers, outbox) = unbounded_channel();
    let writer = tokio::spawn(write(outbox));
    let mut calls = JoinSet::new();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let (store, answers) = (store.clone(), answers.clone());
        calls.spawn(async move {
            if let Some(answer) = answer(&store, &line).await {
                let _ = answers.send(as_line(&store, &answer));
            }
        });
    }
    drop(answers);
    let _ = timeout(PATIENCE, async {
        while calls.join_next().await.is_some() {}
    })
    .await;
    calls.shutdown().await;
    writer.await?
}

async fn answer(store: &Store, line: &str) -> Option<Value> {
    if line.trim().is_empty() || store.flaws.has(Flaw::StdioHangs) {
        return None;
    }
    let message: Value = match serde_json::from_str(line) {
        Ok(message) => message,
        Err(error) => return Some(parse_error(error)),
    };
    let Some(request) = Request::read(&message, None) else {
        return Some(parse_error("no method"));
    };
    store.log(&request.method);
    if store.flaws.has(Flaw::StdoutOnBuy) && request.params["name"] == "buy_product" {
        println!("a customer buys something");
    }
    request.id.as_ref()?;
    let outcome = match request.check_meta() {
        Ok(()) => rpc::answer(store, &request).await,
        Err(error) => Err(error),
    };
    Some(request.reply(&store.flaws, outcome))
}

fn as_line(store: &Store, message: &Value) -> String {
    match store.flaws.has(Flaw::StdioGarbles) {
        true => format!("{message:#}\n"),
        false => format!("{message}\n"),
    }
}

async fn write(mut outbox: UnboundedReceiver<String>) -> Result<()> {
    let mut stdout = stdout();
    while let Some(line) = outbox.recv().await {
        stdout.write_all(line.as_bytes()).await?;
        stdout.flush().await?;
    }
    Ok(())
}
