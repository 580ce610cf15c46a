//! Connecting a payment provider, on a page in the user's own browser.
//!
//! What the user types there is private: neither the model nor the host sees it. So the
//! store asks in URL mode: the client shows the address, and opens it if the user agrees.
//!
//! A link can be passed on. If you sent yours to somebody, they would connect *their* account with
//! your store. So the question contains a code, and the page asks for it.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Form, Router};
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};
use tokio::time::timeout;

use crate::confirm::{Answer, Round, internal, is_legacy};

/// The key of the question.
const QUESTION: &str = "connect";

/// Tells a legacy client that the user has finished the page.
const COMPLETE: &str = "notifications/elicitation/complete";

/// How long a call waits for the user to finish the page.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a page exists, so that pages that nobody opens do not pile up.
const LIFETIME: Duration = Duration::from_secs(600);

/// How often the user may mistype the code.
const TRIES: u8 = 5;

/// Whether payments can be made.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Connected {
    /// Whether the store is connected with a payment provider.
    pub connected: bool,
}

/// The open links, and the server behind them.
#[derive(Default)]
pub struct Payments {
    links: Arc<Links>,
    /// The address of the pages: a port of its own, opened when it is first needed.
    origin: OnceCell<String>,
}

type Links = Mutex<HashMap<String, Link>>;

/// A page that is not finished yet.
struct Link {
    code: String,
    tries: u8,
    opened: Instant,
    finished: watch::Sender<bool>,
}

impl Payments {
    /// Sends the user to a page, and waits until it is finished.
    pub async fn connect(&self, mut round: Round) -> Result<Answer, ErrorData> {
        if !opens_urls(&round.context) {
            return Ok(Answer::No(
                "Payments are not connected: this needs a client that can send its user to a page \
                 (capability elicitation, mode url)."
                    .to_owned(),
            ));
        }
        // ANCHOR: step_4_11_ask
        // TODO 4.11 (bonus): ask in URL mode. `open` makes a page and the code that it asks for.
        // The message has the code, but the address must not. Tell a legacy client with
        // `COMPLETE` that the page is finished.
        todo!("4.11")
        // ANCHOR_END: step_4_11_ask
    }

    // ANCHOR: step_4_11_follow
    // TODO 4.11 (bonus): `follow`: what the user said, and then did. Accept only means opening the
    // page. The account is connected when the page is finished.
    // ANCHOR_END: step_4_11_follow

    /// Makes a new page. Returns its link and the code that it asks for.
    fn open(&self) -> (String, String) {
        let link = format!("{:032x}", rand::random::<u128>());
        let code = format!("{:06}", rand::random_range(0..1_000_000));
        let page = Link {
            code: code.clone(),
            tries: 0,
            opened: Instant::now(),
            finished: watch::Sender::new(false),
        };
        let mut links = lock(&self.links);
        links.retain(|_, page| page.opened.elapsed() < LIFETIME);
        links.insert(link.clone(), page);
        (link, code)
    }

    /// The address of a page. The first page starts the server for all of them.
    async fn url(&self, link: &str) -> Result<String, ErrorData> {
        let serve = async || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let origin = format!("http://{}", listener.local_addr()?);
            let app = Router::new()
                .route("/payments/{link}", get(show).post(finish))
                .with_state(Arc::clone(&self.links));
            tokio::spawn(axum::serve(listener, app).into_future());
            Ok::<_, std::io::Error>(origin)
        };
        let origin = self.origin.get_or_try_init(serve).await.map_err(internal)?;
        Ok(format!("{origin}/payments/{link}"))
    }
}

/// What the page sends.
#[derive(Deserialize)]
struct Filled {
    code: String,
}

async fn show(State(links): State<Arc<Links>>, Path(link): Path<String>) -> Response {
    if lock(&links).contains_key(&link) {
        page(
            StatusCode::OK,
            "Type the code that your assistant shows.",
            true,
        )
    } else {
        page(
            StatusCode::NOT_FOUND,
            "This page does not exist, or has expired.",
            false,
        )
    }
}

async fn finish(
    State(links): State<Arc<Links>>,
    Path(name): Path<String>,
    Form(filled): Form<Filled>,
) -> Response {
    let mut links = lock(&links);
    let Some(link) = links.get_mut(&name) else {
        return page(
            StatusCode::NOT_FOUND,
            "This page does not exist, or has expired.",
            false,
        );
    };
    if filled.code.trim() == link.code {
        link.finished.send_replace(true);
        return page(StatusCode::OK, "Connected. You can close this page.", false);
    }
    link.tries += 1;
    if link.tries < TRIES {
        return page(
            StatusCode::FORBIDDEN,
            "This code is wrong. Try again.",
            true,
        );
    }
    links.remove(&name);
    page(
        StatusCode::FORBIDDEN,
        "The code was wrong too many times. Ask for a new page.",
        false,
    )
}

/// A page with this text, with or without the form.
fn page(status: StatusCode, words: &str, form: bool) -> Response {
    let form = if form {
        r#"<form method="post">
            <label>Code <input name="code" inputmode="numeric" autocomplete="off" required autofocus></label>
            <button>Connect</button>
        </form>"#
    } else {
        ""
    };
    let html = format!(
        r#"<!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Corner Bakery: connect payments</title>
        <style>:root {{ color-scheme: light dark; font: 1rem system-ui; margin: 2rem }}</style>
        <h1>Connect payments</h1>
        <p role="status">{words}</p>
        {form}"#
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ),
    ];
    (status, headers, Html(html)).into_response()
}

/// Whether the client can send its user to a page.
fn opens_urls(context: &RequestContext<RoleServer>) -> bool {
    let capabilities = context.client_capabilities();
    let elicitation = capabilities.and_then(|can| can.elicitation);
    elicitation.is_some_and(|modes| modes.url.is_some())
}

fn lock(links: &Links) -> MutexGuard<'_, HashMap<String, Link>> {
    links.lock().unwrap_or_else(PoisonError::into_inner)
}

fn invalid(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::invalid_params(error.to_string(), None)
}
