//! 3.8: it is safe by default: loopback only, a foreign `Origin` or `Host` gets 403; a page of
//! this machine gets in.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue};
use rand::RngExt;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::places;
use crate::checks::draw;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::raw::{Raw, Reply};
use crate::mcp::{ErrorKind, RequestError};
use crate::verdict::{Code, Finding};

/// Another address of this machine's loopback interface. A server on 127.0.0.1 is not there,
/// one on all interfaces is.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    if !server.has_http() {
        return Err(Stop::CouldNotCheck(
            "a stdio server has no HTTP. Check it with `--url` while it serves HTTP".to_owned(),
        ));
    }
    listens_on_loopback_only(server).await?;

    let shop = Shop::enter(server).await?;
    server.purpose("find something to buy");
    // One for the control, and one that a foreign order could get: if nothing were left, a sale
    // that only failed for want of stock would look like a refusal.
    let product = shop.best_stocked().await?.filter(|best| best.stock > 1);
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    let raw = server
        .raw()
        .await?
        .knowing(shop.declared("buy_product").await?);
    let order = || {
        let arguments = json!({ "product_name": product.name, "quantity": 1 });
        raw.message(
            "tools/call",
            json!({ "name": "buy_product", "arguments": arguments }),
        )
    };
    server.purpose("control: the same order without a foreign header is filled");
    let control = raw.send(order(), HeaderMap::new()).await?;
    if let Some(kind) = ErrorKind::of(&control.exchange) {
        let sent = control.exchange.sent.describe();
        return Err(RequestError { sent, kind }.into());
    }

    lets_in_pages_of_this_machine(server, &raw).await?;

    let stranger = format!("{}.example", draw::unheard_of(server).to_lowercase());
    let foreign = [
        (
            ORIGIN,
            format!("http://{stranger}"),
            "a page on another site",
            OfStranger {
                checked_too_late: Code::ForeignOriginCheckedTooLate,
                accepted: Code::ForeignOriginAccepted,
                wrong_status: Code::ForeignOriginWrongStatus,
            },
        ),
        (
            HOST,
            stranger,
            "a page whose domain name resolves to your machine (DNS rebinding)",
            OfStranger {
                checked_too_late: Code::ForeignHostCheckedTooLate,
                accepted: Code::ForeignHostAccepted,
                wrong_status: Code::ForeignHostWrongStatus,
            },
        ),
    ];
    server.purpose("see the stock before");
    let mut before = in_order(shop.products().await?);
    for (header, value, who, codes) in foreign {
        server.purpose(&format!("the same order from {who}"));
        let mut replies = vec![(
            raw_with(&raw, order(), &header, &value).await?,
            value.clone(),
        )];
        for value in lookalikes(&header, &value) {
            let from = "a page whose address looks like this machine's";
            server.purpose(&format!("the same order from {from}"));
            replies.push((raw_with(&raw, order(), &header, &value).await?, value));
        }
        server.purpose("see that nothing was sold");
        let after = in_order(shop.products().await?);
        // Which of them was served its answer says; a sale that was refused is the first one's.
        let sold = before != after;
        let served = |(reply, _): &(Reply, String)| reply.status == 200;
        let by_whom = replies.iter().position(served).unwrap_or_default();
        for (number, (reply, value)) in replies.iter().enumerate() {
            let nothing_sold = !(sold && number == by_whom);
            is_turned_away(&product, (&header, value, who, &codes), reply, nothing_sold)?;
        }
        before = after;
    }
    Ok(())
}

/// A list of products has no order in the contract.
fn in_order(mut products: Vec<Product>) -> Vec<Product> {
    products.sort_by(|one, other| one.name.cmp(&other.name));
    products
}

/// Addresses of a stranger that begin with one of this machine, or hold it somewhere.
fn lookalikes(header: &HeaderName, stranger: &str) -> Vec<String> {
    let stranger = stranger.trim_start_matches("http://");
    let hosts = ["localhost", "127.0.0.1"].map(|local| format!("{local}.{stranger}"));
    if *header == HOST {
        return hosts.to_vec();
    }
    let hosts = hosts.iter().map(|host| format!("http://{host}"));
    hosts
        .chain([
            format!("https://localhost.{stranger}"),
            format!("http://localhost@{stranger}"),
            format!("http://{stranger}/localhost"),
            // A page without an origin of its own: in a sandbox, or from a file.
            "null".to_owned(),
        ])
        .collect()
}

/// A rule that refuses every page is none: the pages of this machine are where hosts with a user
/// interface run, whatever their port.
async fn lets_in_pages_of_this_machine(server: &ServerUnderTest, raw: &Raw) -> Checked {
    let port = server.random(|dice| dice.random_range(1024..=u16::MAX));
    for host in ["localhost", "127.0.0.1"] {
        let origin = format!("http://{host}:{port}");
        server.purpose("control: a page on this machine is allowed");
        let list = raw.message("tools/list", json!({}));
        let reply = raw_with(raw, list, &ORIGIN, &origin).await?;
        let Some(kind) = ErrorKind::of(&reply.exchange) else {
            continue;
        };
        let sent = reply.exchange.sent.describe();
        return Err(Finding::new(Code::LocalOriginRefused)
            .sent(format!("{sent} with Origin: {origin}"))
            .expected("an answer: this page is on the same machine")
            .got(kind.to_string())
            .why("A page on localhost or 127.0.0.1, on any port, is a program that you run, such as the MCP Inspector.")
            .in_rust("In rmcp: with_allowed_origins([\"http://localhost:*\", \"http://127.0.0.1:*\"]). With an empty list, enforce_origin_validation() refuses every page.")
            .into());
    }
    Ok(())
}

async fn raw_with(
    raw: &Raw,
    message: serde_json::Value,
    header: &HeaderName,
    value: &str,
) -> Checked<Reply> {
    let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("evil.example"));
    let headers = HeaderMap::from_iter([(header.clone(), value)]);
    Ok(raw.send(message, headers).await?)
}

/// What a request with a stranger's header shows, where it is not turned away.
struct OfStranger {
    checked_too_late: Code,
    accepted: Code,
    wrong_status: Code,
}

fn is_turned_away(
    product: &Product,
    (header, value, who, codes): (&HeaderName, &str, &str, &OfStranger),
    reply: &Reply,
    nothing_sold: bool,
) -> Checked {
    let name = if *header == ORIGIN { "Origin" } else { "Host" };
    let status = reply.exchange.status.map(|status| status.to_string());
    let status = status.as_deref().unwrap_or("no status");
    let sold = format!("HTTP {status}, and one {:?} less", product.name);
    let (code, got, more) = match (reply.status, nothing_sold) {
        (403, true) => return Ok(()),
        // Misdirected Request: HTTP's own word for a Host that is not served here (RFC 9110,
        // 15.5.20), and what servers in Python say.
        (421, true) if *header == HOST => return Ok(()),
        // A value that no browser would send may be called malformed.
        (400, true) if !is_well_formed(header, value) => return Ok(()),
        (403, false) => (
            codes.checked_too_late,
            sold,
            "The server filled the order, and refused it afterwards. Check the header before anything else.",
        ),
        (_, false) => (codes.accepted, sold, ""),
        (_, true) => (
            codes.wrong_status,
            format!("HTTP {status}"),
            "403 says that this is forbidden. With any other status, people look for the mistake in the wrong place.",
        ),
    };
    let setting = if *header == ORIGIN {
        "with_allowed_origins"
    } else {
        "with_allowed_hosts"
    };
    Err(Finding::new(code)
        .sent(format!(
            "{} with {name}: {value}",
            reply.exchange.sent.describe()
        ))
        .expected("HTTP 403 Forbidden, and nothing sold")
        .got(got)
        .why(format!("A browser sends this header for {who}. {more}").trim_end())
        .in_rust(format!(
            "In rmcp, StreamableHttpServerConfig checks it: {setting}."
        ))
        .into())
}

/// Whether a value is what its header may hold (RFC 6454, 7.1; RFC 9110, 7.2).
fn is_well_formed(header: &HeaderName, value: &str) -> bool {
    let host = value.split_once("://").map_or(value, |(_, host)| host);
    *header != ORIGIN || !host.contains(['@', '/'])
}

async fn listens_on_loopback_only(server: &ServerUnderTest) -> Checked {
    let Some(port) = server.own_port() else {
        return Ok(());
    };
    let connecting = TcpStream::connect(SocketAddr::from((ELSEWHERE, port)));
    let reached = timeout(Duration::from_millis(250), connecting).await;
    if !matches!(reached, Ok(Ok(_))) {
        return Ok(());
    }
    Err(Finding::new(Code::AllInterfaces)
        .sent(format!("a connection to {ELSEWHERE}:{port}"))
        .expected("no connection: the server only listens on 127.0.0.1")
        .got("a server that listens on every address of the machine")
        .why("On 0.0.0.0, everyone on the same network can buy. Listen on 127.0.0.1 unless you are told to use another address.")
        .at(places::default_address())
        .into())
}
