//! The life of the program: whether it can serve now, and how it ends without losing a call.
//!
//! Whoever runs the store asks two questions over plain HTTP, without a token. `/health`: does the
//! program run? If not, it is started again. `/ready`: can it serve now? If not, requests go to
//! another instance. Before a program is replaced by a new version, it gets SIGTERM.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_body_util::BodyExt;
use reqwest::Client;
use sqlx::AnyPool;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{info, warn};

use crate::database;

/// How long the database may take to answer `/ready`, and the store to answer `/health`.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the end of a stream, or of a call that was cut off, may take to reach its client.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the store knows about its own life. Clones share it.
#[derive(Clone)]
pub struct Lifecycle {
    database: AnyPool,
    /// How long running calls may take after the store was asked to stop.
    patience: Duration,
    /// Everything that should be finished before the program ends.
    running: TaskTracker,
    /// Cancelled when the store is asked to stop.
    stopping: CancellationToken,
    /// Cancelled when everything is finished, or out of time.
    closing: CancellationToken,
}

impl Lifecycle {
    pub fn new(database: AnyPool, patience: Duration) -> Self {
        Self {
            database,
            patience,
            running: TaskTracker::new(),
            stopping: CancellationToken::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Ends what would go on forever: streams without a call, and other servers of this program.
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// The program does not end before this is dropped, as long as there is time.
    pub fn running(&self) -> TaskTrackerToken {
        self.running.token()
    }

    /// The store, which refuses new requests when it is stopping, with `/health` and `/ready` next
    /// to it.
    pub fn around(&self, store: Router) -> Router {
        let beside = Router::new()
            .route("/health", get(async || "ok"))
            .route("/ready", get(ready))
            .with_state(self.clone());
        store
            .layer(from_fn_with_state(self.clone(), admit))
            .merge(beside)
    }

    /// Whether the store can serve requests now.
    async fn is_ready(&self) -> bool {
        // ANCHOR: step_6_6_ready
        // TODO 6.6: say whether the store can serve requests now. It cannot when it is stopping, or when its
        // database does not answer within PATIENCE. See `database::ping`.
        todo!("6.6")
        // ANCHOR_END: step_6_6_ready
    }

    /// Serves until Ctrl-C or a termination signal, and then stops in order. `server` ends when
    /// [`Self::closing`] is cancelled and all connections are closed.
    pub async fn serve(
        &self,
        server: impl IntoFuture<Output = std::io::Result<()>>,
    ) -> Result<(), std::io::Error> {
        let stopped = async {
            asked_to_stop().await;
            info!("stopping, within {} s", self.patience.as_secs_f64());
            self.stop().await;
            // A client that does not read would keep its connection open.
            sleep(LAST_WORDS).await;
        };
        tokio::select! {
            served = server.into_future() => served?,
            () = stopped => (),
        }
        // A query that does not end would keep its connection, too.
        let _ = timeout(LAST_WORDS, self.database.close()).await;
        info!("stopped");
        Ok(())
    }

    /// Stops in order. Takes at most as long as running calls may.
    async fn stop(&self) {
        // ANCHOR: step_6_6_stop
        // TODO 6.6: take no new work, finish what is in flight, and only then close the streams. This cuts
        // off every call that is running.
        self.closing.cancel();
        // ANCHOR_END: step_6_6_stop
    }
}

/// Asks the store that runs on this machine for `/health`, as the health check of its container.
pub async fn ask_for_health(port: u16) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let url = format!("http://127.0.0.1:{port}/health");
    client.get(url).send().await?.error_for_status()?;
    Ok(())
}

/// `/ready`: 200 if the store can serve now, 503 if not.
async fn ready(State(lifecycle): State<Lifecycle>) -> StatusCode {
    if lifecycle.is_ready().await {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Lets requests in until the store is stopping. A call runs until its answer is sent.
async fn admit(State(lifecycle): State<Lifecycle>, request: Request, next: Next) -> Response {
    // Legacy clients keep a stream open for as long as they run. That is not a call.
    let is_call = request.method() == Method::POST;
    // Counted before it looks, so that `stop` cannot miss it.
    let running = is_call.then(|| lifecycle.running());
    if lifecycle.stopping.is_cancelled() {
        // The client may try again at once, on a new connection: to another instance.
        let headers = [(RETRY_AFTER, "1"), (CONNECTION, "close")];
        let words = "This instance of the store is stopping. Try again.";
        return (StatusCode::SERVICE_UNAVAILABLE, headers, words).into_response();
    }
    let response = next.run(request).await;
    // The token goes along with the body, which is dropped when it is sent.
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &running;
            frame
        }))
    })
}

/// Returns on Ctrl-C, or when the system asks the process to stop.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => (),
                _ = terminate.recv() => (),
            },
            Err(_) => _ = interrupt.await,
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
