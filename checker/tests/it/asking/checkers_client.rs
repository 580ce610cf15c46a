//! The checker's client: each seam between it and a server that speaks while it answers.

use std::time::Duration;

use axum::http::StatusCode;
use checker::mcp::raw::Raw;
use checker::mcp::transcript::Exchange;
use checker::mcp::{
    Answer, Called, ClientProfile, Endpoint, Era, ErrorKind, InputRequired, Reply, RequestError,
    Session, ToolCall, Transcript,
};
use checker::patience::Patience;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{Server, TOKEN, Transport, Way, over_http, over_stdio, ways};

/// The checker's client of a server that runs for it alone.
struct Talk {
    session: Session,
    transcript: Transcript,
    _server: Server,
}

impl Talk {
    async fn begin(way: Way, profile: ClientProfile) -> Self {
        let transcript = Transcript::default();
        let (endpoint, server) = match way.transport {
            Transport::Http => {
                let server = over_http();
                (
                    Endpoint::Http(server.url.parse().unwrap()),
                    Server::Http(server),
                )
            }
            Transport::Stdio => {
                let (server, stdin, stdout) = over_stdio();
                (Endpoint::Stdio(stdin, stdout), Server::Stdio(server))
            }
        };
        let profile = profile.with_token(TOKEN);
        let session = Session::connect(endpoint, profile, &transcript).await;
        Self {
            session: session.unwrap(),
            transcript,
            _server: server,
        }
    }

    /// A client whose user gives these answers.
    async fn answering(way: Way, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::begin(way, ClientProfile::new(way.era).answering(answers)).await
    }

    async fn call(&self, tool: &str) -> Value {
        content(&self.session.call(tool, json!({})).await.unwrap())
    }

    async fn once(&self, call: ToolCall) -> InputRequired {
        match self.session.call_once(call).await.unwrap() {
            Reply::InputRequired(asked) => asked,
            Reply::Complete(called) => panic!("it asked nothing: {}", called.raw),
        }
    }
}

fn content(called: &Called) -> Value {
    called.raw["structuredContent"].clone()
}

fn complete(reply: Result<Reply, RequestError>) -> Value {
    match reply.unwrap() {
        Reply::Complete(called) => content(&called),
        Reply::InputRequired(asked) => panic!("it asks {:?}", asked.questions),
    }
}

fn code(reply: Result<Reply, RequestError>) -> i64 {
    match reply.unwrap_err().kind {
        ErrorKind::Refused { code, .. } => code,
        other => panic!("not a JSON-RPC error: {other}"),
    }
}

#[tokio::test]
async fn whatever_the_user_answers_arrives_as_it_is() {
    for answer in [
        Answer::accept(json!({ "confirm": true })),
        Answer::accept(json!({ "confirm": false })),
        Answer::accept_without_content(),
        Answer::decline(),
        Answer::decline().with_content(json!({})),
        Answer::cancel(),
    ] {
        for way in ways() {
            let talk = Talk::answering(way, [answer.clone()]).await;
            assert_eq!(talk.call("ask_once").await, answer.to_json(), "{way:?}");
        }
    }
}

#[tokio::test]
async fn two_questions_in_one_call_get_two_answers() {
    let (first, second) = (
        Answer::accept(json!({ "confirm": true })),
        Answer::accept(json!({ "count": 7 })),
    );
    for way in ways() {
        let talk = Talk::answering(way, [first.clone(), second.clone()]).await;
        let expected = json!({ "first": first.to_json(), "second": second.to_json() });
        assert_eq!(talk.call("ask_twice").await, expected, "{way:?}");
        // The last answer holds for all that come after, and no id is mixed up.
        assert_eq!(talk.call("ask_once").await, second.to_json(), "{way:?}");
    }
}

#[tokio::test]
async fn the_record_keeps_both_sides_apart_though_both_count_from_one() {
    for way in ways().filter(|way| way.era == Era::Legacy) {
        let talk = Talk::answering(way, [Answer::decline()]).await;
        talk.call("ask_twice").await;
        let called = talk.session.call("echo", json!({ "text": "x" })).await;
        assert_eq!(content(&called.unwrap()), json!({ "text": "x" }), "{way:?}");
        let exchanges = talk.transcript.exchanges();
        let questions: Vec<&Value> = exchanges
            .iter()
            .filter(|exchange| exchange.sent.method() == Some("elicitation/create"))
            .map(|question| {
                assert_eq!(question.result()["action"], "decline", "{way:?}");
                question.sent.request_id().unwrap()
            })
            .collect();
        assert_eq!(questions, [&json!(1), &json!(2)], "{way:?}");
        let called = |exchange: &&Exchange| exchange.sent.method() == Some("tools/call");
        for call in exchanges.iter().filter(called) {
            assert!(call.result()["content"].is_array(), "{way:?}: {call:?}");
        }
    }
}

#[tokio::test]
async fn a_client_without_the_capability_is_told_so_and_asked_nothing() {
    for way in ways() {
        let talk = Talk::begin(way, ClientProfile::new(way.era)).await;
        let called = talk.session.call("ask_once", json!({})).await.unwrap();
        assert_eq!(called.raw["isError"], true, "{way:?}");
        let text = called.raw["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("elicitation"), "{way:?}: {text}");
    }
}

#[tokio::test]
async fn a_call_can_be_made_round_by_round() {
    let (first, second) = (
        Answer::accept(json!({ "confirm": true })),
        Answer::accept(json!({ "count": 2 })),
    );
    for way in ways() {
        // What its user would say by itself must not be said.
        let talk = Talk::answering(way, [Answer::cancel()]).await;
        let asked = talk.once(ToolCall::new("ask_twice", json!({}))).await;
        assert_eq!(asked.questions.len(), 1, "{way:?}");
        assert_eq!(asked.questions[0].message(), "Shall I go ahead?", "{way:?}");
        let asks_for = &asked.questions[0].form()["properties"]["confirm"]["type"];
        assert_eq!(asks_for, "boolean", "{way:?}");
        assert_eq!(asked.state.is_some(), way.era == Era::Modern, "{way:?}");

        let answers = std::slice::from_ref(&first);
        let asked = match talk.session.respond(asked, answers).await.unwrap() {
            Reply::InputRequired(asked) => asked,
            Reply::Complete(called) => panic!("{way:?}: asked once only: {}", called.raw),
        };
        assert_eq!(asked.questions[0].message(), "How many?", "{way:?}");
        let answers = std::slice::from_ref(&second);
        let got = complete(talk.session.respond(asked, answers).await);
        let expected = json!({ "first": first.to_json(), "second": second.to_json() });
        assert_eq!(got, expected, "{way:?}");
    }
}

#[tokio::test]
async fn a_state_is_seen_and_can_be_sent_again_by_hand() {
    let yes = Answer::accept(json!({ "confirm": true })).to_json();
    for way in ways().filter(|way| way.era == Era::Modern) {
        let talk = Talk::answering(way, []).await;
        let call = ToolCall::new("ask_once", json!({}));
        let asked = async || talk.once(call.clone()).await.state.unwrap();
        let retry = |tool: &str, state: Option<String>| {
            let retry = ToolCall::new(tool, json!({})).with_state(state);
            talk.session
                .call_once(retry.with_response("confirm", yes.clone()))
        };

        let state = asked().await;
        let got = complete(retry("ask_once", Some(state.clone())).await);
        assert_eq!(got, yes, "{way:?}");
        let replayed = retry("ask_once", Some(state)).await;
        assert_eq!(code(replayed), -32602, "{way:?}");
        let altered = format!("{}0", asked().await);
        assert_eq!(
            code(retry("ask_once", Some(altered)).await),
            -32602,
            "{way:?}"
        );
        let of_another_call = retry("ask_twice", Some(asked().await)).await;
        assert_eq!(code(of_another_call), -32602, "{way:?}");
        // An answer without the state answers nothing: it asks again.
        let dropped = retry("ask_once", None).await.unwrap();
        assert!(matches!(dropped, Reply::InputRequired(_)), "{way:?}");
        // So does a state without the answer.
        let silent = call.clone().with_state(Some(asked().await));
        talk.once(silent).await;
    }
}

#[tokio::test]
async fn progress_is_recorded_with_the_call() {
    for way in ways() {
        let talk = Talk::begin(way, ClientProfile::new(way.era)).await;
        let called = talk.session.call("count", json!({ "to": 4 })).await;
        let called = called.unwrap();
        assert_eq!(content(&called), json!({ "counted": 4 }), "{way:?}");
        let reported = called.exchange.notifications("notifications/progress");
        let reported: Vec<_> = reported.map(|params| params["progress"].as_u64()).collect();
        assert_eq!(reported, [Some(1), Some(2), Some(3), Some(4)], "{way:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_stops() {
    for way in ways() {
        let talk = Talk::begin(way, ClientProfile::new(way.era)).await;
        let count = ToolCall::new("count", json!({ "to": 5000 }));
        let call = talk.session.begin(count).await.unwrap();
        let progressed = talk.session.progressed(&call, 2);
        timeout(Duration::from_secs(5), progressed).await.unwrap();
        talk.session.give_up(call, "it takes too long").await;
        let stops = async {
            while talk.call("was_cancelled").await != json!({ "cancelled": true }) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let stopped = timeout(Duration::from_secs(5), stops).await;
        assert!(stopped.is_ok(), "{way:?}: it counts on");
    }
}

#[tokio::test]
async fn the_token_goes_with_every_method() {
    let server = over_http();
    let endpoint = || Endpoint::Http(server.url.parse().unwrap());
    // One that can be asked listens on a stream of its own, which it opens with GET.
    let connect = async |era| {
        let profile = ClientProfile::new(era).answering([]).with_token(TOKEN);
        Session::connect(endpoint(), profile, &Transcript::default()).await
    };
    let watcher = connect(Era::Modern).await.unwrap();
    let visits_are = async |expected: Value| {
        let awaited = async {
            loop {
                let visits = content(&watcher.call("visits", json!({})).await.unwrap());
                if visits == expected {
                    return;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        let arrived = timeout(Duration::from_secs(5), awaited).await;
        assert!(arrived.is_ok(), "never {expected}");
    };
    let session = connect(Era::Legacy).await.unwrap();
    visits_are(json!({ "admitted": ["GET", "POST"], "refused": [] })).await;
    drop(session);
    visits_are(json!({ "admitted": ["DELETE", "GET", "POST"], "refused": [] })).await;
}

#[tokio::test]
async fn without_the_token_nothing_is_answered() {
    let server = over_http();
    let url = || server.url.parse().unwrap();
    for era in Era::ALL {
        for profile in [
            ClientProfile::new(era),
            ClientProfile::new(era).with_token("other"),
        ] {
            let transcript = Transcript::default();
            let endpoint = Endpoint::Http(url());
            let refused = Session::connect(endpoint, profile.clone(), &transcript).await;
            let ErrorKind::Status { status, .. } = refused.unwrap_err().kind else {
                panic!("{era}: no status");
            };
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{era}");
            let exchange = transcript.last_request().unwrap();
            let challenge = exchange.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer"), "{era}: {challenge}");
        }
        let transcript = Transcript::default();
        let profile = ClientProfile::new(era).with_token(TOKEN);
        let raw = Raw::open(url(), profile, &transcript).await.unwrap();
        let list = raw.message("tools/list", json!({}));
        let reply = raw.send(list, Default::default()).await.unwrap();
        assert_eq!(reply.status, 200, "{era}");
    }
}

/// As from a server that writes its message over several lines.
#[tokio::test]
async fn an_answer_that_cannot_be_read_is_named_without_waiting_for_another() {
    let mut server = tokio::process::Command::new("sh")
        .args(["-c", "read line; echo '{'; echo '}'; cat"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let endpoint = Endpoint::Stdio(server.stdin.take().unwrap(), server.stdout.take().unwrap());
    let forever = Duration::from_secs(24 * 60 * 60);
    let patience = Patience {
        answer: forever,
        first_answer: forever,
        second_thoughts: Duration::from_millis(100),
        ..Patience::default()
    };
    let profile = ClientProfile::new(Era::Modern).with_patience(patience);
    let transcript = Transcript::default();
    let opening = Session::connect(endpoint, profile, &transcript);
    let opened = timeout(Duration::from_secs(60), opening).await;
    let error = opened.expect("it does not wait for ever").unwrap_err();
    assert!(matches!(error.kind, ErrorKind::NotMcp(_)), "{error:?}");
}
