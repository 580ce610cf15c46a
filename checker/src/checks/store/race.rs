//! The last item, and many who want it.
//!
//! Over HTTP they stand in line on open connections with all but the last byte sent, and those
//! last bytes go out together.

use std::io;
use std::time::Duration;

use futures::future::join_all;
use futures::stream;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use super::question::yes;
use super::shop::{Product, Shop, stock_of};
use crate::checks::Checked;
use crate::mcp::raw::Raw;
use crate::mcp::{ErrorKind, InputRequired, Reply, RequestError};
use crate::verdict::{Code, Finding};

/// Long enough for all buyers to have their connection, and all but the last byte sent.
const LINE_UP: Duration = Duration::from_millis(5);

/// From outside, nobody can tell this from a store that is right.
pub const UNSEEN: &str = "This check can miss a gap of microseconds between checking the stock and selling. If you hold one lock across both, there is no gap.";

/// What became of one buyer.
#[derive(Debug, PartialEq)]
pub enum Buyer {
    /// Has a receipt.
    Won,
    /// Reads in a tool error that it is gone.
    Refused,
    /// Got nothing that a model could read.
    Lost(ErrorKind),
}

/// Sends all these calls at the same moment.
pub async fn at_the_same_moment(raw: &Raw, calls: Vec<Value>) -> Vec<Buyer> {
    let (go, gone) = watch::channel(false);
    let line_up = calls
        .into_iter()
        .map(|call| send_when_told(raw, call, gone.clone()));
    let start = async {
        sleep(LINE_UP).await;
        let _ = go.send(true);
    };
    let (buyers, ()) = futures::join!(join_all(line_up), start);
    buyers
}

async fn send_when_told(raw: &Raw, message: Value, go: watch::Receiver<bool>) -> Buyer {
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
            (None, Some(answer)) if is_refusal(&answer["result"]) => Buyer::Refused,
            (None, Some(_)) => Buyer::Won,
            (None, None) => Buyer::Lost(ErrorKind::Unreachable("no answer".to_owned())),
        },
        Err(RequestError { kind, .. }) => Buyer::Lost(kind),
    }
}

/// The call with a yes to what was asked, by hand.
pub fn second_round(raw: &Raw, product: &Product, asked: &InputRequired) -> Value {
    let answers = asked.questions.iter();
    let answers = answers.map(|question| (question.key.clone(), yes().to_json()));
    raw.message(
        "tools/call",
        json!({
            "name": "buy_product",
            "arguments": { "product_name": product.name, "quantity": 1 },
            "inputResponses": answers.collect::<Map<String, Value>>(),
            "requestState": asked.state,
        }),
    )
}

/// Everybody who was asked says yes at the same moment. A modern client that speaks HTTP by hand can be
/// exact about the moment.
pub async fn all_say_yes(
    shop: &Shop,
    by_hand: Option<&Raw>,
    product: &Product,
    questions: Vec<InputRequired>,
) -> Vec<Buyer> {
    if let Some(raw) = by_hand {
        let calls = questions
            .iter()
            .map(|asked| second_round(raw, product, asked));
        return at_the_same_moment(raw, calls.collect()).await;
    }
    let yes = [yes()];
    let answers = questions
        .into_iter()
        .map(|asked| shop.session.respond(asked, &yes));
    join_all(answers).await.into_iter().map(buyer).collect()
}

/// What became of one whose client is rmcp's.
fn buyer(reply: Result<Reply, RequestError>) -> Buyer {
    match reply {
        Ok(Reply::Complete(called)) if called.result.is_error == Some(true) => Buyer::Refused,
        Ok(Reply::Complete(_)) => Buyer::Won,
        Ok(Reply::InputRequired(_)) => Buyer::Refused,
        Err(RequestError { kind, .. }) => Buyer::Lost(kind),
    }
}

/// A tool error, or the question whether to buy once more: either way nothing was sold.
fn is_refusal(result: &Value) -> bool {
    result["isError"] == Value::Bool(true) || result["resultType"] == "input_required"
}

/// That one buyer has it, all others know why not, and none is left. `sent` is what they sent.
pub fn was_sold_once(sent: &str, product: &Product, buyers: &[Buyer], left: &[Product]) -> Checked {
    let won = buyers.iter().filter(|buyer| **buyer == Buyer::Won).count();
    // One that is no longer listed has none left; that it should be is for 3.4 to say.
    let stock = stock_of(left, &product.name).unwrap_or(0);
    let lost = buyers.iter().find_map(|buyer| match buyer {
        Buyer::Lost(kind) => Some(kind),
        Buyer::Won | Buyer::Refused => None,
    });
    let (code, got, why) = match (won, stock, lost) {
        (1, 0, None) => return Ok(()),
        (2.., ..) => (
            Code::SoldTwice,
            format!("{won} buyers got it"),
            "Another buyer got in between checking the stock and selling. Hold the lock across both.",
        ),
        (_, _, Some(kind)) => (
            Code::LoserWithoutReason,
            format!("{won} got it, and another buyer got {kind}"),
            "Being too late is not a protocol error. The model should read the reason and choose something else.",
        ),
        (0, ..) => (
            Code::SoldToNobody,
            "nobody got it".to_owned(),
            "One was in stock, but the store refused every buyer. Make buyers wait their turn instead.",
        ),
        (_, stock, None) => (
            Code::WrongStockAfterRace,
            format!("one buyer got it, and {stock} are left"),
            "The sale must lower the stock exactly once.",
        ),
    };
    Err(Finding::new(code)
        .sent(sent)
        .expected("one receipt, a tool error for every other buyer, and a stock of 0")
        .got(got)
        .why(why)
        .into())
}
