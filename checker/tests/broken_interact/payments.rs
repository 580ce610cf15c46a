//! `connect_payments`, and the page to which it sends the user.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};
use tokio::time::timeout;

use super::flaw::{Flaw, Flaws};
use super::tools::{error, structured};
use crate::protocol::{Call, Era, INVALID_PARAMS, RpcError, Stop};

const QUESTION: &str = "pay";

/// How long a call waits for the page.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Payments {
    flaws: Flaws,
    pages: Arc<Pages>,
    origin: OnceCell<String>,
}

struct Pages {
    flaws: Flaws,
    open: Mutex<HashMap<String, Page>>,
}

struct Page {
    code: String,
    finished: watch::Sender<bool>,
}

impl Payments {
    pub fn new(flaws: Flaws) -> Self {
        let pages = Pages {
            flaws: flaws.clone(),
            open: Mutex::default(),
        };
        Self {
            flaws,
            pages: Arc::new(pages),
            origin: OnceCell::new(),
        }
    }

    pub async fn connect(&self, call: &Call) -> Result<Value, Stop> {
        let flaws = &self.flaws;
        let modes = &call.client_capabilities()["elicitation"];
        if modes["url"].is_null() && !flaws.has(Flaw::SendsEverybody) {
            return Ok(error(
                "Not connected: your client cannot send you to a page.",
            ));
        }
        let params = call.params();
        if call.era() == Era::Modern {
            let answer = &params["inputResponses"][QUESTION];
            if answer.is_null() {
                let (id, question) = self.question().await;
                return Err(put(&id, &question));
            }
            let id = params["requestState"].as_str().unwrap_or_default();
            return self.follow(id, answer, true).await;
        }
        let (id, question) = self.question().await;
        let answer = call.ask("elicitation/create", &question).await?;
        let result = self.follow(&id, &answer, false).await?;
        call.notify(
            "notifications/elicitation/complete",
            &json!({ "elicitationId": id }),
        );
        Ok(result)
    }

    async fn question(&self) -> (String, Value) {
        let flaws = &self.flaws;
        // The messages of the tests show both.
        let number = lock(&self.pages).len() + 1;
        let id = format!("page-{number}");
        let code = format!("{:06}", 100_000 + number * 7_919);
        let page = Page {
            code: code.clone(),
            finished: watch::Sender::new(false),
        };
        lock(&self.pages).insert(id.clone(), page);
        let origin = self.origin.get_or_init(|| serve(self.pages.clone())).await;
        let mut url = format!("{origin}/pay/{id}");
        if flaws.has(Flaw::CodeInUrl) {
            url += &format!("?code={code}");
        }
        if flaws.has(Flaw::UrlElsewhere) {
            url = format!("https://payments.example/pay/{id}");
        }
        let message = if flaws.has(Flaw::NoCode) {
            "Please connect your account.".to_owned()
        } else {
            format!("Please connect your account. Your code: {code}")
        };
        if flaws.has(Flaw::PaysByForm) {
            let form = json!({ "type": "object", "properties": { "iban": { "type": "string", "description": "Your account" } } });
            return (
                id,
                json!({ "mode": "form", "message": message, "requestedSchema": form }),
            );
        }
        let question =
            json!({ "mode": "url", "message": message, "url": url, "elicitationId": id });
        (id, question)
    }

    async fn follow(&self, id: &str, answer: &Value, may_ask_again: bool) -> Result<Value, Stop> {
        let flaws = &self.flaws;
        let finished = lock(&self.pages)
            .get(id)
            .map(|page| page.finished.subscribe());
        let Some(mut finished) = finished else {
            return Err(RpcError::new(INVALID_PARAMS, "no such page").into());
        };
        let connected = json!({ "connected": !flaws.has(Flaw::StaysDisconnected) });
        if answer["action"] != "accept" && !flaws.has(Flaw::ConnectsOnNo) {
            return Ok(error("Not connected: the user does not want to."));
        }
        if answer["action"] != "accept" || flaws.has(Flaw::YesIsConnected) {
            return Ok(structured(&connected));
        }
        let is_finished = *finished.borrow();
        if flaws.has(Flaw::AsksUntilFinished) && may_ask_again && !is_finished {
            let (_, question) = self.question().await;
            return Err(put(id, &question));
        }
        let done = timeout(PATIENCE, finished.wait_for(|finished| *finished)).await;
        match done {
            Ok(Ok(_)) => Ok(structured(&connected)),
            _ => Ok(error("Not connected: nobody has finished the page.")),
        }
    }
}

fn put(id: &str, question: &Value) -> Stop {
    Stop::Result(json!({
        "resultType": "input_required",
        "inputRequests": { QUESTION: { "method": "elicitation/create", "params": question } },
        "requestState": id,
    }))
}

async fn serve(pages: Arc<Pages>) -> String {
    let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await else {
        return String::new();
    };
    let origin = listener
        .local_addr()
        .map(|address| format!("http://{address}"));
    let app = Router::new()
        .route("/pay/{id}", get(show).post(finish))
        .with_state(pages);
    tokio::spawn(axum::serve(listener, app).into_future());
    origin.unwrap_or_default()
}

async fn show(State(pages): State<Arc<Pages>>, Path(id): Path<String>) -> Response {
    if !lock(&pages).contains_key(&id) || pages.flaws.has(Flaw::NoPage) {
        return StatusCode::NOT_FOUND.into_response();
    }
    Html("<!doctype html><title>Pay</title><form method=post><label>Code <input name=code></label><button>Go</button></form>").into_response()
}

async fn finish(State(pages): State<Arc<Pages>>, Path(id): Path<String>, body: String) -> Response {
    let flaws = &pages.flaws;
    let code = body.strip_prefix("code=").unwrap_or_default();
    let open = lock(&pages);
    let Some(page) = open.get(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_right = code == page.code
        || flaws.has(Flaw::AnyCode)
        || (flaws.has(Flaw::NoCodeIsRight) && code.is_empty());
    if !is_right {
        return (StatusCode::FORBIDDEN, Html("Wrong code")).into_response();
    }
    page.finished.send_replace(true);
    Html("Thank you").into_response()
}

fn lock(pages: &Pages) -> MutexGuard<'_, HashMap<String, Page>> {
    pages.open.lock().unwrap_or_else(PoisonError::into_inner)
}
