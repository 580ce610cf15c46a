//! Known symptoms, each with a sentence of its own instead of a generic one.

use std::time::Duration;

use http::StatusCode;

use super::Stop;
use crate::mcp::{ErrorKind, RequestError};
use crate::subject::server::{Serving, tells_port_taken};
use crate::subject::stderr::Panic;
use crate::verdict::{Code, Finding, Location, Spot, Why};

/// How many of a program's last lines a finding quotes.
const QUOTED: usize = 6;

/// Where a program begins.
const MAIN: Spot = Spot::code("src/main.rs", "fn main");

/// Where a server begins to listen.
const LISTENS: Spot = Spot::code("src/main.rs", "TcpListener::bind");

/// A request that brought no result, where one was due.
pub fn of_failure(RequestError { sent, kind }: RequestError) -> Stop {
    let told = sent.starts_with("notifications/");
    let (code, why) = match &kind {
        ErrorKind::Refused { code: -32601, .. } => (
            Code::MethodNotFound,
            "-32601 says that the server does not support this method at all.",
        ),
        ErrorKind::Refused { code: -32603, .. } => (
            Code::InternalError,
            "-32603 says that something broke in the server. An error that a model can fix belongs in a result with isError: true.",
        ),
        ErrorKind::Refused { .. } => (
            Code::ProtocolError,
            "A JSON-RPC error says that the request itself was wrong. This request is correct.",
        ),
        ErrorKind::Status {
            status: StatusCode::UNAUTHORIZED,
            ..
        } => (
            Code::NeedsLogin,
            "401 asks for a token. In this step the server lets everyone in.",
        ),
        ErrorKind::Status {
            status: StatusCode::FORBIDDEN,
            ..
        } => (
            Code::Forbidden,
            "The server refuses programs on its own machine. It must accept requests to 127.0.0.1, on any port, that have no Origin:",
        ),
        ErrorKind::Status { status, .. } if status.is_server_error() => (
            Code::HttpError,
            "A 5xx status says that something broke in the server. Its stderr should say why.",
        ),
        ErrorKind::Status { .. } if told => (
            Code::HttpError,
            "The only answer to a notification is this status. Clients give up on a server that refuses this one.",
        ),
        ErrorKind::Status {
            status: StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED,
            ..
        } => (
            Code::HttpError,
            "Over HTTP, MCP answers a POST with 200 and a JSON-RPC message. Is it served at this path?",
        ),
        ErrorKind::Status { .. } => (
            Code::HttpError,
            "Over HTTP, MCP answers with 200 and a JSON-RPC message. This request follows the specification, but the server refuses it.",
        ),
        ErrorKind::Redirected { .. } => (
            Code::HttpError,
            "Clients do not repeat a POST at the address of a redirect. Serve MCP at exactly this path, or use the other address. A slash at the end makes a difference.",
        ),
        ErrorKind::ContentType { .. } => (
            Code::WrongContentType,
            "Clients check the content type first: application/json is one message, text/event-stream a stream of messages. They refuse anything else.",
        ),
        ErrorKind::NotMcp(_) | ErrorKind::Unmarked(_) => (
            Code::NotJsonRpc,
            "Every answer is one JSON-RPC message: jsonrpc, the id of the request, and result or error.",
        ),
        ErrorKind::WrongId { .. } => (
            Code::WrongId,
            "Clients match answers to requests by id. If the id differs, the client waits forever.",
        ),
        ErrorKind::Shape(_) => (
            Code::WrongShape,
            "This message does not have the form that the specification requires, so clients cannot read it.",
        ),
        ErrorKind::Silent { bytes: 1.., .. } => (
            Code::NoAnswer,
            "The answer began, but did not end in time. Clients read it to the end. Send all of it without waiting, and then close the stream.",
        ),
        ErrorKind::Silent { .. } => (
            Code::NoAnswer,
            "The client waits for its answer, and so does the user. Does the handler wait for something that never comes, such as a lock or a channel, or is it in an endless loop?",
        ),
        ErrorKind::TooMuch { .. } => (
            Code::TooMuch,
            "Hosts put results into a model's context. Send only what was asked for, and split long lists into pages.",
        ),
        ErrorKind::Unreachable(_) => (
            Code::ConnectionLost,
            "The connection closed before the answer was complete. Did the handler panic, or did the program exit?",
        ),
        ErrorKind::NotHttp(_) => (
            Code::ConnectionLost,
            "Something answers on this port, but it does not speak HTTP. Is it the right port?",
        ),
    };
    let finding = Finding::new(code)
        .sent(sent)
        .expected(match kind {
            _ if told => "HTTP 202 Accepted",
            ErrorKind::ContentType { .. } => "the content type application/json",
            _ => "a result",
        })
        .got(kind.to_string())
        .why(why);
    if code == Code::Forbidden {
        let names = "see with_allowed_hosts, which takes names without a port.";
        return finding.in_rust(names).into();
    }
    finding.into()
}

/// The program panicked while it handled a request or, after it had begun to listen, while it
/// started.
pub fn panicked(panic: &Panic, sent: &str) -> Stop {
    if is_at_start(panic, sent) {
        return panicked_at_start(panic);
    }
    let why = match panic.message.as_str() {
        "attempt to subtract with overflow" => {
            "An unsigned number would have gone below zero, because the sale was larger than the stock. Check the stock before you lower it, and hold the lock across both."
        }
        words
            if words.contains("within a runtime") || words.contains("block the current thread") =>
        {
            "Blocking here would stop the thread that serves every client, so tokio forbids it. Use `.await`. For a short change, a std::sync::Mutex is enough."
        }
        _ => {
            "A panic ends the handler, and the request gets no answer. Return a result or an error instead."
        }
    };
    Finding::new(Code::Panicked)
        .sent(sent)
        .expected("an answer")
        .got(shown(panic))
        .why(why)
        .located(place_of(panic))
        .into()
}

/// Whether it panicked on its main thread, before or while it was greeted.
pub fn is_at_start(panic: &Panic, sent: &str) -> bool {
    panic.is_on_main() && ["", "server/discover", "initialize"].contains(&sent)
}

/// The program panicked before anybody could ask it something.
fn panicked_at_start(panic: &Panic) -> Stop {
    let location = match place_of(panic) {
        Location::Step => MAIN.into(),
        location => location,
    };
    Finding::new(Code::Panicked)
        .expected("a server that listens, and keeps listening")
        .got(shown(panic))
        .why("A panic while the program starts ends it before any client can connect. The message says what went wrong.")
        .located(location)
        .into()
}

/// A client panicked.
pub fn client_panicked(panic: &Panic, command: &str) -> Stop {
    Finding::new(Code::Panicked)
        .ran(command)
        .expected("an answer, or a sentence on stderr and the exit code that goes with it")
        .got(shown(panic))
        .why("A panic ends the whole program with exit code 101, and its message is meant for the developer. Handle this case, and tell the user what went wrong.")
        .located(place_of(panic))
        .into()
}

/// What a panic says. One that is not in the attendee's code says where it is, too: its words are
/// about something there.
fn shown(panic: &Panic) -> String {
    let message = &panic.message;
    if panic.is_elsewhere() {
        format!("a panic in {}: {message}", in_dependency(&panic.place))
    } else {
        format!("a panic: {message}")
    }
}

/// `axum-0.8.9/src/routing/mod.rs:180:13`, without the folder where cargo keeps it.
fn in_dependency(place: &str) -> String {
    let place = place.replace('\\', "/");
    if place.starts_with("/rustc/") {
        return "the standard library".to_owned();
    }
    let kept = place.split_once("/registry/src/");
    let kept = kept.and_then(|(_, kept)| kept.split_once('/'));
    match kept {
        Some((_, kept)) => kept.to_owned(),
        None => place,
    }
}

/// The attendee's line that led to a panic; where none is known, where the step is written.
fn place_of(panic: &Panic) -> Location {
    let place = panic.own_place();
    place.map_or(Location::Step, |place| Location::At(place.into()))
}

/// A client ran and ran.
pub fn did_not_end(command: &str, patience: Duration, asked: &str, stderr: &[String]) -> Stop {
    let asked = match asked {
        "" => "had sent no request".to_owned(),
        asked => format!("had sent {asked}"),
    };
    Finding::new(Code::DidNotEnd)
        .ran(command)
        .expected("a program that exits when it is done")
        .got(format!(
            "it was still running after {} s, and {asked}. On stderr:\n{}",
            patience.as_secs(),
            last_words(stderr)
        ))
        .why("Is it waiting for something that never comes, or asking again and again? The server answers every request within milliseconds.")
        .into()
}

/// The program ended: one that serves HTTP or, where `serving` is not known, over stdio, which is
/// what the step is about then.
pub fn exited(status: &str, stderr: &[String], sent: &str, serving: Option<Serving>) -> Stop {
    if let Some(serving) = serving
        && tells_port_taken(stderr)
    {
        return Finding::new(Code::PortTaken)
            .expected(format!("a server that listens on {}", serving.port))
            .got(format!("{status}. Its last lines on stderr:\n{}", last_words(stderr)))
            .why(format!("The checker gives each server a free port in {}. Listen on that port. A fixed port may be taken by a server that you started yourself.", serving.port))
            .at(Location::from(LISTENS).or(MAIN))
            .into();
    }
    let expected = match (serving, sent) {
        (None, _) => "a server that answers until its stdin is closed",
        (Some(_), "") => "a server that listens, and keeps listening",
        (Some(_), _) => "an answer, and a server that keeps running",
    };
    let is_in_a_call = !["", "server/discover", "initialize"].contains(&sent);
    let why = match status {
        "exit status: 0" if serving.is_some() && is_in_a_call => {
            "The program exited while it was answering this request. Return an error instead. A single request must never end the server.".into()
        }
        "exit status: 0" => {
            Why::from("The program reached the end of main before it was told to stop.").in_rust(
                "`serve` only starts the session. Wait for its end with `.waiting().await?`.",
            )
        }
        _ => {
            "The server exited before it was told to stop. Its last lines on stderr usually say why.".into()
        }
    };
    let finding = Finding::new(Code::ServerExited)
        .sent(sent)
        .expected(expected)
        .got(format!(
            "{status}. Its last lines on stderr:\n{}",
            last_words(stderr)
        ))
        .why(why);
    match serving {
        Some(_) => finding.at(MAIN).into(),
        None => finding.into(),
    }
}

/// The program runs, and nothing listens on its port.
pub fn not_listening(port: u16, stderr: &[String], serving: Serving) -> Stop {
    let variable = serving.port;
    Finding::new(Code::NotListening)
        .expected(format!("a server on 127.0.0.1, at the port in {variable}"))
        .got(format!("nothing listens on port {port}. Its last lines on stderr:\n{}", last_words(stderr)))
        .why(format!("The checker tells the program its port in {variable} and connects to 127.0.0.1. Does your code use another address or port?"))
        .at(Location::from(LISTENS).or(MAIN))
        .into()
}

fn last_words(stderr: &[String]) -> String {
    let from = stderr.len().saturating_sub(QUOTED);
    match &stderr[from..] {
        [] => "(nothing)".to_owned(),
        lines => lines.join("\n"),
    }
}

/// What rustc says at length about a tool whose type rmcp does not take, in other words.
pub fn of_compile_error(error: &str) -> Option<&'static str> {
    let unmet = error.contains("not implemented") || error.contains("not satisfied");
    if unmet && error.contains("Sync`") {
        return Some(
            "Many clients call your store at the same time, so everything in it must be Sync. Cell and RefCell are not. Keep data that changes in a std::sync::Mutex.",
        );
    }
    error.contains("IntoToolRoute").then_some(
        "rmcp does not accept the signature of one of your tools. A tool takes `&self` and, if it has arguments, `Parameters<T>`, where T derives Deserialize and JsonSchema. It returns `Json<R>`, or `Result<Json<R>, String>`, where R derives Serialize and JsonSchema.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_below_zero_is_told_as_what_it_is() {
        let why = |message: &str| {
            let panic = Panic {
                place: "src/inventory.rs:60:9".to_owned(),
                message: message.to_owned(),
                ..Panic::default()
            };
            match panicked(&panic, "tools/call") {
                Stop::Failed(finding) => finding.why.to_string(),
                other => panic!("{other:?}"),
            }
        };
        assert!(why("attempt to subtract with overflow").contains("below zero"));
        assert!(why("oh").contains("Return a result or an error"));
    }

    #[test]
    fn what_rustc_says_of_a_store_that_cannot_be_shared_is_told_as_that() {
        let rustc = "its trait bounds were not satisfied: `RefCell<Vec<Product>>: Sync`";
        assert!(of_compile_error(rustc).is_some_and(|words| words.contains("Mutex")));
        assert_eq!(
            of_compile_error("cannot find value `Sync` in this scope"),
            None
        );
    }
}
