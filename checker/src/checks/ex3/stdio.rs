//! 3.7: `--stdio` serves the same tools, and stdout carries nothing but MCP, with logging
//! turned on too.

use std::collections::BTreeSet;

use crate::checks::draw;
use crate::checks::store::shop::Shop;
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::Session;
use crate::mcp::transcript::{Exchange, Received};
use crate::verdict::{Code, Finding};

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
    let bought = buys(server, session, setting).await;
    stdout_is_pure(server, setting)?;
    bought
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
async fn buys(server: &ServerUnderTest, session: Session, setting: &str) -> Checked {
    let shop = Shop { session };
    server.purpose(&format!("list the products {setting}"));
    let products = shop.products().await?;
    server.purpose(&format!("buy one of something {setting}"));
    if let Some(product) = products.iter().find(|product| product.stock > 0) {
        shop.buy(&product.name, 1).await?;
    }
    server.purpose(&format!("order what does not exist {setting}"));
    shop.order(&draw::unheard_of(server), 1).await?;
    Ok(())
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
        .expected(format!("the tools that HTTP has: {}", names(http)))
        .got(names(stdio))
        .why("One service, two transports: serve the same type over both.")
        .into())
}

fn stdout_is_pure(server: &ServerUnderTest, setting: &str) -> Checked {
    let impure = server
        .transcript()
        .newest(|exchange| stray_line(exchange).is_some());
    let impure = impure.as_ref().and_then(stray_line);
    let Some(line) = impure else {
        return Ok(());
    };
    let shown: String = line.chars().take(LETTERS_SHOWN).collect();
    let rest = if shown.len() < line.len() { " …" } else { "" };
    let finding = Finding::new(Code::StdoutIsNotPure)
        .sent(format!("any request {setting}"))
        .expected("nothing on stdout but JSON-RPC messages, one a line");
    // What was no UTF-8 is written so in the record.
    if line.contains(char::REPLACEMENT_CHARACTER) {
        return Err(finding
            .got(format!("a line that is not UTF-8: {shown:?}{rest}"))
            .why("JSON is UTF-8 wherever programs exchange it (RFC 8259, 8.1). A client drops the line, and waits for its answer for ever.")
            .into());
    }
    Err(finding
        .got(format!("the line {shown:?}{rest}"))
        .why("With stdio, stdout is the wire. A client drops the connection at the first line that is no message.")
        .in_rust("Print with eprintln!, and send logs to stderr: .with_writer(std::io::stderr).")
        .into())
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
