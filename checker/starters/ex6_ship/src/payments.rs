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
use tokio_util::sync::CancellationToken;

use crate::auth::User;
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
pub struct Payments {
    links: Arc<Links>,
    /// The address of the pages: a port of its own, opened when it is first needed.
    origin: OnceCell<String>,
    /// Stops the server of the pages.
    closing: CancellationToken,
}

type Links = Mutex<HashMap<String, Link>>;

/// A page that is not finished yet.
struct Link {
    /// The id of the user who asked for it.
    user: String,
    code: String,
    tries: u8,
    opened: Instant,
    finished: watch::Sender<bool>,
}

impl Payments {
    /// Without links yet. Their pages are served until `closing` is cancelled.
    pub fn new(closing: CancellationToken) -> Self {
        Self {
            links: Arc::default(),
            origin: OnceCell::new(),
            closing,
        }
    }

    /// Sends the user to a page, and waits until it is finished.
    pub async fn connect(&self, mut round: Round) -> Result<Answer, ErrorData> {
        if !opens_urls(&round.context) {
            return Ok(Answer::No(
                "Payments are not connected: this needs a client that can send its user to a page \
                 (capability elicitation, mode url)."
                    .to_owned(),
            ));
        }
        let user = User::of(&round.context)?;
        let response = round
            .responses
            .take()
            .and_then(|mut all| all.remove(QUESTION));
        if let (Some(link), Some(response)) = (&round.state, response) {
            let result = serde_json::from_value(response).map_err(invalid)?;
            return self.follow(link, &user, &result, &round.context).await;
        }
        let (link, code) = self.open(&user);
        let question = ElicitRequestParams::UrlElicitationParams {
            meta: None,
            message: format!(
                "Connect the store with your payment provider? The page will ask for the code {code}."
            ),
            url: self.url(&link).await?,
            elicitation_id: link.clone(),
        };
        if is_legacy(&round.context) {
            let peer = &round.context.peer;
            let result = peer.create_elicitation_with_timeout(question, Some(PATIENCE));
            let result = result.await.map_err(internal)?;
            let answer = self.follow(&link, &user, &result, &round.context).await?;
            // Clients of this era need to know when the page is finished.
            let params = json!({ "elicitationId": link });
            let complete = CustomNotification::new(COMPLETE, Some(params));
            let _ = peer.send_notification(complete.into()).await;
            return Ok(answer);
        }
        let question = InputRequest::Elicitation(ElicitRequest::new(question));
        let questions = BTreeMap::from([(QUESTION.to_owned(), question)]);
        Ok(Answer::NotYet(InputRequiredResult::new(
            Some(questions),
            Some(link),
        )))
    }

    /// What the user said, and then did. Accept only means opening the page. The account is
    /// connected when the page is finished.
    async fn follow(
        &self,
        link: &str,
        user: &User,
        result: &ElicitResult,
        context: &RequestContext<RoleServer>,
    ) -> Result<Answer, ErrorData> {
        let finished = lock(&self.links)
            .get(link)
            .filter(|link| link.user == user.id)
            .map(|link| link.finished.subscribe());
        let Some(mut finished) = finished else {
            return Err(invalid("This page does not exist, or has expired."));
        };
        if result.action != ElicitationAction::Accept {
            lock(&self.links).remove(link);
            return Ok(Answer::No(
                "Payments are not connected: the user declined.".to_owned(),
            ));
        }
        let done = timeout(PATIENCE, finished.wait_for(|finished| *finished));
        let done = tokio::select! {
            done = done => matches!(done, Ok(Ok(_))),
            () = context.ct.cancelled() => false,
        };
        lock(&self.links).remove(link);
        Ok(if done {
            Answer::Yes
        } else {
            Answer::No("Payments are not connected: the page was not finished.".to_owned())
        })
    }

    /// Makes a new page. Returns its link and the code that it asks for.
    fn open(&self, user: &User) -> (String, String) {
        let link = format!("{:032x}", rand::random::<u128>());
        let code = format!("{:06}", rand::random_range(0..1_000_000));
        let page = Link {
            user: user.id.clone(),
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
            let closing = self.closing.clone().cancelled_owned();
            let server = axum::serve(listener, app).with_graceful_shutdown(closing);
            tokio::spawn(server.into_future());
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
