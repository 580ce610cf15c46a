//! What every client does before it is of use: requests that a server can take, and a session that
//! both sides know to be open.

use http::{Method, StatusCode};

use crate::checks::harness::Ran;
use crate::checks::{Checked, Stop};
use crate::fixtures::{Record, Request};
use crate::mcp::transcript::{Exchange, Received};
use crate::verdict::{Code, Why};

/// How the server, at the beginning of a session of the older era, learns that its answer arrived.
const INITIALIZED: &str = "notifications/initialized";

/// JSON-RPC codes by which a server says that it speaks the other era.
const OTHER_ERA: [i64; 2] = [-32601, -32000];

/// The JSON-RPC code by which a server says that it speaks no such version.
const UNSUPPORTED_VERSION: i64 = -32022;

/// That the program did not stop at a request that the server could not take: a header was missing
/// or wrong, or the message.
pub(crate) fn taken(ran: &Ran, record: &Record) -> Checked {
    if ran.status.success() {
        return Ok(());
    }
    // A client that is turned away may go on to the greeting of the other era.
    let greetings = ["server/discover", "initialize"].map(|method| record.last(method));
    let suspects = [record.last_message()].into_iter().chain(greetings);
    let turned_away = suspects.flatten().find_map(|exchange| {
        let status = exchange.status.filter(|status| was_turned_away(*status))?;
        (!is_of_other_era(&exchange)).then_some((exchange, status))
    });
    let Some((exchange, status)) = turned_away else {
        return Ok(());
    };
    let method = exchange.sent.method().unwrap_or_default();
    Err(ran
        .finding(Code::TurnedAway)
        .expected(format!("{method}, in a form that the server accepts"))
        .got(format!(
            "{}\n{}\n{}",
            exchange.via,
            answered(&exchange),
            ran.printed()
        ))
        .why(if error_codes(&exchange).contains(&UNSUPPORTED_VERSION) {
            wrong_version()
        } else {
            why(status)
        })
        .into())
}

/// Whether it is a greeting that the server does not know, because it is of the other era.
fn is_of_other_era(exchange: &Exchange) -> bool {
    let is_greeting = matches!(
        exchange.sent.method(),
        Some("server/discover" | "initialize")
    );
    let codes = error_codes(exchange);
    is_greeting && codes.iter().any(|code| OTHER_ERA.contains(code))
}

/// The codes of the JSON-RPC errors that came back.
fn error_codes(exchange: &Exchange) -> Vec<i64> {
    let codes = exchange.received.iter().map(|received| match received {
        Received::Json(message) => message.json["error"]["code"].as_i64(),
        Received::Text(_) => None,
    });
    codes.flatten().collect()
}

/// Statuses that say that the request itself was wrong. Whether the client may come in is another
/// question, and so is whether there is such a method.
fn was_turned_away(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::NOT_ACCEPTABLE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

/// Why no session comes about where the versions do not fit.
fn wrong_version() -> Why {
    Why::from("The greeting names a protocol version that this server does not speak. Name one that it does; the server's answer lists them.")
        .in_rust("With ClientLifecycleMode::Auto, `preferred_versions` holds the newest one, ProtocolVersion::V_2026_07_28. rmcp falls back to the older ones by itself.")
}

fn why(status: StatusCode) -> Why {
    Why::from(match status {
        StatusCode::NOT_ACCEPTABLE => {
            "Every POST must accept both kinds of answer: `Accept: application/json, text/event-stream`. `*/*` is not enough."
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "Every POST needs `Content-Type: application/json`, and one JSON-RPC message as its body."
        }
        _ => {
            "The server's message says what is wrong. Since 2026-07-28, every request repeats parts of its body in the headers MCP-Protocol-Version and Mcp-Method, and in Mcp-Name if it names a tool or a URI. In older versions, every request has the Mcp-Session-Id from the answer to initialize."
        }
    })
}

/// That a session of the older era was declared open before anything was asked in it.
pub(crate) fn announced(ran: &Ran, record: &Record) -> Checked {
    let accepted = |exchange: Exchange| exchange.answer()?.get("result").cloned();
    if record.last("initialize").and_then(accepted).is_none() {
        return Ok(());
    }
    let requests = record.requests();
    let first = |wanted: &dyn Fn(&str) -> bool| requests.iter().position(|one| wanted(one.rpc()));
    let announced = first(&|method| method == INITIALIZED);
    let asked = first(&|method| {
        !["", "initialize", "server/discover", "ping", INITIALIZED].contains(&method)
    });
    let got = match (announced, asked) {
        (Some(announced), asked) if asked.is_none_or(|asked| announced < asked) => {
            let refused = record.last(INITIALIZED).filter(was_refused);
            let refused = refused.filter(|one| !came_too_late(one, &requests, announced));
            let Some(refused) = refused else {
                return Ok(());
            };
            format!("{INITIALIZED}, and {}", answered(&refused))
        }
        (Some(_), asked) => {
            let method = asked.map_or("", |asked| requests[asked].rpc());
            format!("{method} first, and {INITIALIZED} later")
        }
        (None, Some(asked)) => format!("{} without it", requests[asked].rpc()),
        (None, None) => "nothing after the answer to initialize".to_owned(),
    };
    Err(unannounced(ran, got))
}

/// Whether the server did not take it, for another reason than that it does not let the client in.
fn was_refused(exchange: &Exchange) -> bool {
    let status = exchange.status;
    status.is_some_and(|status| !status.is_success() && status != StatusCode::UNAUTHORIZED)
}

/// Whether it was refused only because the client has meanwhile ended the session in which it was
/// sent. One that only says hello may do both at the same moment.
fn came_too_late(refused: &Exchange, requests: &[Request], announced: usize) -> bool {
    let was_in_session = requests[announced].headers.contains_key("mcp-session-id");
    let is_gone = refused.status == Some(StatusCode::NOT_FOUND);
    is_gone && was_in_session && requests.iter().any(|one| one.method == Method::DELETE)
}

fn unannounced(ran: &Ran, got: String) -> Stop {
    ran.finding(Code::NotInitialized)
        .expected(format!(
            "{INITIALIZED} right after the answer to initialize, before any other request"
        ))
        .got(got)
        .why("In versions up to 2025-11-25, a session is open once the client has sent this notification. Many servers refuse every request until then.")
        .in_rust("In rmcp, `serve_with_lifecycle` and `serve` send it for you.")
        .into()
}

/// `the server answers 406: Client must accept …`
fn answered(exchange: &Exchange) -> String {
    let status = exchange.status.map(|status| status.as_str().to_owned());
    let words = exchange.received.iter().map(|received| match received {
        Received::Json(message) => match message.json["error"]["message"].as_str() {
            Some(words) => words.to_owned(),
            None => message.json.to_string(),
        },
        Received::Text(text) => text.clone(),
    });
    let parts: Vec<String> = status.into_iter().chain(words).collect();
    format!("the server answers {}", parts.join(": "))
}
