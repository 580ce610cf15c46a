//! 4.10 (bonus): `bake` reports progress and can be cancelled.

use http::HeaderMap;
use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep, timeout};

use super::places;
use crate::checks::store::shop::{self, Product, Shop, integer};
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::mcp::{Called, Era, ErrorKind, Reply, RequestError, ToolCall};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/4.10.snap");

const PROGRESS: &str = "notifications/progress";

/// How many are baked to the end: enough for several reports.
const FEW: i64 = 4;

/// How many are ordered and then given up, if so many may be.
const MANY: i64 = 50;

/// With fewer than this in an order, it is over before it can be given up.
const ENOUGH: i64 = 10;

/// After so many of them.
const GIVEN_UP_AFTER: usize = 2;

/// A store that runs already may bake at its own pace, and on, if it does not stop: it gets no order
/// that takes longer than this, where that still is [`ENOUGH`].
const LONGEST_ORDER: Duration = Duration::from_secs(3);

/// What was baked, as `bake` and `bake_all` give it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Baked {
    /// The product.
    pub product_name: String,
    /// How many.
    #[serde(deserialize_with = "integer")]
    pub quantity: i64,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_confirming(server).await?;
    server.purpose("see which arguments bake takes");
    let tool = shop.declared("bake").await?;
    let checked = async {
        contract::compare(&[contract::tool(&tool)], CONTRACT)?;
        server.purpose("see the stock before");
        let product = shop.best_stocked().await?;
        let product = product.ok_or_else(|| shop::too_little_left(server))?;
        let pace = bakes(server, &shop, &product).await?;
        let product = Product {
            stock: product.stock.saturating_add(FEW),
            ..product
        };
        let many = how_many(server, &tool, pace);
        stops(server, &shop, &product, (many, pace)).await?;
        if server.has_http() {
            bakes_unheard(server, &shop, &product, (many, pace)).await?;
        }
        refuses(server, &shop, &product).await
    };
    checked.await.map_err(|stop: Stop| stop.at(places::BAKE))
}

/// How many are ordered and then given up.
fn how_many(server: &ServerUnderTest, tool: &Tool, pace: Duration) -> i64 {
    let most = shop::most_of_one_order(tool).min(MANY);
    if !server.runs_already() {
        return most;
    }
    let in_time = LONGEST_ORDER.as_millis() / pace.as_millis().max(1);
    let in_time = i64::try_from(in_time).unwrap_or(MANY);
    most.min(in_time.max(ENOUGH))
}

/// Bakes a few, and gives how long one took.
async fn bakes(server: &ServerUnderTest, shop: &Shop, product: &Product) -> Checked<Duration> {
    server.purpose("bake a few, and watch the progress");
    let arguments = json!({ "product_name": product.name, "quantity": FEW });
    let begin = Instant::now();
    let called = shop.session.call("bake", arguments).await?;
    let pace = begin.elapsed() / u32::try_from(FEW).unwrap_or(1);
    shop::succeeded(&called, "what was baked")?;
    let baked: Baked = shop::structured(&called)?;
    if baked
        != (Baked {
            product_name: product.name.clone(),
            quantity: FEW,
        })
    {
        return Err(Finding::new(Code::WrongBaked)
            .sent(&called.sent)
            .expected(format!("{FEW} × {}", product.name))
            .got(shop::outcome(&called))
            .why("The model tells the user what the result says.")
            .into());
    }
    reports_progress(&called)?;
    server.purpose("see that they are in stock");
    let after = shop.stock(&product.name).await?;
    if after != product.stock.saturating_add(FEW) {
        return Err(Finding::new(Code::NotOnTheShelf)
            .sent(format!(
                "{}, then tools/call list_products {{}}",
                called.sent
            ))
            .expected(format!("a stock of {}", product.stock.saturating_add(FEW)))
            .got(after.to_string())
            .why("Add what was baked to the stock.")
            .into());
    }
    Ok(pace)
}

fn reports_progress(called: &Called) -> Checked {
    let reports: Vec<&Value> = called.exchange.notifications(PROGRESS).collect();
    let token = &called.exchange.sent.json["params"]["_meta"]["progressToken"];
    let finding = |code: Code, expected: String, got: String, why: &str| {
        Stop::from(
            Finding::new(code)
                .sent(&called.sent)
                .expected(expected)
                .got(got)
                .why(why),
        )
    };
    let of_call: Vec<&&Value> = reports
        .iter()
        .filter(|report| report["progressToken"] == *token)
        .collect();
    if of_call.len() < 3 {
        let got = match (of_call.len(), reports.len() - of_call.len()) {
            (0, 0) => "none".to_owned(),
            (few, 0) => few.to_string(),
            (few, others) => format!("{few}, and {others} with a progressToken other than {token}"),
        };
        return Err(finding(
            Code::NoProgress,
            format!(
                "at least three {PROGRESS} while {FEW} are baked, with the progressToken of the call"
            ),
            got,
            "Users who wait want to see that something is happening. The client asked for progress with the progressToken in _meta.",
        ));
    }
    let steps: Vec<f64> = of_call
        .iter()
        .filter_map(|report| report["progress"].as_f64())
        .collect();
    if steps.len() < of_call.len() || steps.windows(2).any(|pair| pair[1] <= pair[0]) {
        let shown = of_call.iter().map(|report| report["progress"].to_string());
        return Err(finding(
            Code::ProgressDoesNotRise,
            "progress that rises with each report".to_owned(),
            shown.collect::<Vec<_>>().join(", "),
            "The specification requires progress to increase with every notification.",
        ));
    }
    let totals = of_call.iter().map(|report| report["total"].as_f64());
    let most = steps.last().copied().unwrap_or_default();
    if let Some(wrong) = totals
        .clone()
        .find(|total| total.is_none_or(|total| total < most))
    {
        let got = wrong.map_or("no total".to_owned(), |total| format!("{most} of {total}"));
        return Err(finding(
            Code::ProgressWithoutTotal,
            "a total in every report, and progress that never exceeds it".to_owned(),
            got,
            "With the total, a host can show how much is left.",
        ));
    }
    Ok(())
}

/// Orders many and gives up: no more than one may come out of the oven after that.
async fn stops(
    server: &ServerUnderTest,
    shop: &Shop,
    product: &Product,
    (many, pace): (i64, Duration),
) -> Checked {
    if many < ENOUGH {
        return Err(Stop::CouldNotCheck(format!(
            "bake accepts a quantity of at most {many}. With {ENOUGH} or more, the check can cancel it in the middle"
        )));
    }
    server.purpose("order many, and cancel when some are done");
    let arguments = json!({ "product_name": product.name, "quantity": many });
    let sent = format!("tools/call bake {arguments}");
    let call = shop.session.begin(ToolCall::new("bake", arguments)).await?;
    let patience = server.patience.answer;
    let begun = timeout(patience, shop.session.progressed(&call, GIVEN_UP_AFTER)).await;
    shop.session
        .give_up(call, "the user has changed their mind")
        .await;
    if begun.is_err() {
        return Err(Finding::new(Code::NoProgress)
            .sent(sent)
            .expected(format!("at least {GIVEN_UP_AFTER} {PROGRESS}"))
            .got(format!("fewer within {} s", patience.as_secs()))
            .why("The tool's schema allows an order of this size. If it is too large, set a maximum in the schema.")
            .into());
    }
    has_stopped(server, shop, product, (many, pace), &sent).await
}

/// The same for a client that did not ask for progress. rmcp's client always asks, so this one is made
/// by hand.
async fn bakes_unheard(
    server: &ServerUnderTest,
    shop: &Shop,
    product: &Product,
    (many, pace): (i64, Duration),
) -> Checked {
    let raw = server.raw().await?;
    let order = |quantity: i64| {
        let arguments = json!({ "product_name": product.name, "quantity": quantity });
        raw.message(
            "tools/call",
            json!({ "name": "bake", "arguments": arguments }),
        )
    };
    server.purpose("bake one without a progressToken");
    let reply = raw.send(order(1), HeaderMap::new()).await?;
    let sent = format!(
        "{}, without a progressToken",
        reply.exchange.sent.describe()
    );
    if let Some(kind) = ErrorKind::of(&reply.exchange) {
        return Err(RequestError { sent, kind }.into());
    }
    let result = reply.exchange.result();
    if result["isError"] == true {
        return Err(Finding::new(Code::WrongBaked)
            .sent(sent)
            .expected(format!("1 × {}", product.name))
            .got(shop::quoted(&result["content"].to_string()))
            .why("Not every client wants progress. If there is no progressToken, bake anyway, and report nothing.")
            .into());
    }
    if server.era == Era::Legacy {
        return Ok(());
    }
    server.purpose("order many without a progressToken, and close the stream when some are done");
    let before = shop.stock(&product.name).await?;
    let begun = before.saturating_add(i64::try_from(GIVEN_UP_AFTER).unwrap_or(1));
    let some_are_done = async {
        while shop.stock(&product.name).await? < begun {
            sleep(pace).await;
        }
        Ok::<_, Stop>(())
    };
    let order = order(many);
    let sent = format!("tools/call bake {}", order["params"]["arguments"]);
    tokio::select! {
        done = some_are_done => done?,
        // Dropped, it closes the stream.
        reply = raw.send(order, HeaderMap::new()) => drop(reply?),
    }
    let product = Product {
        stock: before,
        ..product.clone()
    };
    has_stopped(server, shop, &product, (many, pace), &sent).await
}

/// That no more comes out of the oven.
async fn has_stopped(
    server: &ServerUnderTest,
    shop: &Shop,
    product: &Product,
    (many, pace): (i64, Duration),
    sent: &str,
) -> Checked {
    // Whatever was in the oven at that moment may come out.
    sleep(pace * 2 + Duration::from_millis(50)).await;
    server.purpose("see what was baked, and that no more follows");
    let then = shop.stock(&product.name).await?;
    sleep(pace * 3).await;
    let later = shop.stock(&product.name).await?;
    let all = product.stock.saturating_add(many);
    if then == later && then < all {
        return Ok(());
    }
    if server.runs_already() {
        // The stock is also that of the steps to come.
        let rest = u32::try_from(many).unwrap_or(u32::MAX);
        sleep((pace * rest).min(LONGEST_ORDER * 2)).await;
    }
    let got = if later == all {
        "all of them were baked"
    } else {
        "the stock keeps rising"
    };
    Err(Finding::new(Code::DoesNotStop)
        .sent(format!("{sent}, cancelled after {GIVEN_UP_AFTER} of them"))
        .expected("an oven that stops, and a stock with everything that was baked by then")
        .got(got)
        .why("The client cancelled the call: in the modern era over HTTP by closing the stream, otherwise with notifications/cancelled.")
        .in_rust("In rmcp, this cancels `context.ct`. Wait for it and for the oven with tokio::select!.")
        .into())
}

/// What cannot be baked is said at once.
async fn refuses(server: &ServerUnderTest, shop: &Shop, product: &Product) -> Checked {
    for (what, arguments) in [
        (
            "a product that the store does not have",
            json!({ "product_name": format!("{} of stone", product.name), "quantity": 1 }),
        ),
        (
            "nothing at all",
            json!({ "product_name": product.name, "quantity": 0 }),
        ),
    ] {
        server.purpose(&format!("bake {what}"));
        let call = ToolCall::new("bake", arguments);
        let Reply::Complete(called) = shop.session.call_once(call).await? else {
            continue;
        };
        if called.result.is_error == Some(true) && !shop::text(&called).is_empty() {
            continue;
        }
        return Err(Finding::new(Code::BakesAnything)
            .sent(&called.sent)
            .expected(format!("a tool error: the order is for {what}"))
            .got(shop::outcome(&called))
            .why("The model believes what the result says.")
            .into());
    }
    Ok(())
}
