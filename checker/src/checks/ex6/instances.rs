//! 6.7: two instances behind a balancer that sends each request to the other one. A confirmation begun at
//! one ends at the other, and only once; legacy clients are served or refused.

use reqwest::Url;
use serde_json::json;

use super::customer::Customer;
use super::{places, restart};
use crate::checks::store::question::{self, order, yes};
use crate::checks::store::race::{self, Buyer};
use crate::checks::store::shop::{self, Product};
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::Balancer;
use crate::mcp::{Called, Era, ErrorKind, Reply, RequestError};
use crate::subject::server::Server;
use crate::verdict::{Code, Finding};

/// The variable with the key that instances share.
const SEALING_KEY: &str = "STORE_SEALING_KEY";

/// How many are bought.
const ENOUGH: i64 = 4;

/// Instances of the store that share a key, and the balancer in front of them.
pub struct Instances<'s> {
    server: &'s ServerUnderTest,
    /// What sends each request to the other one.
    pub balancer: Balancer,
    key: String,
}

impl<'s> Instances<'s> {
    async fn plan(server: &'s ServerUnderTest) -> Checked<Self> {
        let balancer = Balancer::open().await.map_err(|error| {
            let words = format!("the checker could not play a balancer on 127.0.0.1: {error}");
            Stop::CouldNotCheck(words)
        })?;
        Ok(Self {
            server,
            balancer,
            key: new_key(),
        })
    }

    /// Starts one more.
    pub async fn start(&self) -> Checked<Server> {
        self.start_with_key(&self.key).await
    }

    async fn start_with_key(&self, key: &str) -> Checked<Server> {
        let address = self.balancer.url();
        let settings = [(SEALING_KEY, key), ("STORE_URL", address.as_str())];
        self.server.another(&settings).await
    }
}

/// 64 letters that nobody knows.
fn new_key() -> String {
    let [one, other] = rand::random::<[u128; 2]>();
    format!("{one:032x}{other:032x}")
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let [alice, _] = two_users(server.realm()?)?;
    server.purpose("start two instances behind a balancer");
    let instances = Instances::plan(server).await?;
    let (one, other) = (instances.start().await?, instances.start().await?);
    instances.balancer.send_to([one.url(), other.url()]);
    if server.era == Era::Legacy {
        let url = instances.balancer.url();
        let served = is_served_or_refused(server, alice, url).await;
        return served.map_err(|stop| stop.at(places::SESSIONS));
    }
    let customer = Customer::enter_url(server, alice, instances.balancer.url()).await?;
    let product = customer.shop.in_stock(server, ENOUGH).await?;
    let confirmed = confirmed_at_the_other(server, &customer, &product).await;
    confirmed.map_err(|stop| stop.at(places::KEY))?;
    let spent = spent_at_both(server, &customer, &product).await;
    spent.map_err(|stop| stop.at(places::SPENT))?;
    let pair = [&one, &other];
    let spent = spent_at_the_same_moment(server, alice, pair, &product).await;
    spent.map_err(|stop| stop.at(places::SPENT))?;
    let foreign = refused_with_another_key(server, &instances, alice, &one, &product).await;
    foreign.map_err(|stop| stop.at(places::KEY))?;
    restart::check(server, &instances, alice, [one, other]).await
}

/// The question comes from one instance, and the answer reaches the other one.
async fn confirmed_at_the_other(
    server: &ServerUnderTest,
    customer: &Customer,
    product: &Product,
) -> Checked {
    server.purpose("be asked by one instance, and confirm at the other");
    let asked = customer.shop.order_and_be_asked(&product.name, 1).await?;
    let sent = format!("{}, confirmed at the other instance", asked.sent);
    let reply = customer.shop.session.respond(asked, &[yes()]).await;
    is_sold(&sent, &reply)
}

/// That a confirmed purchase gives a receipt.
fn is_sold(sent: &str, reply: &Result<Reply, RequestError>) -> Checked {
    if is_receipt(reply) {
        return Ok(());
    }
    Err(not_sold(sent, in_words(reply)))
}

fn not_sold(sent: &str, got: String) -> Stop {
    Finding::new(Code::StateOfOneInstance)
        .sent(sent)
        .expected("a receipt: both instances have the same STORE_SEALING_KEY")
        .got(got)
        .why("A balancer sends the second call to whichever instance is free. If each instance makes up its own key, it cannot open the states of the others. Seal and open with the key that all share.")
        .into()
}

/// Whoever repeats the second call buys nothing, whichever instance gets it.
async fn spent_at_both(
    server: &ServerUnderTest,
    customer: &Customer,
    product: &Product,
) -> Checked {
    server.purpose("confirm once, and send the same call to both instances again");
    let asked = customer.shop.order_and_be_asked(&product.name, 1).await?;
    let call = question::second_round(&asked, order(&product.name, 1), asked.state.clone());
    let first = customer.shop.session.call_once(call.clone()).await;
    is_sold(&format!("{}, confirmed", asked.sent), &first)?;
    for _ in 0..2 {
        let reply = customer.shop.session.call_once(call.clone()).await;
        if is_receipt(&reply) {
            return Err(spent_twice(
                format!("{}, confirmed, then the same call again", asked.sent),
                in_words(&reply),
            ));
        }
    }
    Ok(())
}

/// The same, where both instances get the call before either has written it down.
async fn spent_at_the_same_moment(
    server: &ServerUnderTest,
    alice: &str,
    instances: [&Server; 2],
    product: &Product,
) -> Checked {
    server.purpose("send the same confirmation to both instances at the same time");
    let [one, other] = instances;
    let here = Customer::enter_at(server, alice, one).await?;
    let there = Customer::enter_at(server, alice, other).await?;
    let asked = here.shop.order_and_be_asked(&product.name, 1).await?;
    let raws = [here.raw(server).await?, there.raw(server).await?];
    let first = vec![race::second_round(&raws[0], product, &asked)];
    // The record tells two calls apart by their ids, so the second client begins with another one.
    raws[1].message("ping", json!({}));
    let second = vec![race::second_round(&raws[1], product, &asked)];
    let (mut became, others) = tokio::join!(
        race::at_the_same_moment(&raws[0], first),
        race::at_the_same_moment(&raws[1], second)
    );
    became.extend(others);
    let won = became.iter().filter(|buyer| **buyer == Buyer::Won).count();
    let sent = format!(
        "{}, confirmed at both instances at the same time",
        asked.sent
    );
    match won {
        0 => Err(not_sold(&sent, "no receipt".to_owned())),
        1 => Ok(()),
        _ => Err(spent_twice(sent, format!("{won} receipts"))),
    }
}

fn spent_twice(sent: String, got: String) -> Stop {
    Finding::new(Code::SpentAtOneInstance)
        .sent(sent)
        .expected("one receipt: a confirmation counts once")
        .got(got)
        .why("Each instance only remembers what it has seen itself. Keep the answered questions in the database, and let one statement both look for the question and insert it.")
        .into()
}

/// The key is a secret of this installation, and not a part of the program.
async fn refused_with_another_key(
    server: &ServerUnderTest,
    instances: &Instances<'_>,
    alice: &str,
    one: &Server,
    product: &Product,
) -> Checked {
    server.purpose("confirm at an instance with another key");
    let stranger = instances.start_with_key(&new_key()).await?;
    let here = Customer::enter_at(server, alice, one).await?;
    let there = Customer::enter_at(server, alice, &stranger).await?;
    let asked = here.shop.order_and_be_asked(&product.name, 1).await?;
    let call = question::second_round(&asked, order(&product.name, 1), asked.state.clone());
    let reply = there.shop.session.call_once(call.clone()).await;
    if !is_receipt(&reply) {
        // It was the key, and nothing else: where the key is the same, the state opens.
        let reply = here.shop.session.call_once(call).await;
        return is_sold(&format!("{}, confirmed", asked.sent), &reply);
    }
    Err(Finding::new(Code::OpensForeignState)
        .sent(format!("{}, confirmed at an instance with another STORE_SEALING_KEY", asked.sent))
        .expected("a refusal: only an instance with the same key may open the state")
        .got(in_words(&reply))
        .why("If the key is in the program, whoever has the program can seal a confirmation that no user gave. Take it from the environment.")
        .into())
}

/// A client of 2025-11-25 has a session with one instance, or none. It is served by both, or told at once
/// that it is not.
async fn is_served_or_refused(server: &ServerUnderTest, alice: &str, url: Url) -> Checked {
    server.purpose("connect a legacy client through the balancer");
    let finding = |sent: &str, error: &RequestError| {
        Stop::from(Finding::new(Code::LegacyClientLost)
            .sent(format!("{sent}, through the balancer"))
            .expected("an answer from any instance, or an error for initialize that says why")
            .got(error.kind.to_string())
            .why("A session lives in one instance, and the balancer sends the next request to another one. Serve legacy clients without a session, or refuse them clearly when they connect."))
    };
    let customer = match Customer::connect(server, alice, url).await? {
        Ok(customer) => customer,
        Err(error) if is_clear(&error) => {
            server.remark("legacy clients are refused, with an error for initialize");
            return Ok(());
        }
        Err(error) => return Err(finding("initialize", &error)),
    };
    for _ in 0..2 {
        let called = customer.shop.session.call("list_products", json!({})).await;
        shop::products_of(&called.map_err(|error| finding("list_products", &error))?)?;
    }
    server.purpose("order something: a receipt, or a tool error that says why not");
    let product = customer.shop.in_stock(server, 1).await?;
    let arguments = json!({ "product_name": product.name, "quantity": 1 });
    let ordered = customer.shop.session.call("buy_product", arguments).await;
    let called = ordered.map_err(|error| {
        Finding::new(Code::LegacyClientLost)
            .sent(format!("{}, through the balancer", error.sent))
            .expected("a receipt, or a tool error that says why this client cannot buy here")
            .got(error.kind.to_string())
            .why("The user's answer reaches another instance than the one that asked. If your store cannot ask this client, say so in a tool error.")
    })?;
    is_receipt_or_reason(&called)
}

/// Whether a client is told that it is refused, in words.
fn is_clear(error: &RequestError) -> bool {
    match &error.kind {
        ErrorKind::Refused { message, .. } => !message.trim().is_empty(),
        ErrorKind::Status { status, body } => status.is_client_error() && !body.trim().is_empty(),
        _ => false,
    }
}

fn is_receipt_or_reason(called: &Called) -> Checked {
    let is_error = called.result.is_error == Some(true);
    if !is_error || !shop::text(called).trim().is_empty() {
        return Ok(());
    }
    Err(Finding::new(Code::LegacyClientLost)
        .sent(format!("{}, through the balancer", called.sent))
        .expected("a tool error that says why this client cannot buy here")
        .got("a tool error without text")
        .why("A model that does not know the reason tries again and again.")
        .into())
}

fn is_receipt(reply: &Result<Reply, RequestError>) -> bool {
    matches!(reply, Ok(Reply::Complete(called)) if called.result.is_error != Some(true))
}

fn in_words(reply: &Result<Reply, RequestError>) -> String {
    match reply {
        Ok(Reply::Complete(called)) => shop::outcome(called),
        Ok(Reply::InputRequired(_)) => "another question".to_owned(),
        Err(error) => error.kind.to_string(),
    }
}
