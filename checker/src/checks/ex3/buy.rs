//! 3.3: `buy_product` sells, and the stock falls by what was bought.

use rand::RngExt;
use serde_json::Value;

use super::places;
use crate::checks::store::schema::{fits, is_the_contracts, output_schema};
use crate::checks::store::shop::{self, Product, Receipt, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/3.3.snap");

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("see how buy_product wants to be called");
    let in_tool = |stop: Stop| stop.at(places::BUY_TOOL);
    let tool = shop.declared("buy_product").await.map_err(in_tool)?;
    let schema = output_schema(&tool).map_err(in_tool)?;
    is_the_contracts(&tool, CONTRACT, (places::BUY_ARGUMENTS, places::SALE))?;

    // Of the product with most stock, more than one: a price for one, or a stock that falls
    // by one, must not pass.
    server.purpose("see prices and stock before");
    let before = shop.products().await?;
    let product = before.iter().max_by_key(|product| product.stock).cloned();
    let product = product.filter(|product| product.stock >= 2);
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    // Unless the tool sells fewer at a time, or one by one.
    let most = shop::most_of_one_order(&tool).min(product.stock).min(5);
    let quantity = server.random(|dice| dice.random_range(most.min(2)..=most));

    server.purpose("buy a random quantity of the product with most stock");
    let called = shop.order(&product.name, quantity).await?;
    shop::succeeded(&called, "a receipt: this is in stock")?;
    let content: Value = shop::structured(&called).map_err(in_tool)?;
    fits(&called, &content, &schema)?;
    says_what_was_bought(&called, &product, quantity)?;

    server.purpose("see that the stock fell by what was bought");
    let after = shop.products().await?;
    fell(&called, &before, &after, &product, quantity)
}

/// That a receipt is for this much of this product, as it was before.
pub(super) fn says_what_was_bought(called: &Called, product: &Product, quantity: i64) -> Checked {
    let expected = Receipt {
        product_name: product.name.clone(),
        quantity,
        total_cents: i128::from(product.price_cents) * i128::from(quantity),
        remaining_stock: product.stock - quantity,
    };
    let got: Receipt = shop::structured(called)?;
    if got == expected {
        return Ok(());
    }
    let Product {
        name,
        price_cents,
        stock,
    } = product;
    Err(Finding::new(Code::WrongReceipt)
        .sent(&called.sent)
        .expected(format!(
            "{quantity} × {name} at {price_cents} cents: total_cents {}, remaining_stock {}",
            expected.total_cents, expected.remaining_stock
        ))
        .got(shop::outcome(called))
        .why(format!(
            "There were {stock} of it before. The model tells its user what the receipt says."
        ))
        .at(places::SALE)
        .into())
}

/// That of everything there is what there was, but for what was bought.
pub(super) fn fell(
    called: &Called,
    before: &[Product],
    after: &[Product],
    bought: &Product,
    quantity: i64,
) -> Checked {
    for old in before {
        let expected = if old.name == bought.name {
            old.stock - quantity
        } else {
            old.stock
        };
        let new = after.iter().find(|product| product.name == old.name);
        let got = new.map(|product| product.stock);
        if got == Some(expected) {
            continue;
        }
        let got = got.map_or("not listed any more".to_owned(), |stock| stock.to_string());
        return Err(Finding::new(Code::WrongStock)
            .sent(format!("{}, then tools/call list_products {{}}", called.sent))
            .expected(format!("stock of {:?}: {expected}", old.name))
            .got(got)
            .why("What was sold must be gone for everyone: in this session, in the next one, on every connection.")
            .at(places::SALE)
            .into());
    }
    Ok(())
}
