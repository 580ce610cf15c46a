//! 3.5: the last item is sold once, however many buy at the same moment.
//!
//! Each round brings a product down to one and then has many buyers ask for it. Over HTTP
//! they stand in line on open connections with all but the last byte sent, and those last
//! bytes go out together.

use std::io;

use futures::future::join_all;
use futures::stream;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Duration, sleep};

use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::raw::Raw;
use crate::mcp::{ErrorKind, RequestError};
use crate::verdict::{Code, Finding};

/// How many want the last one.
const BUYERS: usize = 10;

/// How many products are sold out, at most. A race is lost only sometimes.
const ROUNDS: usize = 3;

/// Long enough for all buyers to have their connection, and all but the last byte sent.
const LINE_UP: Duration = Duration::from_millis(5);

/// From outside nobody can tell this from a store that is right.
const UNSEEN: &str = "A gap of microseconds between the look at the stock and the sale can escape this check. One lock, held from the one to the other, leaves none.";

/// What became of one buyer.
#[derive(Debug, PartialEq)]
enum Buyer {
    Won,
    Refused,
    Lost(ErrorKind),
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("find products to sell out, the rarest first");
    let products = shop.rarest_first().await?;
    if products.is_empty() {
        return Err(shop::too_little_left(server));
    }
    // A running server gets one round, and keeps something for the other era.
    let rounds = if server.runs_already() { 1 } else { ROUNDS };
    for product in products.iter().take(rounds) {
        server.purpose("bring the stock down to one");
        shop.buy_down_to(1, product).await?;
        server.purpose("many buyers want the last one at the same moment");
        let buyers = race(server, &shop, product).await?;
        server.purpose("see what is left");
        let left = shop.products().await?;
        was_sold_once(product, &buyers, &left)?;
    }
    server.remark(UNSEEN);
    Ok(())
}

fn was_sold_once(product: &Product, buyers: &[Buyer], left: &[Product]) -> Checked {
    let won = buyers.iter().filter(|buyer| **buyer == Buyer::Won).count();
    // One that is not listed any more has none left; that it should be is for 3.4 to say.
    let stock = left
        .iter()
        .find(|one| one.name == product.name)
        .map_or(0, |one| one.stock);
    let lost = buyers.iter().find_map(|buyer| match buyer {
        Buyer::Lost(kind) => Some(kind),
        Buyer::Won | Buyer::Refused => None,
    });
    let (code, got, why) = match (won, stock, lost) {
        (1, 0, None) => return Ok(()),
        (2.., ..) => (
            Code::SoldTwice,
            format!("{won} buyers have it"),
            "Between the look at the stock and the sale another buyer came in. Hold one lock from the one to the other.",
        ),
        (_, _, Some(kind)) => (
            Code::LoserWithoutReason,
            format!("{won} has it, and another buyer got {kind}"),
            "Being too late is no protocol error: the model should read it and choose something else.",
        ),
        (0, ..) => (
            Code::SoldToNobody,
            "nobody has it".to_owned(),
            "One was in stock, and every buyer was sent away. Let the others wait their turn instead.",
        ),
        (_, stock, None) => (
            Code::WrongStockAfterRace,
            format!("one buyer has it, and {stock} are left"),
            "The sale must lower the stock once: no more, no less.",
        ),
    };
    Err(Finding::new(code)
        .sent(format!(
            "{BUYERS} × tools/call buy_product {} at the same moment",
            json!({ "product_name": product.name, "quantity": 1 })
        ))
        .expected("one receipt, a tool error for everybody else, and none left")
        .got(got)
        .why(why)
        .into())
}

async fn race(server: &ServerUnderTest, shop: &Shop, product: &Product) -> Checked<Vec<Buyer>> {
    if !server.has_http() {
        let orders = (0..BUYERS).map(|_| shop.order(&product.name, 1));
        let answers = join_all(orders).await;
        let buyer = |answer: Checked<crate::mcp::Called>| {
            Ok(match answer?.result.is_error {
                Some(true) => Buyer::Refused,
                _ => Buyer::Won,
            })
        };
        return answers.into_iter().map(buyer).collect();
    }
    let raw = server.raw().await?;
    let (go, gone) = watch::channel(false);
    let line_up = (0..BUYERS).map(|_| buy_when_told(&raw, &product.name, gone.clone()));
    let start = async {
        sleep(LINE_UP).await;
        let _ = go.send(true);
    };
    let (buyers, ()) = futures::join!(join_all(line_up), start);
    Ok(buyers)
}

async fn buy_when_told(raw: &Raw, product: &str, go: watch::Receiver<bool>) -> Buyer {
    let arguments = json!({ "product_name": product, "quantity": 1 });
    let message = raw.message(
        "tools/call",
        json!({ "name": "buy_product", "arguments": arguments }),
    );
    let mut first = message.to_string();
    let length = first.len();
    let last = first.split_off(length - 1);
    let body = stream::unfold(Some((first, last, go)), |rest| async move {
        let (first, last, mut go) = rest?;
        if !first.is_empty() {
            return Some((Ok::<_, io::Error>(first), Some((String::new(), last, go))));
        }
        let _ = go.wait_for(|go| *go).await;
        Some((Ok(last), None))
    });
    // With its length known beforehand the body is not sent in chunks.
    let headers = HeaderMap::from_iter([(http::header::CONTENT_LENGTH, length.into())]);
    let sent = raw
        .send_body(message, headers, reqwest::Body::wrap_stream(body))
        .await;
    match sent {
        Ok((reply, _)) => match (ErrorKind::of(&reply.exchange), reply.exchange.answer()) {
            (Some(kind), _) => Buyer::Lost(kind),
            (None, Some(answer)) if answer["result"]["isError"] == Value::Bool(true) => {
                Buyer::Refused
            }
            (None, Some(_)) => Buyer::Won,
            (None, None) => Buyer::Lost(ErrorKind::Unreachable("no answer".to_owned())),
        },
        Err(RequestError { kind, .. }) => Buyer::Lost(kind),
    }
}
