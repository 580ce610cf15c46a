//! A model that follows a script: an endpoint on 127.0.0.1 that speaks OpenAI's chat completions
//! API, whole and as a stream, and is as strict about a conversation as OpenAI is.
//!
//! - [`script`] is what it says, turn by turn,
//! - [`heard`] is what it was sent: checks judge by that,
//! - [`rules`] is what OpenAI refuses, in OpenAI's words,
//! - [`wire`] is how answers look on the wire.

pub mod heard;
mod rules;
pub mod script;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::heard::{Heard, Key};
pub use self::script::{Proposal, Says, Script};
use self::wire::{Answer, Refusal};
use crate::mcp::Transcript;
use crate::mcp::transcript::Received;

/// A model that listens, until it is dropped.
#[derive(Debug)]
pub struct ScriptedModel {
    base_url: String,
    room: Arc<Room>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Room {
    script: Script,
    heard: Mutex<Vec<Heard>>,
    transcript: Transcript,
}

impl ScriptedModel {
    /// Begins to listen on a free port of 127.0.0.1. What is said goes into `transcript` too.
    ///
    /// # Errors
    ///
    /// When the system has no port to give.
    pub async fn start(script: Script, transcript: Transcript) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        let room = Arc::new(Room {
            script,
            heard: Mutex::default(),
            transcript,
        });
        let app = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/models", get(list))
            .fallback(elsewhere)
            .with_state(Arc::clone(&room));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            base_url,
            room,
            serving,
        })
    }

    /// `http://127.0.0.1:PORT/v1`, for `OPENAI_BASE_URL`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What it was sent so far, in order; refused requests too.
    pub fn heard(&self) -> Vec<Heard> {
        let heard = self.room.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn complete(State(room): State<Arc<Room>>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let index = room
        .transcript
        .send("POST /v1/chat/completions", body.clone());
    let answer = room.say(&headers, body);
    room.transcript.status(index, answer.status.to_string());
    for document in &answer.documents {
        let document = Received::Json(document.clone());
        room.transcript.receive(index, document);
    }
    room.transcript.end(index);
    answer.into_response()
}

impl Room {
    fn say(&self, headers: &HeaderMap, body: Value) -> Answer {
        let mut heard = Heard::new(headers, body, &self.script);
        let allowed = rules::of_key(heard.key);
        let allowed = allowed.and_then(|()| rules::of_body(&heard.body, &self.script));
        let mut all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(refusal) = allowed {
            heard.refused = Some(refusal.message.clone());
            all.push(heard);
            return Answer::refused(&refusal);
        }
        // What was refused took no turn.
        let turn = all.iter().filter(|heard| heard.refused.is_none()).count();
        let says = self.script.turn(turn, &heard);
        let answer = Answer::to(&heard, &says, &self.script);
        all.push(heard);
        answer
    }
}

async fn list(State(room): State<Arc<Room>>, headers: HeaderMap) -> Response {
    match rules::of_key(Key::of(&headers, &room.script)) {
        Ok(()) => Answer::models(&room.script),
        Err(refusal) => Answer::refused(&refusal),
    }
    .into_response()
}

async fn elsewhere() -> Response {
    Answer::refused(&Refusal::new(
        StatusCode::NOT_FOUND,
        "Unknown request URL. Please check the URL for typos, or see the docs at \
         https://platform.openai.com/docs/api-reference/.",
        "unknown_url",
    ))
    .into_response()
}
