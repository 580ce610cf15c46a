//! The tool against a carrier on this machine that does what APIs do on a bad day.
#![allow(clippy::unwrap_used)]

use std::future::pending;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use delivery_quote::server::Deliveries;
use delivery_quote::{Carrier, Failure, Quote, Settings};
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Barrier, Notify};
use tokio::task::JoinSet;
use tokio::time::timeout;

const KEY: &str = "key-that-nobody-may-see";
const POSTCODE: &str = "SW1A-1AA";
const GOOD: &str = r#"{"cents": 490, "days": 2}"#;

/// Longer than any test takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves these routes as long as the test runs, and says where.
async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/v1/")
}

/// A carrier that gives these answers, one after the other, and counts the questions.
async fn answering<R: IntoResponse>(answers: impl IntoIterator<Item = R>) -> (String, Count) {
    let answers: Vec<Response> = answers.into_iter().map(R::into_response).collect();
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let count = Count::default();
    let counted = count.clone();
    let answer = async move || {
        counted.up();
        let next = answers.lock().unwrap().next();
        next.unwrap_or_else(|| StatusCode::IM_A_TEAPOT.into_response())
    };
    let routes = Router::new().route("/v1/quotes/{postcode}", get(answer));
    (serve(routes).await, count)
}

#[derive(Clone, Debug, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn down(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Long timeouts, so that nothing expires on a busy machine, and short pauses.
fn settings(url: &str) -> Settings {
    Settings {
        connect: PATIENCE,
        answer: PATIENCE,
        all: PATIENCE,
        pause: Duration::from_millis(1),
        ..Settings::new(url.parse().unwrap(), KEY.into())
    }
}

fn carrier(url: &str) -> Carrier {
    Carrier::new(settings(url)).unwrap()
}

#[tokio::test]
async fn a_quote_says_what_it_costs_and_how_long_it_takes() {
    let seen = Arc::new(Mutex::new(None));
    let remembered = Arc::clone(&seen);
    let answer = async move |Path(postcode): Path<String>, headers: HeaderMap| {
        *remembered.lock().unwrap() = Some((postcode, headers));
        GOOD
    };
    let routes = Router::new().route("/v1/quotes/{postcode}", get(answer));
    let carrier = carrier(&serve(routes).await);
    let quote = carrier.quote(" SW1A 1AA ").await;
    let (cents, days) = (490, 2);
    assert_eq!(quote, Ok(Quote { cents, days }));
    let (postcode, headers) = seen.lock().unwrap().take().unwrap();
    assert_eq!(postcode, "SW1A 1AA");
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    let agent = headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("corner-bakery/"), "{agent}");
    assert!(!format!("{carrier:?}").contains(KEY));
}

// ANCHOR: busy
#[tokio::test]
async fn a_busy_carrier_is_asked_again() {
    let busy = || StatusCode::SERVICE_UNAVAILABLE.into_response();
    let (url, count) = answering([busy(), busy(), GOOD.into_response()]).await;
    assert!(carrier(&url).quote(POSTCODE).await.is_ok());
    assert_eq!(count.get(), 3);
}
// ANCHOR_END: busy

#[tokio::test]
async fn a_carrier_that_stays_busy_is_asked_three_times() {
    let (url, count) = answering([StatusCode::SERVICE_UNAVAILABLE; 9]).await;
    let failure = carrier(&url).quote(POSTCODE).await.unwrap_err();
    assert_eq!(failure, Failure::Busy { after: None });
    assert_eq!(count.get(), 3);
}

#[tokio::test]
async fn it_waits_as_long_as_the_carrier_wants() {
    let later = (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]);
    let (url, count) = answering([later.into_response(), GOOD.into_response()]).await;
    let begin = Instant::now();
    assert!(carrier(&url).quote(POSTCODE).await.is_ok());
    assert_eq!(count.get(), 2);
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_caller() {
    let later = (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]);
    let (url, count) = answering([later; 9]).await;
    let failure = carrier(&url).quote(POSTCODE).await.unwrap_err();
    assert!(failure.to_string().contains("in 3600 seconds"), "{failure}");
    assert_eq!(count.get(), 1);
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (status, expected) in [
        (400, Failure::NoDelivery),
        (404, Failure::NoDelivery),
        (401, Failure::Broken),
        (403, Failure::Broken),
        (500, Failure::Broken),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, count) = answering([status; 9]).await;
        assert_eq!(carrier(&url).quote(POSTCODE).await, Err(expected));
        assert_eq!(count.get(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_unreadable_answer_is_not_a_quote() {
    for garbage in [
        "<html>It works!</html>".to_owned(),
        r#"{"cents": "490", "days": 2}"#.to_owned(),
        r#"{"cents": -1, "days": 2}"#.to_owned(),
        String::new(),
        " ".repeat(1_000_000) + GOOD,
    ] {
        let (url, count) = answering([garbage]).await;
        let failure = carrier(&url).quote(POSTCODE).await;
        assert_eq!(failure, Err(Failure::Broken));
        assert_eq!(count.get(), 1);
    }
}

#[tokio::test]
async fn a_carrier_that_hangs_up_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Count::default();
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            counted.up();
            drop(connection);
        }
    });
    let failure = carrier(&url).quote(POSTCODE).await;
    assert_eq!(failure, Err(Failure::Silent));
    assert_eq!(count.get(), 3);
}

#[tokio::test]
async fn a_carrier_that_is_down_does_not_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = carrier(&url).quote(POSTCODE).await;
    assert_eq!(failure, Err(Failure::Silent));
}

/// A carrier that never answers.
async fn hanging() -> String {
    let routes = Router::new().fallback(get(async || pending::<()>().await));
    serve(routes).await
}

#[tokio::test]
async fn no_call_waits_forever_for_an_answer() {
    let settings = Settings {
        answer: Duration::from_millis(50),
        ..settings(&hanging().await)
    };
    let failure = Carrier::new(settings).unwrap().quote(POSTCODE).await;
    assert_eq!(failure, Err(Failure::Silent));
}

#[tokio::test]
async fn no_call_waits_forever_for_a_turn() {
    let settings = Settings {
        at_once: 1,
        all: Duration::from_millis(50),
        ..settings(&hanging().await)
    };
    let carrier = Carrier::new(settings).unwrap();
    let calls = tokio::join!(carrier.quote(POSTCODE), carrier.quote(POSTCODE));
    assert_eq!(calls, (Err(Failure::Silent), Err(Failure::Silent)));
}

#[tokio::test]
async fn at_most_two_ask_at_once() {
    let (active, most) = (Count::default(), Count::default());
    let (now, ever) = (active.clone(), most.clone());
    // Every request waits for another one, so two run at once, or the test hangs.
    let pair = Arc::new(Barrier::new(2));
    let answer = async move || {
        ever.0.fetch_max(now.up(), Ordering::SeqCst);
        pair.wait().await;
        now.down();
        GOOD
    };
    let routes = Router::new().route("/v1/quotes/{postcode}", get(answer));
    let settings = Settings {
        at_once: 2,
        ..settings(&serve(routes).await)
    };
    let carrier = Arc::new(Carrier::new(settings).unwrap());
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let carrier = Arc::clone(&carrier);
        calls.spawn(async move { carrier.quote(POSTCODE).await });
    }
    for quote in calls.join_all().await {
        assert!(quote.is_ok(), "{quote:?}");
    }
    assert_eq!(most.get(), 2);
}

#[tokio::test]
async fn a_strange_postcode_never_leaves() {
    let (url, count) = answering([GOOD; 9]).await;
    for postcode in ["", "../admin", "10115?x=1", "12345678901", "1\u{661}115"] {
        let failure = carrier(&url).quote(postcode).await;
        assert_eq!(failure, Err(Failure::NoPostcode), "{postcode}");
    }
    assert_eq!(count.get(), 0);
}

#[tokio::test]
async fn the_key_goes_nowhere_else() {
    let (elsewhere, count) = answering([GOOD; 9]).await;
    let target = format!("{elsewhere}quotes/10115");
    let (url, _) = answering([Redirect::temporary(&target)]).await;
    assert_eq!(carrier(&url).quote("10115").await, Err(Failure::Broken));
    assert_eq!(count.get(), 0);
}

/// Says that it is dropped.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_cancelled_call_asks_no_longer() {
    let (asked, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell_asked, tell_gone) = (Arc::clone(&asked), Arc::clone(&gone));
    let answer = async move || {
        let _dropped = Dropped(Arc::clone(&tell_gone));
        tell_asked.notify_one();
        pending::<()>().await;
    };
    let url = serve(Router::new().fallback(get(answer))).await;
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        let server = Deliveries::new(carrier(&url)).serve(theirs).await.unwrap();
        server.waiting().await
    });
    let client = ().serve(ours).await.unwrap();
    tokio::select! {
        result = client.call_tool(call()) => panic!("it was answered: {result:?}"),
        () = asked.notified() => (),
    }
    // The call was dropped above, which cancels it.
    timeout(PATIENCE / 2, gone.notified()).await.unwrap();
}

fn call() -> CallToolRequestParams {
    let arguments = json!({ "postcode": POSTCODE });
    let arguments = arguments.as_object().unwrap().clone();
    CallToolRequestParams::new("delivery_quote").with_arguments(arguments)
}

/// The program, and a client of it.
async fn program(url: String) -> (Child, RunningService<RoleClient, ()>) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_delivery_quote"))
        .env("CARRIER_URL", url)
        .env("CARRIER_KEY", KEY)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (stdout, stdin) = (program.stdout.take(), program.stdin.take());
    let wire = (stdout.unwrap(), stdin.unwrap());
    (program, ().serve(wire).await.unwrap())
}

#[tokio::test]
async fn a_model_gets_the_quote_or_a_reason() {
    let bad = StatusCode::BAD_REQUEST.into_response();
    let (url, _) = answering([GOOD.into_response(), bad]).await;
    let (_program, client) = program(url).await;
    let quoted = client.call_tool(call()).await.unwrap();
    let quoted = quoted.structured_content.unwrap();
    assert_eq!(quoted, serde_json::from_str::<Value>(GOOD).unwrap());
    let refused = client.call_tool(call()).await.unwrap();
    assert_eq!(refused.is_error, Some(true));
    let text = &refused.content[0].as_text().unwrap().text;
    assert_eq!(*text, Failure::NoDelivery.to_string());
}

// ANCHOR: secrets
#[tokio::test]
async fn neither_the_log_nor_the_result_has_secrets() {
    let (url, _) = answering([StatusCode::SERVICE_UNAVAILABLE; 9]).await;
    let (program, client) = program(url).await;
    let result = client.call_tool(call()).await.unwrap();
    client.cancel().await.unwrap();
    let log = program.wait_with_output().await.unwrap().stderr;
    let log = String::from_utf8(log).unwrap();
    assert!(log.contains("attempt=3"), "{log}");
    for text in [log, format!("{result:?}")] {
        assert!(!text.contains(KEY) && !text.contains(POSTCODE), "{text}");
    }
}
// ANCHOR_END: secrets
