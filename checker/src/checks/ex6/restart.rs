//! A rolling restart under load: each instance is replaced by a new one while customers buy and bake. No
//! request is lost, and the stock is right afterwards. That an instance can be asked to stop is for 6.6 to say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::customer::Customer;
use super::instances::Instances;
use crate::checks::store::shop::{self, Product};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::RequestError;
use crate::subject::server::Server;
use crate::verdict::{Code, Finding};

/// How many customers buy and bake at the same time.
const CUSTOMERS: usize = 3;

/// What one call bakes: with some hundred milliseconds, it is under way when an instance is asked to stop.
const BATCH: i64 = 10;

/// How long a request may take from the balancer to an instance that has just been taken out.
const ON_THEIR_WAY: Duration = Duration::from_millis(200);

/// What a customer has done.
#[derive(Debug, Default)]
struct Done {
    bought: i64,
    baked: i64,
}

pub(super) async fn check(
    server: &ServerUnderTest,
    instances: &Instances<'_>,
    user: &str,
    old: [Server; 2],
) -> Checked {
    let mut customers = Vec::new();
    for _ in 0..CUSTOMERS {
        let url = instances.balancer.url();
        customers.push(Customer::enter_url(server, user, url).await?);
    }
    let shop = &customers[0].shop;
    let product = shop.in_stock(server, 1).await?;
    server.purpose("replace one instance after the other, while customers buy and bake");
    let over = Arc::new(AtomicBool::new(false));
    let work = customers
        .iter()
        .map(|customer| work(customer, &product, &over));
    let replaced = async {
        let new = replace(server, instances, old).await;
        over.store(true, Ordering::Relaxed);
        new
    };
    let (done, new) = tokio::join!(join_all(work), replaced);
    let _new = new?;
    let mut all = Done::default();
    for done in done {
        let done = done?;
        all.bought += done.bought;
        all.baked += done.baked;
    }
    server.purpose("count what is left");
    let left = customers[0].shop.stock(&product.name).await?;
    let expected = product.stock + all.baked - all.bought;
    if left == expected {
        return Ok(());
    }
    let (difference, words) = if left < expected {
        (expected - left, "too few")
    } else {
        (left - expected, "too many")
    };
    Err(Finding::new(Code::StockWrongAfterRestart)
        .sent(format!(
            "calls that buy or bake {:?}, while both instances were replaced",
            product.name
        ))
        .expected("the stock from before, with what was baked and without what was bought")
        .got(format!("{difference} {words}"))
        .why("An instance that stops must not write what it remembers. The database already has all that counts.")
        .into())
}

/// Buys and bakes until it is over.
async fn work(customer: &Customer, product: &Product, over: &AtomicBool) -> Checked<Done> {
    let mut done = Done::default();
    while !over.load(Ordering::Relaxed) {
        let order = json!({ "product_name": product.name, "quantity": BATCH });
        let baked = customer.shop.session.call("bake", order).await;
        let baked = baked.map_err(|error| lost(&error))?;
        shop::succeeded(&baked, "what was baked")?;
        done.baked += BATCH;
        let order = json!({ "product_name": product.name, "quantity": 1 });
        let bought = customer.shop.session.call("buy_product", order).await;
        let bought = bought.map_err(|error| lost(&error))?;
        shop::succeeded(&bought, "a receipt: the product is in stock")?;
        done.bought += 1;
    }
    Ok(done)
}

/// Takes each instance out, asks it to stop, and puts a new one in.
async fn replace(
    server: &ServerUnderTest,
    instances: &Instances<'_>,
    [one, other]: [Server; 2],
) -> Checked<[Server; 2]> {
    let third = instances.start().await?;
    instances.balancer.send_to([other.url(), third.url()]);
    stop(server, one).await?;
    let fourth = instances.start().await?;
    instances.balancer.send_to([third.url(), fourth.url()]);
    stop(server, other).await?;
    Ok([third, fourth])
}

/// As a service manager does, with a moment for requests that are on their way.
async fn stop(server: &ServerUnderTest, instance: Server) -> Checked {
    sleep(ON_THEIR_WAY).await;
    instance.process.ask_to_end();
    let ended = timeout(server.patience.step, instance.process.ended()).await;
    if ended.is_ok() {
        return Ok(());
    }
    Err(Finding::new(Code::DoesNotEnd)
        .sent("SIGTERM to an instance that the balancer has taken out")
        .expected("it finishes its calls, and ends")
        .got("it was still running")
        .why("A deployment waits for the old instance before it replaces the next one.")
        .into())
}

fn lost(error: &RequestError) -> Stop {
    Finding::new(Code::RestartLosesCalls)
        .sent(format!("{}, while an instance was replaced", error.sent))
        .expected("an answer: the balancer sent it to an instance that was running")
        .got(error.kind.to_string())
        .why("An instance that is asked to stop gets no new calls, but it still has to finish those that it has begun.")
        .into()
}
