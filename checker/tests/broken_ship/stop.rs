//! How the store is, and how it stops.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::{StreamExt, future};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bakery::shop;
use crate::flaw::{Flaw, Flaws};
use crate::{shared, user};

/// Whether the store was asked to stop.
pub static STOPPING: AtomicBool = AtomicBool::new(false);

/// How long the end of a stream may take.
const LAST_WORDS: Duration = Duration::from_millis(100);

struct Life {
    flaws: Flaws,
    patience: Duration,
    stopping: CancellationToken,
    closing: CancellationToken,
    running: TaskTracker,
}

/// Serves the store until a signal, and what is beside it.
pub async fn serve(
    flaws: Flaws,
    store: Router,
    listener: TcpListener,
    patience: Duration,
) -> Result<()> {
    let life = Arc::new(Life {
        patience,
        stopping: CancellationToken::new(),
        closing: CancellationToken::new(),
        running: TaskTracker::new(),
        flaws,
    });
    let app = store.layer(from_fn_with_state(life.clone(), admit));
    let app = app.merge(beside(&life));
    // The right way is to accept nothing more.
    let keeps_listening = life.has_any(&[
        Flaw::AnswersWhileStopping,
        Flaw::ReadyToTheEnd,
        Flaw::TakesNewWork,
    ]);
    let closes = if keeps_listening {
        life.closing.clone()
    } else {
        life.stopping.clone()
    };
    let code = tokio::spawn(end(life.clone()));
    eprintln!("serving MCP at http://{}/mcp", listener.local_addr()?);
    let served = axum::serve(listener, app).with_graceful_shutdown(closes.cancelled_owned());
    tokio::select! {
        served = served.into_future() => served?,
        () = life.closing.cancelled() => sleep(LAST_WORDS).await,
    }
    // What runs on is not waited for.
    std::process::exit(code.await?);
}

impl Life {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaws.has(flaw)
    }

    fn has_any(&self, flaws: &[Flaw]) -> bool {
        self.flaws.has_any(flaws)
    }
}

fn beside(life: &Arc<Life>) -> Router {
    if life.has(Flaw::NoHealth) {
        return Router::new();
    }
    let health = if life.has(Flaw::HealthInJson) {
        r#"{"status":"pass"}"#
    } else {
        ""
    };
    let mut health = Router::new().route("/health", get(move || future::ready(health)));
    if life.has(Flaw::HealthNeedsToken) {
        health = health.layer(from_fn(user::guard));
    }
    let mut readiness = Router::new();
    if !life.has(Flaw::NoReadiness) {
        readiness = readiness.route("/ready", get(ready));
    }
    if life.has(Flaw::ReadyNeedsToken) {
        readiness = readiness.layer(from_fn(user::guard));
    }
    health.merge(readiness.with_state(life.clone()))
}

async fn ready(State(life): State<Arc<Life>>) -> StatusCode {
    let stopping = life.stopping.is_cancelled() && !life.has(Flaw::ReadyToTheEnd);
    if stopping || life.has(Flaw::NeverReady) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}

async fn admit(State(life): State<Arc<Life>>, request: Request, next: Next) -> Response {
    let is_call = request.method() == Method::POST;
    let running = is_call.then(|| life.running.token());
    if life.stopping.is_cancelled() && !life.has(Flaw::TakesNewWork) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let ends = if is_call || life.has(Flaw::WaitsForStreams) {
        life.closing.clone()
    } else {
        life.stopping.clone()
    };
    let keeps_progress = !life.has(Flaw::NoMoreProgress);
    next.run(request).await.map(|body| {
        let kept = move |chunk: &Result<Bytes, axum::Error>| {
            let _ = &running;
            let is_progress = chunk.as_ref().is_ok_and(|chunk| {
                String::from_utf8_lossy(chunk).contains("notifications/progress")
            });
            keeps_progress || !is_progress || !STOPPING.load(Ordering::Relaxed)
        };
        let stream = body.into_data_stream();
        let stream = stream.filter(move |chunk| future::ready(kept(chunk)));
        Body::from_stream(stream.take_until(ends.cancelled_owned()))
    })
}

/// Waits for the signal, ends everything, and gives the exit code.
async fn end(life: Arc<Life>) -> i32 {
    if asked(&life).await.is_err() {
        // Nobody can ask here.
        return future::pending().await;
    }
    STOPPING.store(true, Ordering::Relaxed);
    life.stopping.cancel();
    life.running.close();
    let mut code = 0;
    if life.has(Flaw::CutsOffCalls) || life.has(Flaw::HurriesIfShared) && shared::is_planned() {
        life.closing.cancel();
        return code;
    }
    let patience = async {
        if life.has(Flaw::WaitsForever) {
            future::pending().await
        } else {
            sleep(life.patience).await;
        }
    };
    let finished = async {
        life.running.wait().await;
        if life.has(Flaw::WaitsTheWholeTime) {
            future::pending().await
        }
    };
    let again = async {
        if life.has_any(&[Flaw::CrashesWhenAskedTwice, Flaw::HangsWhenAskedTwice])
            || life.has(Flaw::EndsWhenAskedTwice)
        {
            let _ = asked(&life).await;
        } else {
            future::pending().await
        }
    };
    tokio::select! {
        () = finished => {
            if life.has(Flaw::WaitsForStreams) {
                // What waits for clients that wait for the server.
                sleep(life.patience).await;
            }
        }
        () = patience => if life.has(Flaw::FailsWhenCuttingOff) { code = 1 },
        () = again => {
            if life.has(Flaw::HangsWhenAskedTwice) {
                return future::pending().await;
            }
            code = if life.has(Flaw::EndsWhenAskedTwice) { 143 } else { 101 };
        }
    }
    if life.has(Flaw::OddExitCode) {
        code = 143;
    }
    if life.has(Flaw::WritesBackWhatItRemembers) && shared::is_planned() {
        shop::write_back(&life.flaws);
    }
    life.closing.cancel();
    code
}

#[cfg(unix)]
async fn asked(life: &Life) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    if life.has(Flaw::KnowsNoSignal) {
        return future::pending().await;
    }
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn asked(_: &Life) -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
