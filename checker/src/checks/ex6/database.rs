//! 6.1: the stock and the orders are in a database: they survive a restart and a kill in the middle of a
//! sale, and two instances on one database sell the last item once.

use super::customer::{Customer, Order};
use super::places;
use crate::checks::store::question::yes;
use crate::checks::store::race::{self, Buyer};
use crate::checks::store::shop::{self, Product, json_of};
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::{Era, InputRequired};
use crate::verdict::{Code, Finding, Why};

/// How many want the last one, at each of two instances.
const BUYERS: usize = 15;

/// How many buy something at each of two instances at the same time, if there is enough.
const MANY: i64 = 5;

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let [alice, bob] = two_users(server.realm()?)?;
    let in_block = |stop: Stop| stop.at(places::SALE);
    survives_a_restart(server, alice).await.map_err(in_block)?;
    let second = server.another(&[]).await?;
    let here = Customer::enter(server, alice).await?;
    let there = Customer::enter_at(server, bob, &second).await?;
    sees_the_sales_of_others(server, &here, &there)
        .await
        .map_err(in_block)?;
    is_killed_after_the_receipt(server, bob, &here)
        .await
        .map_err(in_block)?;
    everybody_gets_one(server, [&here, &there])
        .await
        .map_err(in_block)?;
    sold_once(server, [&here, &there]).await.map_err(in_block)?;
    is_killed_during_a_sale(server, bob, &here)
        .await
        .map_err(in_block)?;
    server.remark(
        "This check can miss a gap of microseconds between two transactions. If the stock and the order change in one transaction, there is no gap.",
    );
    Ok(())
}

/// What an instance has sold is known to one that starts later.
async fn survives_a_restart(server: &ServerUnderTest, alice: &str) -> Checked {
    server.purpose("buy something");
    let first = Customer::enter(server, alice).await?;
    let product = first.shop.in_stock(server, 2).await?;
    first.shop.buy(&product.name, 1).await?;
    let (left, orders) = (first.shop.products().await?, first.orders().await?);
    server.purpose("start the program once more, with the same DATABASE_URL");
    let restarted = server.another(&[]).await?;
    let again = Customer::enter_at(server, alice, &restarted).await?;
    let sent = "buy_product, a restart, then tools/call list_products {}";
    let now = again.shop.products().await?;
    same_products(
        sent,
        &left,
        &now,
        "The stock must be in the database that `DATABASE_URL` names, and a start must not fill the shelves again.",
    )?;
    server.purpose("see whether the restarted program knows the order");
    let known = again.orders().await?;
    if known != orders {
        return Err(Finding::new(Code::OrdersNotKept)
            .sent("buy_product, a restart, then tools/call my_orders {}")
            .expected(in_words(&orders))
            .got(in_words(&known))
            .why("Orders belong in the database, too. After a restart, users still want to know what they have bought.")
            .into());
    }
    Ok(())
}

/// Nobody keeps a copy of the stock: others change it.
async fn sees_the_sales_of_others(
    server: &ServerUnderTest,
    here: &Customer,
    there: &Customer,
) -> Checked {
    server.purpose("buy something from a second instance on the same database");
    here.shop.products().await?;
    let product = there.shop.in_stock(server, 2).await?;
    there.shop.buy(&product.name, 1).await?;
    let left = there.shop.products().await?;
    server.purpose("see whether the first instance knows");
    let known = here.shop.products().await?;
    let sent = "buy_product to a second instance, then tools/call list_products {} to the first";
    same_products(
        sent,
        &left,
        &known,
        "Another instance has sold something. Read the stock from the database for each call: a copy in memory is soon wrong.",
    )
}

/// Where there is enough, nobody is refused because somebody else is buying.
async fn everybody_gets_one(server: &ServerUnderTest, customers: [&Customer; 2]) -> Checked {
    let product = customers[0].shop.in_stock(server, 2).await?;
    let each = MANY.min(product.stock / 2);
    server.purpose("two instances sell something that is in stock, at the same time");
    let count = usize::try_from(each).unwrap_or(1);
    let became = all_at_once(server, customers, &product, count).await?;
    let lost = became.iter().filter(|buyer| **buyer != Buyer::Won).count();
    let left = customers[0].shop.stock(&product.name).await?;
    let expected = product.stock - 2 * each;
    let sent = format!(
        "{} × buy_product {:?} at the same time, half of them to each instance",
        2 * each,
        product.name
    );
    if lost > 0 {
        return Err(Finding::new(Code::RefusesWhenBusy)
            .sent(sent)
            .expected(format!("a receipt for each: {} were in stock", product.stock))
            .got(format!("{lost} without a receipt"))
            .why("While one transaction writes, others have to wait for their turn. In SQLite, set a busy timeout; in any database, try a transaction again that failed only because of another one.")
            .into());
    }
    if left != expected {
        return Err(Finding::new(Code::WrongStockAfterRace)
            .sent(sent)
            .expected(format!("a stock of {expected}"))
            .got(format!("a stock of {left}"))
            .why("If a sale first reads the stock and then writes what is left, it undoes the sales in between. Lower the stock in one statement.")
            .into());
    }
    Ok(())
}

/// The last one is sold once, whichever instances the buyers are at.
async fn sold_once(server: &ServerUnderTest, customers: [&Customer; 2]) -> Checked {
    let shop = &customers[0].shop;
    let rarest = shop.rarest_first().await?.into_iter().next();
    let product = rarest.ok_or_else(|| shop::too_little_left(server))?;
    server.purpose("bring the stock down to one");
    shop.buy_down_to(1, &product).await?;
    server.purpose("at both instances, many buyers confirm at the same time");
    let became = all_at_once(server, customers, &product, BUYERS).await?;
    let left = shop.products().await?;
    let sent = format!(
        "{} × buy_product for the last {:?}, all confirmed at the same time, half of them at each instance",
        2 * BUYERS,
        product.name
    );
    race::was_sold_once(&sent, &product, &became, &left).map_err(for_instances)
}

/// A lock in one program does not help against another one.
fn for_instances(stop: Stop) -> Stop {
    match stop {
        Stop::Failed(mut finding) if finding.code == Code::SoldTwice => {
            finding.why = Why::from(
                "Another buyer got in between checking the stock and selling. A lock in your program does not stop another instance: let the database check the stock and lower it in one statement.",
            );
            Stop::Failed(finding)
        }
        other => other,
    }
}

/// A receipt is a promise: what it says is stored before it is given.
async fn is_killed_after_the_receipt(
    server: &ServerUnderTest,
    bob: &str,
    here: &Customer,
) -> Checked {
    server.purpose("start another instance, buy something from it, and kill it");
    let victim = server.another(&[]).await?;
    let there = Customer::enter_at(server, bob, &victim).await?;
    let before = there.orders().await?.len();
    let product = here.shop.in_stock(server, 2).await?;
    there.shop.buy(&product.name, 1).await?;
    drop(victim);
    is_as_if(
        server,
        bob,
        here,
        (&product, before),
        Some(1),
        "killed right after the receipt",
    )
    .await
}

/// A sale is a whole: either the stock has fallen and there is an order, or neither.
async fn is_killed_during_a_sale(server: &ServerUnderTest, bob: &str, here: &Customer) -> Checked {
    server.purpose("start another instance, and be asked there");
    let victim = server.another(&[]).await?;
    let there = Customer::enter_at(server, bob, &victim).await?;
    let before = there.orders().await?.len();
    let product = here.shop.in_stock(server, 2).await?;
    let asked = there.shop.order_and_be_asked(&product.name, 1).await?;
    server
        .purpose("confirm, and kill it as soon as another instance sees that the stock has fallen");
    let yes = [yes()];
    let mut answered = Box::pin(there.shop.session.respond(asked, &yes));
    loop {
        tokio::select! {
            _ = &mut answered => break,
            stock = here.shop.stock(&product.name) => if stock? < product.stock {
                break;
            },
        }
    }
    drop(victim);
    drop(answered);
    is_as_if(
        server,
        bob,
        here,
        (&product, before),
        None,
        "killed during the sale",
    )
    .await
}

/// That a restarted instance has so many more orders, and so much less stock.
async fn is_as_if(
    server: &ServerUnderTest,
    bob: &str,
    here: &Customer,
    (product, orders_before): (&Product, usize),
    sold: Option<i64>,
    killed: &str,
) -> Checked {
    server.purpose("start it again, and look at the stock and the orders");
    let restarted = server.another(&[]).await?;
    let again = Customer::enter_at(server, bob, &restarted).await?;
    let orders = again.orders().await?.len().saturating_sub(orders_before);
    let fallen = product.stock - here.shop.stock(&product.name).await?;
    let counted = i64::try_from(orders).unwrap_or(i64::MAX);
    if fallen == counted && sold.is_none_or(|sold| sold == fallen) {
        return Ok(());
    }
    Err(Finding::new(Code::HalfASale)
        .sent(format!("buy_product {:?} to an instance that is {killed}", product.name))
        .expected(match sold {
            Some(_) => "1 less in stock, and 1 more order",
            None => "as many more orders as there are fewer in stock",
        })
        .got(format!("{fallen} less in stock, and {counted} more orders"))
        .why("A program can end at any moment. Change the stock and the order in one transaction, and give the receipt after its commit.")
        .into())
}

/// So many at each instance confirm at the same moment that they want one.
async fn all_at_once(
    server: &ServerUnderTest,
    customers: [&Customer; 2],
    product: &Product,
    each: usize,
) -> Checked<Vec<Buyer>> {
    let mut questions = [Vec::new(), Vec::new()];
    for (customer, asked) in customers.iter().zip(&mut questions) {
        for _ in 0..each {
            asked.push(customer.shop.order_and_be_asked(&product.name, 1).await?);
        }
    }
    let [here, there] = questions;
    let (here, there) = tokio::join!(
        confirmed(server, customers[0], product, here),
        confirmed(server, customers[1], product, there)
    );
    let (mut all, there) = (here?, there?);
    all.extend(there);
    Ok(all)
}

async fn confirmed(
    server: &ServerUnderTest,
    customer: &Customer,
    product: &Product,
    questions: Vec<InputRequired>,
) -> Checked<Vec<Buyer>> {
    let by_hand = match server.era {
        Era::Modern => Some(customer.raw(server).await?),
        Era::Legacy => None,
    };
    let shop = &customer.shop;
    Ok(race::all_say_yes(shop, by_hand.as_ref(), product, questions).await)
}

/// That another instance has the same stock.
fn same_products(sent: &str, expected: &[Product], got: &[Product], why: &str) -> Checked {
    let Some(product) = expected.iter().find(|one| !got.contains(one)) else {
        return Ok(());
    };
    let found = got.iter().find(|one| one.name == product.name);
    Err(Finding::new(Code::StockNotShared)
        .sent(sent)
        .expected(json_of(product))
        .got(found.map_or_else(|| "it is not in the list".to_owned(), json_of))
        .why(why)
        .into())
}

fn in_words(orders: &[Order]) -> String {
    serde_json::to_string(orders).unwrap_or_default()
}
