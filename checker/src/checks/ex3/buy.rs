//! 3.3: `buy_product` sells, and the stock falls by what was bought.

use rand::RngExt;
use serde_json::Value;

use super::places;
use crate::checks::store::sale::{fell, says_what_was_bought};
use crate::checks::store::schema::{fits, is_the_contracts, output_schema};
use crate::checks::store::shop::{self, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};

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
    let in_sale = |stop: Stop| stop.at(places::SALE);
    says_what_was_bought(&called, &product, quantity).map_err(in_sale)?;

    server.purpose("see that the stock fell by what was bought");
    let after = shop.products().await?;
    fell(&called, &before, &after, &product, quantity).map_err(in_sale)
}
