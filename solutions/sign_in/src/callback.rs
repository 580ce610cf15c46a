//! The server on this machine to which the realm sends the user's browser back, for one answer.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long the user may take to sign in.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server that waits for the browser.
pub struct Callback {
    address: String,
    answers: mpsc::Receiver<String>,
}

impl Callback {
    /// Listens on a free port of this machine.
    pub async fn listen() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}/callback", listener.local_addr()?);
        let (send, answers) = mpsc::channel(1);
        let app = Router::new()
            .route("/callback", get(answer))
            .with_state((address.clone(), send));
        tokio::spawn(axum::serve(listener, app).into_future());
        Ok(Self { address, answers })
    }

    /// The address for the realm.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits for the browser. Returns the whole address that it requested.
    pub async fn answered(mut self) -> Result<String> {
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        answer
            .context("nobody has signed in within five minutes")?
            .context("nobody listens anymore")
    }
}

async fn answer(
    State((address, send)): State<(String, mpsc::Sender<String>)>,
    uri: Uri,
) -> Html<&'static str> {
    let query = uri.query().unwrap_or_default();
    // Nobody waits for a second answer.
    let _ = send.try_send(format!("{address}?{query}"));
    Html("<!doctype html><title>sign_in</title><p>You can close this page.</p>")
}
