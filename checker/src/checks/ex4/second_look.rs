//! 4.5: the stock is checked again after the answer: the last item is still sold once.

use super::places;
use crate::checks::store::question::{self, yes};
use crate::checks::store::race;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::{Called, Era};
use crate::verdict::{Code, Finding};

/// How many have confirmed that they want the last one. On 2025-11-25 each of them holds a call
/// open, and its answer is a request of its own.
const fn buyers(era: Era) -> usize {
    match era {
        Era::Modern => 50,
        Era::Legacy => 25,
    }
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_confirming(server).await?;
    server.purpose("find products to sell out, the rarest first");
    let products = shop.rarest_first().await?;
    let mut products = products.iter();
    let product = products
        .next()
        .ok_or_else(|| shop::too_little_left(server))?;
    let in_block = |stop: Stop| stop.at(places::SECOND_LOOK);
    somebody_was_faster(server, &shop, product)
        .await
        .map_err(in_block)?;
    // A running server keeps something for the other era.
    if let Some(product) = products.next().filter(|_| !server.runs_already()) {
        all_at_once(server, &shop, product)
            .await
            .map_err(in_block)?;
    }
    server.remark(race::UNSEEN);
    Ok(())
}

/// Another customer takes the last one between the question and the answer.
async fn somebody_was_faster(server: &ServerUnderTest, shop: &Shop, product: &Product) -> Checked {
    server.purpose("bring the stock down to one");
    shop.buy_down_to(1, product).await?;
    server.purpose("be asked about the last one");
    let asked = shop.order_and_be_asked(&product.name, 1).await?;
    server.purpose("another customer buys it in the meantime");
    let another = if server.has_http() {
        Some(Shop::enter_confirming(server).await?)
    } else {
        None
    };
    another
        .as_ref()
        .unwrap_or(shop)
        .confirm(&product.name, 1)
        .await?;
    server.purpose("confirm, too late");
    let called = shop.answer(asked, &yes()).await?;
    server.purpose("see what is left");
    let left = shop.products().await?;
    is_refused(product, &called, &left)
}

/// That who confirmed too late reads that it is gone, and that nothing went below zero.
fn is_refused(product: &Product, called: &Called, left: &[Product]) -> Checked {
    let stock = shop::stock_of(left, &product.name).unwrap_or(0);
    let (code, got, why) = match (called.result.is_error, stock) {
        (Some(true), 0) => return Ok(()),
        (Some(true), _) => (
            Code::WrongStockAfterRace,
            format!("a stock of {stock}"),
            "The last one was sold, so none is left.",
        ),
        _ => (
            Code::SellsWhatIsGone,
            shop::outcome(called),
            "The stock was checked before the question. While the user was thinking, another customer bought the last one. Check the stock again, under the same lock as the sale.",
        ),
    };
    Err(Finding::new(code)
        .sent(&called.sent)
        .expected("a tool error that says that the product is now sold out, and a stock of 0")
        .got(got)
        .why(why)
        .into())
}

/// Everybody is asked about the last one, and everybody says yes at the same moment.
async fn all_at_once(server: &ServerUnderTest, shop: &Shop, product: &Product) -> Checked {
    server.purpose("bring the stock down to one");
    shop.buy_down_to(1, product).await?;
    server.purpose("many customers are asked about the last one");
    let mut questions = Vec::new();
    for _ in 0..buyers(server.era) {
        questions.push(shop.order_and_be_asked(&product.name, 1).await?);
    }
    server.purpose("all of them confirm at the same time");
    let by_hand = if server.has_http() && server.era == Era::Modern {
        let raw = server.raw_of(question::confirming(server)).await?;
        Some(raw.knowing(shop.declared("buy_product").await?))
    } else {
        None
    };
    let became = race::all_say_yes(shop, by_hand.as_ref(), product, questions).await;
    server.purpose("see what is left");
    let left = shop.products().await?;
    let sent = format!(
        "{} × buy_product for the last {:?}, all confirmed at the same time",
        buyers(server.era),
        product.name
    );
    race::was_sold_once(&sent, product, &became, &left)
}
