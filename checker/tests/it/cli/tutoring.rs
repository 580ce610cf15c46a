//! The tutor while it checks: progress, a second call, cancelling, and every way to end it.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use checker::mcp::Era;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rmcp::model::*;
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestHandle};
use rmcp::{ClientHandler, RoleClient};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::cli::subjects::{BUILD_SCRIPT, RUNNING, hang_the_build, write_broken};
use crate::cli::told::{fresh, nothing_is_left, processes_of, wait_for};
use crate::cli::tutor::{Tutor, call, refused, stdio, structured};
use crate::common::workshop::Workshop;

/// How soon what was begun has ended.
const SOON: Duration = Duration::from_secs(2);

/// Waits until nothing is built in the workshop any more, while the tutor lives on.
async fn no_build_is_left(workshop: &Workshop) {
    let begin = Instant::now();
    loop {
        let running = processes_of(workshop).join("\n");
        if !running.contains("build-script-build") && !running.contains("cargo build") {
            return;
        }
        assert!(begin.elapsed() < SOON, "{running}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Remembers what it was told of progress.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<(f64, String)>>>);

impl ClientHandler for Listener {
    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        let told = (params.progress, params.message.unwrap_or_default());
        self.0.lock().await.push(told);
    }
}

/// A check that was asked for and is not answered yet.
async fn begin_check<H: ClientHandler>(
    client: &rmcp::service::RunningService<RoleClient, H>,
) -> RequestHandle<RoleClient> {
    let exercise_3 = json!({ "exercise": "ex3" }).as_object().cloned();
    let params = CallToolRequestParams::new("check_exercise");
    let params = params.with_arguments(exercise_3.unwrap());
    let request = ClientRequest::CallToolRequest(Request::new(params));
    let options = PeerRequestOptions::no_options();
    client
        .send_cancellable_request(request, options)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_check_tells_how_far_it_is_over_stdio_and_http_on_both_eras() {
    let workshop = fresh();
    let tutor = Tutor::http(&workshop).await;
    for era in [Era::Modern, Era::Legacy] {
        let heard = [Listener::default(), Listener::default()];
        let (over_stdio, _child) = stdio(&workshop, era, heard[0].clone()).await;
        let over_http = tutor.client(era, heard[1].clone()).await;
        for (client, heard) in [over_stdio, over_http].iter().zip(heard) {
            let handle = begin_check(client).await;
            let answer = handle.await_response().await.unwrap();
            assert!(
                matches!(answer, ServerResult::CallToolResult(_)),
                "{answer:?}"
            );
            let heard = heard.0.lock().await;
            let is_rising = heard.windows(2).all(|two| two[0].0 < two[1].0);
            assert!(is_rising && heard.len() > 10, "{era:?} {heard:?}");
            assert_eq!(heard[0].1, "building ex3_store");
            assert!(
                heard
                    .iter()
                    .any(|(_, words)| words.starts_with("3.1 not started"))
            );
        }
    }
}

// With threads, because it waits for a file while the client goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_check_is_refused_and_a_cancelled_one_ends_its_build() {
    let workshop = Workshop::bare();
    hang_the_build(&workshop);
    let tutor = Tutor::http(&workshop).await;
    for era in [Era::Modern, Era::Legacy] {
        let (over_stdio, _child) = stdio(&workshop, era, ()).await;
        for client in [over_stdio, tutor.client(era, ()).await] {
            let handle = begin_check(&client).await;
            wait_for(&workshop.path(RUNNING));
            let running = processes_of(&workshop).join("\n");
            assert!(running.contains("build-script-build"), "control: {running}");
            let second = call(&client, "check_exercise", json!({ "step": "3.1" })).await;
            assert!(refused(&second).contains("A check is already running"));
            let status = call(&client, "workshop_status", json!({})).await;
            assert_eq!(structured(&status)["current_exercise"], "ex3_store");
            handle.cancel(None).await.unwrap();
            no_build_is_left(&workshop).await;
            fs::remove_file(workshop.path(RUNNING)).unwrap();
        }
    }
    // Nothing is lost: it checks again.
    fs::remove_file(workshop.path(BUILD_SCRIPT)).unwrap();
    write_broken(&workshop, "");
    let client = tutor.client(Era::Modern, ()).await;
    let report = call(&client, "check_exercise", json!({ "step": "3.1" })).await;
    assert_eq!(structured(&report)["exercises"][0]["outcome"], "passed");
}

/// A tutor that is told by hand what to do, and hangs in a build.
async fn hanging(workshop: &Workshop) -> Child {
    let mut child = Command::from(workshop.checker("tutor"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stdin = child.stdin.as_mut().unwrap();
    for message in [initialize(), initialized(), check()] {
        stdin
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }
    wait_for(&workshop.path(RUNNING));
    child
}

fn initialize() -> Value {
    let client = json!({ "name": "by hand", "version": "1" });
    let params = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client
    });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params })
}

fn initialized() -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
}

fn check() -> Value {
    let params = json!({
        "name": "check_exercise", "arguments": { "exercise": "ex3" },
        "_meta": { "progressToken": "p" }
    });
    json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params })
}

#[tokio::test]
async fn however_it_ends_nothing_is_left_running() {
    let workshop = Workshop::bare();
    hang_the_build(&workshop);
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let mut tutor = hanging(&workshop).await;
        let id = Pid::from_raw(tutor.id().unwrap().try_into().unwrap());
        kill(id, signal).unwrap();
        tutor.wait().await.unwrap();
        nothing_is_left(&workshop, SOON);
        fs::remove_file(workshop.path(RUNNING)).unwrap();
    }
    let mut tutor = hanging(&workshop).await;
    drop(tutor.stdin.take());
    let begin = Instant::now();
    assert!(tutor.wait().await.unwrap().success());
    assert!(
        begin.elapsed() < Duration::from_secs(7),
        "{:?}",
        begin.elapsed()
    );
    nothing_is_left(&workshop, SOON);
}

#[tokio::test]
async fn stdout_carries_nothing_but_mcp_whatever_is_logged() {
    let workshop = Workshop::bare();
    let mut tutor = Command::from(workshop.checker("tutor"))
        .env("RUST_LOG", "trace")
        .env("CARGO_TERM_VERBOSE", "true")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stderr = tutor.stderr.take().unwrap();
    let logged = tokio::spawn(async move {
        let mut words = String::new();
        stderr.read_to_string(&mut words).await.unwrap();
        words
    });
    let mut stdin = tutor.stdin.take().unwrap();
    for message in [initialize(), initialized(), check()] {
        stdin
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }
    let mut lines = BufReader::new(tutor.stdout.take().unwrap()).lines();
    let mut answered = Vec::new();
    while answered.len() < 2 {
        let line = lines.next_line().await.unwrap().unwrap();
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        answered.extend(message["id"].as_u64());
    }
    assert_eq!(answered, [1, 2]);
    drop(stdin);
    assert_eq!(lines.next_line().await.unwrap(), None);
    assert!(tutor.wait().await.unwrap().success());
    assert!(logged.await.unwrap().contains("TRACE"), "control");
    nothing_is_left(&workshop, SOON);
}
