//! 6.4: one user cannot use up the store: there are so many calls per minute, so much time for each, and
//! so many bytes in a request. What is over a limit is a tool error that a model can act on, and work that
//! nobody waits for ends.

use std::time::Duration;

use futures::future::{join, try_join};
use futures::stream::{self, StreamExt};
use http::HeaderMap;
use regex::Regex;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::customer::Customer;
use super::places;
use crate::checks::store::question::yes;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::{Called, ErrorKind, Reply, RequestError};
use crate::subject::server::Server;
use crate::verdict::{Code, Finding};

/// The settings of the instance at which calls and bytes are counted.
const CALLS: u32 = 60;
const BYTES: usize = 20_000;

/// The settings of the instance at which time is measured.
const DEADLINE: Duration = Duration::from_millis(800);
const ONE_ITEM: Duration = Duration::from_millis(80);

/// What is baked in time, and what is not.
const FEW: i64 = 2;
const MANY: i64 = 50;

/// A result that comes later than this has not come at the deadline.
const LATE: Duration = Duration::from_secs(3);

/// A user who is told to wait for longer is not waited for.
const LONGEST_WAIT: u64 = 3;

const OFTEN: Duration = Duration::from_millis(10);

/// A limit: it is there, or this is how it shows that it is not.
type Limit = Result<(), Box<Finding>>;

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let [alice, bob] = two_users(server.realm()?)?;
    let (calls, bytes) = (CALLS.to_string(), BYTES.to_string());
    let (seconds, item) = (DEADLINE.as_secs_f64(), ONE_ITEM.as_secs_f64());
    let (seconds, item) = (seconds.to_string(), item.to_string());
    let counted = [
        ("STORE_CALLS_PER_MINUTE", calls.as_str()),
        ("STORE_BODY_BYTES", &bytes),
    ];
    let timed = [
        ("STORE_DEADLINE_SECONDS", seconds.as_str()),
        ("STORE_BAKE_SECONDS", &item),
    ];
    server.purpose("start an instance that counts calls, and one that has little time");
    let (counted, timed) = try_join(server.another(&counted), server.another(&timed)).await?;
    let users = [alice, bob];
    let (of_calls, of_time) = join(
        counts_calls(server, &counted, users),
        ends_in_time(server, &timed, users),
    )
    .await;
    match (of_calls?, of_time?) {
        (Err(_), Err(_)) => {
            return Err(Stop::not_declared(
                "the store has no limits: it serves any number of calls, however long they take",
            ));
        }
        (Err(finding), _) | (_, Err(finding)) => return Err(Stop::Failed(finding)),
        (Ok(()), Ok(())) => (),
    }
    let in_router = |stop: Stop| stop.at(places::BODY);
    let (stopped, bounded) = join(
        stops_when_cancelled(server, alice),
        bounds_bodies(server, &counted, bob),
    )
    .await;
    stopped?;
    bounded.map_err(in_router)
}

/// A user may call so often, with whatever token or session, and others are served meanwhile.
async fn counts_calls(
    server: &ServerUnderTest,
    instance: &Server,
    [alice, bob]: [&str; 2],
) -> Checked<Limit> {
    server.purpose("one user calls too often, with two tokens in two sessions");
    let sessions = [
        Customer::enter_at(server, alice, instance).await?.shop,
        Customer::enter_at(server, alice, instance).await?.shop,
    ];
    let other = Customer::enter_at(server, bob, instance).await?.shop;
    let begin = Instant::now();
    let mut served = 0;
    let refused = loop {
        let shop = &sessions[served as usize % 2];
        match refusal(shop).await? {
            Some(refused) => break refused,
            None => served += 1,
        }
        // While they call, their time passes: each call has its share of the minute.
        let shares = begin.elapsed().as_secs_f64() / 60.0 * f64::from(CALLS);
        if f64::from(served) > f64::from(CALLS) + shares + 1.0 {
            return Ok(Err(Box::new(
                Finding::new(Code::CallsNotLimited)
                    .sent(format!(
                        "tools/call list_products, again and again, by one user with two tokens. STORE_CALLS_PER_MINUTE is {CALLS}"
                    ))
                    .expected(format!("{CALLS} product lists, and then a tool error"))
                    .got("more than that were served")
                    .why("A model in a loop, or a user with many windows, can keep the store from serving others. Count calls by user, whatever their token or session is."),
            )));
        }
    };
    if served < CALLS {
        return Err(Finding::new(Code::LimitTooLow)
            .sent(format!(
                "{} × tools/call list_products by one user",
                served + 1
            ))
            .expected(format!(
                "{CALLS} answers: that is what STORE_CALLS_PER_MINUTE says"
            ))
            .got(format!("{served}, and then a tool error"))
            .why("A minute's calls may come all at once: that is how a model works.")
            .into());
    }
    let told = told_seconds(&refused)?;
    let until = Instant::now() + Duration::from_secs(told);
    server.purpose("meanwhile, another user calls, and the first one looks at the tools");
    let since = Instant::now();
    // A limit that is not the user's own has a share for one of these calls, but not for all.
    let is_enough = |calls: u32| {
        let shares = since.elapsed().as_secs_f64() / 60.0 * f64::from(CALLS);
        f64::from(calls) > shares + 2.0
    };
    let mut calls = 0;
    let refused = loop {
        match refusal(&other).await? {
            None if is_enough(calls) => break None,
            None => calls += 1,
            refused => break refused,
        }
    };
    if let Some(refused) = refused {
        return Err(Finding::new(Code::LimitHitsOthers)
            .sent("tools/call list_products, by another user")
            .expected("an answer")
            .got(shop::outcome(&refused))
            .why("The limit is there so that one user cannot keep the others from being served.")
            .into());
    }
    let mut calls = 0;
    let listed = loop {
        match sessions[0].session.tools().await {
            Ok(_) if is_enough(calls) => break Ok(()),
            Ok(_) => calls += 1,
            Err(error) => break Err(error),
        }
    };
    if let Err(error) = listed {
        return Err(Finding::new(Code::LimitHitsLists)
            .sent("tools/list, by the user who has called too often")
            .expected("the tools")
            .got(Stop::from(error).got().unwrap_or_default())
            .why("Clients list tools by themselves. If that fails, a client takes the whole server for broken.")
            .into());
    }
    if told > LONGEST_WAIT {
        server.remark(format!(
            "The store says to come back in {told} seconds. This check does not wait that long, so it does not know whether that is true."
        ));
        return Ok(Ok(()));
    }
    server.purpose("come back when the store says");
    sleep(until.saturating_duration_since(Instant::now()) + OFTEN).await;
    if let Some(refused) = refusal(&sessions[0]).await? {
        return Err(Finding::new(Code::ComesBackInVain)
            .sent(format!(
                "tools/call list_products, {told} s after the answer to come back then"
            ))
            .expected("an answer")
            .got(shop::outcome(&refused))
            .why("A model that waits as long as it is told and is refused again stops believing it. Round up.")
            .into());
    }
    Ok(Ok(()))
}

/// What a call of a user who has called too often is answered; nothing if it is served.
async fn refusal(shop: &Shop) -> Checked<Option<Called>> {
    match shop.session.call("list_products", json!({})).await {
        Ok(called) => Ok((called.result.is_error == Some(true)).then_some(called)),
        Err(error) => {
            let got = match &error.kind {
                ErrorKind::Refused { code, message } => format!("error {code}, {message:?}"),
                ErrorKind::Status { status, .. } => format!("HTTP {status}"),
                _ => return Err(error.into()),
            };
            Err(Finding::new(Code::LimitIsNoResult)
                .sent(format!("{}, by a user who has called too often", error.sent))
                .expected("a result with isError true")
                .got(got)
                .why("A tool error reaches the model, which can wait. A protocol error or an HTTP status ends in the client, and users see a broken server.")
                .into())
        }
    }
}

/// In how many seconds a user may come back, as a text says it.
fn told_seconds(refused: &Called) -> Checked<u64> {
    let text = shop::text(refused);
    let find = |pattern: &str| {
        let found = Regex::new(pattern).ok()?;
        let number = found.captures_iter(&text).last()?.get(1)?.as_str().parse();
        number.ok().map(|seconds: f64| seconds.ceil())
    };
    let seconds = find(r"(?i)(\d+(?:\.\d+)?)\s*s(?:ec|\b)").or_else(|| find(r"(\d+(?:\.\d+)?)"));
    match seconds {
        // It is small, and not negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(seconds) if seconds <= 3600.0 => Ok(seconds as u64),
        _ => Err(Finding::new(Code::DoesNotSayWhen)
            .sent("tools/call list_products, by a user who has called too often")
            .expected("isError true, and a text that says in how many seconds to try again")
            .got(shop::outcome(refused))
            .why("Without a time, a model tries again at once, and again.")
            .into()),
    }
}

/// A call that takes too long ends with a tool error, and so does its work. A user who thinks about a
/// question is given time.
async fn ends_in_time(
    server: &ServerUnderTest,
    instance: &Server,
    [alice, bob]: [&str; 2],
) -> Checked<Limit> {
    let baker = Customer::enter_at(server, alice, instance).await?.shop;
    let buyer = Customer::enter_at(server, bob, instance).await?.shop;
    let products = baker.products().await?;
    let best = products.iter().max_by_key(|product| product.stock).cloned();
    let best = best.ok_or_else(|| shop::too_little_left(server))?;
    let other = products
        .iter()
        .find(|product| product.name != best.name && product.stock > 0);
    server.purpose("bake few in time, and many for which there is no time");
    let bakes = bakes_in_time(&baker, &best);
    let thinks = async {
        match other {
            Some(product) => thinks_for_long(&buyer, product).await,
            None => Ok(()),
        }
    };
    let (limit, thought) = join(bakes, thinks).await;
    let limit = limit?;
    if limit.is_ok() {
        thought?;
    }
    Ok(limit)
}

async fn bakes_in_time(shop: &Shop, product: &Product) -> Checked<Limit> {
    let order = |quantity: i64| json!({ "product_name": product.name, "quantity": quantity });
    let called = shop.session.call("bake", order(FEW)).await?;
    shop::succeeded(&called, "what was baked: there is enough time for it")?;
    let begin = Instant::now();
    let outcome = shop.session.call("bake", order(MANY)).await;
    let took = begin.elapsed();
    let sent = format!(
        "tools/call bake {}. STORE_DEADLINE_SECONDS is {}, and each item takes {} s",
        order(MANY),
        DEADLINE.as_secs_f64(),
        ONE_ITEM.as_secs_f64()
    );
    let missing = |got: String| {
        Ok(Err(Box::new(
            Finding::new(Code::NoDeadline)
                .sent(&sent)
                .expected(format!(
                    "a tool error after {} s",
                    DEADLINE.as_secs_f64()
                ))
                .got(got)
                .why("A client gives up after a time, often a minute. A call that goes on then costs you time for nothing, and the model never learns what happened."),
        )))
    };
    let called = match outcome {
        Ok(called) => called,
        Err(RequestError {
            kind: ErrorKind::Silent { .. },
            ..
        }) => return missing(format!("no answer within {} s", took.as_secs())),
        Err(RequestError {
            kind: kind @ (ErrorKind::Refused { .. } | ErrorKind::Status { .. }),
            sent,
        }) => {
            return Err(Finding::new(Code::LimitIsNoResult)
                .sent(sent)
                .expected("a result with isError true, when its time is over")
                .got(Stop::from(RequestError { sent: String::new(), kind }).got().unwrap_or_default())
                .why("A tool error reaches the model, which can ask for less. A protocol error or an HTTP status ends in the client, and users see a broken server.")
                .into());
        }
        Err(error) => return Err(error.into()),
    };
    if called.result.is_error != Some(true) || took > LATE {
        let seconds = took.as_secs_f64();
        return missing(format!("{}, after {seconds:.1} s", shop::outcome(&called)));
    }
    // What was in the oven at that moment may come out.
    sleep(ONE_ITEM).await;
    rises_no_more(shop, product, ONE_ITEM, &sent, "its time is over").await?;
    Ok(Ok(()))
}

/// That no more comes out of the oven.
async fn rises_no_more(
    shop: &Shop,
    product: &Product,
    pace: Duration,
    sent: &str,
    why_not: &str,
) -> Checked {
    let then = shop.stock(&product.name).await?;
    sleep(pace * 4).await;
    let later = shop.stock(&product.name).await?;
    if later <= then {
        return Ok(());
    }
    Err(Finding::new(Code::WorkGoesOn)
        .sent(sent)
        .expected(format!("an oven that stops, because {why_not}"))
        .got("the stock still rises after that")
        .why("Work that nobody waits for takes time from those who wait. What must not be left half done belongs in a transaction.")
        .in_rust("Dropping a future stops its work, but a spawned task goes on. Give it a CancellationToken, or abort it.")
        .into())
}

/// A user takes longer to answer than a call may take.
async fn thinks_for_long(shop: &Shop, product: &Product) -> Checked {
    let asked = shop.order_and_be_asked(&product.name, 1).await?;
    sleep(DEADLINE + DEADLINE / 2).await;
    let sent = format!(
        "buy_product {:?}, and an answer to its question after {} s. STORE_DEADLINE_SECONDS is {}",
        product.name,
        (DEADLINE + DEADLINE / 2).as_secs_f64(),
        DEADLINE.as_secs_f64()
    );
    let got = match shop.session.respond(asked, &[yes()]).await {
        Ok(Reply::Complete(called)) if called.result.is_error != Some(true) => return Ok(()),
        Ok(Reply::Complete(called)) => shop::outcome(&called),
        Ok(Reply::InputRequired(_)) => "another question".to_owned(),
        Err(error) => Stop::from(error).got().unwrap_or_default(),
    };
    Err(Finding::new(Code::DeadlineWhileAsking)
        .sent(sent)
        .expected("a receipt")
        .got(got)
        .why("A deadline is for the server's work. The user has STORE_CONFIRM_SECONDS to answer, and with a client of 2025-11-25 the call waits for that.")
        .into())
}

/// A call that is cancelled ends, and so does its work.
async fn stops_when_cancelled(server: &ServerUnderTest, alice: &str) -> Checked {
    server.purpose("bake many, and cancel when the first is done");
    let customer = Customer::enter(server, alice).await?;
    let shop = &customer.shop;
    let product = shop.in_stock(server, 1).await?;
    let begin = Instant::now();
    let (call, sent) = customer.begins_to_bake(server, &product, MANY).await?;
    let sent = format!("{sent}, cancelled when the first is done");
    shop.session
        .give_up(call, "the user has changed their mind")
        .await;
    let pace = begin.elapsed().min(ONE_ITEM);
    sleep(pace * 2 + OFTEN).await;
    rises_no_more(shop, &product, pace, &sent, "the client has cancelled").await
}

/// A request with too many bytes is refused, whether it says how many it has or not.
async fn bounds_bodies(server: &ServerUnderTest, instance: &Server, bob: &str) -> Checked {
    server.purpose("send a request that is as large as it may be, and larger ones");
    let bob = Customer::enter_at(server, bob, instance).await?;
    let raw = bob.raw(server).await?;
    let call = || {
        let params = json!({ "name": "list_products", "arguments": {} });
        raw.message("tools/call", params)
    };
    let message = call();
    let body = padded(&message, BYTES);
    let (reply, _) = raw
        .send_body(message, HeaderMap::new(), body.into())
        .await?;
    is_served(&reply, &format!("a tools/call of {BYTES} bytes"))?;
    let over = BYTES + 1;
    let message = call();
    let body = padded(&message, over);
    let outcome = raw.send_body(message, HeaderMap::new(), body.into()).await;
    is_too_large(outcome, &format!("a tools/call of {over} bytes"))?;
    let message = call();
    let body = stream::iter([Ok::<_, std::io::Error>(padded(&message, over))]);
    let body = reqwest::Body::wrap_stream(body);
    let outcome = raw.send_body(message, HeaderMap::new(), body).await;
    is_too_large(
        outcome,
        &format!("a tools/call of {over} bytes in chunks, without Content-Length"),
    )?;
    let message = call();
    let body = stream::iter([Ok::<_, std::io::Error>(padded(&message, over))]);
    let body = reqwest::Body::wrap_stream(body.chain(stream::pending()));
    let outcome = raw.send_body(message, HeaderMap::new(), body).await;
    is_too_large(
        outcome,
        &format!("the first {over} bytes of a tools/call in chunks, which does not end"),
    )?;
    server.purpose("see that it still serves");
    let reply = raw.send(call(), HeaderMap::new()).await?;
    is_served(&reply, "a tools/call after all this")
}

/// A message, with blanks behind it up to this length.
fn padded(message: &Value, length: usize) -> String {
    let mut body = message.to_string();
    let blanks = length.saturating_sub(body.len());
    body.extend(std::iter::repeat_n(' ', blanks));
    body
}

fn is_served(reply: &crate::mcp::raw::Reply, sent: &str) -> Checked {
    if ErrorKind::of(&reply.exchange).is_none() {
        return Ok(());
    }
    Err(Finding::new(Code::BodyLimitTooLow)
        .sent(format!("{sent}. STORE_BODY_BYTES is {BYTES}"))
        .expected("an answer")
        .got(format!("HTTP {}", reply.status))
        .why("A limit says what is too much, so what it allows must work.")
        .into())
}

fn is_too_large<T>(
    outcome: Result<(crate::mcp::raw::Reply, T), RequestError>,
    sent: &str,
) -> Checked {
    let got = match outcome {
        Ok((reply, _)) if reply.status == 413 => return Ok(()),
        Ok((reply, _)) => format!("HTTP {}", reply.status),
        Err(error) => Stop::from(error).got().unwrap_or_default(),
    };
    Err(Finding::new(Code::BodyNotLimited)
        .sent(format!("{sent}. STORE_BODY_BYTES is {BYTES}"))
        .expected("HTTP 413, as soon as it is clear that there is too much")
        .got(got)
        .why("A server that reads whatever it is sent runs out of memory. Content-Length may be missing, so count the bytes that arrive.")
        .into())
}
