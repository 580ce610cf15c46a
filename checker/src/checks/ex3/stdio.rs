//! 3.7: `--stdio` serves the same tools, and stdout carries nothing but MCP, with logging
//! turned on too. The program ends when its stdin does.

use std::collections::BTreeSet;

use rmcp::model::Prompt;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::places;
use crate::checks::draw;
use crate::checks::store::shop::Shop;
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::Session;
use crate::mcp::message::Message;
use crate::mcp::transcript::{Exchange, Received};
use crate::verdict::{Code, Finding, Location};

/// So many resources and prompts are tried. The store has one of each.
const FEW: usize = 3;

/// How much of a line is shown, in characters.
const LETTERS_SHOWN: usize = 300;

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let mut over_http = None;
    if server.has_both_transports() {
        server.purpose("see the tools over HTTP, to compare");
        over_http = Some(tools(&server.session().await?).await?);
    }
    let setting = "with --stdio";
    let session = open(server, setting, &[]).await?;
    has_the_tools_of(over_http.as_ref(), server, &session, setting).await?;

    let setting = "with --stdio and RUST_LOG=debug";
    let session = open(server, setting, &[("RUST_LOG", "debug")]).await?;
    let shop = Shop { session };
    let bought = buys(server, &shop, setting).await;
    stdout_is_pure(server, setting)?;
    bought?;
    drop(shop);
    ends_with_its_stdin(server).await?;

    // On its own, since it need not be finished: what a handler of a bonus step leaves on stdout
    // counts here, and whether it works there.
    let session = server
        .unwatched_stdio_session(&[("RUST_LOG", "debug")])
        .await;
    if let Ok(session) = session {
        // One that hangs takes no other step's time.
        let using = use_what_else_is_there(server, &session, setting);
        let _ = timeout(server.patience.answer * 2, using).await;
    }
    stdout_is_pure(server, setting)
}

async fn has_the_tools_of(
    over_http: Option<&BTreeSet<String>>,
    server: &ServerUnderTest,
    session: &Session,
    setting: &str,
) -> Checked {
    server.purpose(&format!("see the tools {setting}"));
    let over_stdio = tools(session).await;
    stdout_is_pure(server, setting)?;
    let over_stdio = over_stdio?;
    over_http.map_or(Ok(()), |over_http| {
        are_the_same(setting, over_http, &over_stdio)
    })
}

/// Calls what a customer calls: handlers print, too.
async fn buys(server: &ServerUnderTest, shop: &Shop, setting: &str) -> Checked {
    server.purpose(&format!("list the products {setting}"));
    let products = shop.products().await?;
    server.purpose(&format!("buy one of something {setting}"));
    if let Some(product) = products.iter().find(|product| product.stock > 0) {
        shop.buy(&product.name, 1).await?;
    }
    server.purpose(&format!("order a product that does not exist {setting}"));
    shop.order(&draw::unheard_of(server), 1).await?;
    Ok(())
}

/// Calls what the bonus steps add, whatever comes of it.
async fn use_what_else_is_there(server: &ServerUnderTest, session: &Session, setting: &str) {
    server.purpose(&format!("use the other features {setting}"));
    let unheard_of = draw::unheard_of(server);
    let declared = session.capabilities();
    // One after the other: a line on stdout then belongs to what was called last.
    let _ = session.call("search_products", json!({})).await;
    if declared.resources.is_some() {
        let resources = session.resources().await.unwrap_or_default();
        let uris = resources.into_iter().map(|resource| resource.uri);
        let unknown = format!("store://{unheard_of}");
        for uri in uris.take(FEW).chain([unknown]) {
            let _ = session.read(&uri).await;
        }
    }
    if declared.prompts.is_some() {
        let prompts = session.prompts().await.unwrap_or_default();
        for prompt in prompts.iter().take(FEW) {
            let _ = session.prompt(&prompt.name, filled_in(prompt)).await;
        }
    }
    if declared.completions.is_some() {
        let _ = session.complete("recommend", "occasion", "").await;
    }
}

/// Arguments for a prompt, the required ones alone.
fn filled_in(prompt: &Prompt) -> Value {
    let arguments = prompt.arguments.iter().flatten();
    let required = arguments.filter(|argument| argument.required == Some(true));
    let filled_in = required.map(|argument| (argument.name.clone(), json!("a picnic")));
    Value::Object(Map::from_iter(filled_in))
}

/// A host that goes away closes the pipe, and that is all the goodbye there is.
async fn ends_with_its_stdin(server: &ServerUnderTest) -> Checked {
    let Some(program) = server.newest_child() else {
        return Ok(());
    };
    let patience = server.patience.goodbye;
    if timeout(patience, program.ended()).await.is_ok() {
        return Ok(());
    }
    Err(Finding::new(Code::OutlivesStdin)
        .sent("nothing more: its stdin was closed")
        .expected("a program that ends by itself")
        .got(format!("it was still running after {} s", patience.as_secs_f64()))
        .why("Closing stdin is how a host stops a stdio server. A server that keeps running stays behind each time the host closes, and such servers pile up.")
        .in_rust("After `serve`, `.waiting().await?` returns when the client is gone, and then main must return. Does a task or a thread keep it running?")
        .into())
}

async fn open(
    server: &ServerUnderTest,
    setting: &str,
    environment: &[(&str, &str)],
) -> Checked<Session> {
    let opened = server.stdio_session(environment).await;
    // What stands on stdout beside the wire explains a handshake that came to nothing.
    stdout_is_pure(server, setting)?;
    opened
}

async fn tools(session: &Session) -> Checked<BTreeSet<String>> {
    let tools = session.tools().await?;
    Ok(tools
        .into_iter()
        .map(|tool| tool.name.into_owned())
        .collect())
}

fn are_the_same(setting: &str, http: &BTreeSet<String>, stdio: &BTreeSet<String>) -> Checked {
    if http == stdio {
        return Ok(());
    }
    let names = |tools: &BTreeSet<String>| {
        let tools: Vec<&str> = tools.iter().map(String::as_str).collect();
        tools.join(", ")
    };
    Err(Finding::new(Code::OtherToolsOnStdio)
        .sent(format!("tools/list {setting}"))
        .expected(format!("the same tools as over HTTP: {}", names(http)))
        .got(names(stdio))
        .why("This is one service with two transports. Serve the same type over both.")
        .into())
}

fn stdout_is_pure(server: &ServerUnderTest, setting: &str) -> Checked {
    let strays = server.transcript().exchanges().into_iter();
    let strays: Vec<(Message, String)> = strays
        .filter_map(|exchange| Some((exchange.sent.clone(), stray_line(&exchange)?)))
        .collect();
    let Some((during, line)) = strays.first() else {
        return Ok(());
    };
    let mut places = strays.iter().map(|(during, _)| place_of(during));
    let place = places.next().flatten();
    let place = place.filter(|place| places.all(|other| other.as_ref() == Some(place)));
    let shown: String = line.chars().take(LETTERS_SHOWN).collect();
    let rest = if shown.len() < line.len() { " …" } else { "" };
    let mut finding = Finding::new(Code::StdoutIsNotPure)
        .sent(format!("{} {setting}", during.describe()))
        .expected("only JSON-RPC messages on stdout, one per line");
    // What was no UTF-8 is written so in the record.
    if line.contains(char::REPLACEMENT_CHARACTER) {
        return Err(finding
            .got(format!("a line that is not UTF-8: {shown:?}{rest}"))
            .why("Programs must exchange JSON in UTF-8 (RFC 8259, 8.1). A client drops this line, and waits for its answer forever.")
            .into());
    }
    if is_message_in_pieces(&strays) {
        return Err(finding
            .got(format!("the line {shown:?}{rest}"))
            .why("This is only a part of a message. With stdio, every message is one line: JSON without line breaks, and without headers before it.")
            .into());
    }
    if let Some(place) = place {
        finding = finding.at(place);
    }
    Err(finding
        .got(format!("the line {shown:?}{rest}"))
        .why("With stdio, stdout is the wire. Clients drop the connection at the first line that is not a message.")
        .in_rust("Print with eprintln!, and send logs to stderr: .with_writer(std::io::stderr).")
        .into())
}

/// Whether what stands on stdout are messages, spread over several lines or with a header before
/// each, as the language server protocol has them.
fn is_message_in_pieces(strays: &[(Message, String)]) -> bool {
    let first = strays.first().map_or("", |(_, line)| line.as_str());
    first.starts_with("Content-Length:") || matches!(first.trim_end(), "{" | "[")
}

/// Where the handler of a request is written. `None` for what every server does by itself.
fn place_of(request: &Message) -> Option<Location> {
    Some(match request.method()? {
        "tools/call" => places::of_tool(request.json["params"]["name"].as_str()?),
        "resources/read" => places::RESOURCES_METHODS.into(),
        "prompts/get" => places::PROMPTS_HANDLER.into(),
        "completion/complete" => places::COMPLETIONS.into(),
        _ => return None,
    })
}

/// Something on stdout that is no message of the protocol.
fn stray_line(exchange: &Exchange) -> Option<String> {
    exchange
        .received
        .iter()
        .find_map(|received| match received {
            Received::Text(line) => Some(line.clone()),
            Received::Json(message) => {
                let is_mcp = message.json["jsonrpc"] == "2.0";
                (!is_mcp).then(|| message.json.to_string())
            }
        })
}
