//! 3.5: the last item is sold only once, however many clients buy at once.
//!
//! Each round brings a product down to one and then has many buyers ask for it.

use futures::future::join_all;
use rmcp::model::Tool;
use serde_json::json;

use crate::checks::store::race::{Buyer, UNSEEN, at_the_same_moment, was_sold_once};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest};

/// How many want the last one.
const BUYERS: usize = 10;

/// How many products are sold out, at most. A race is lost only sometimes.
const ROUNDS: usize = 3;

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("find products to sell out, the rarest first");
    let tool = shop.declared("buy_product").await?;
    let mut products = shop.rarest_first().await?;
    // With a stock in the millions a product stays; where all are like that, the first one says so.
    let most = shop::most_of_one_order(&tool);
    let sells_out = |product: &Product| shop::can_be_brought_down(product, 1, most);
    if products.iter().any(sells_out) {
        products.retain(sells_out);
    }
    if products.is_empty() {
        return Err(shop::too_little_left(server));
    }
    // A running server gets one round, and keeps something for the other era.
    let rounds = if server.runs_already() { 1 } else { ROUNDS };
    for product in products.iter().take(rounds) {
        server.purpose("bring the stock down to one");
        shop.buy_down_to(1, product).await?;
        server.purpose("many buyers want the last one at the same time");
        let buyers = race(server, &shop, &tool, product).await?;
        server.purpose("see what is left");
        let left = shop.products().await?;
        let sent = format!(
            "{BUYERS} × tools/call buy_product {} at the same time",
            json!({ "product_name": product.name, "quantity": 1 })
        );
        was_sold_once(&sent, product, &buyers, &left)?;
    }
    server.remark(UNSEEN);
    Ok(())
}

async fn race(
    server: &ServerUnderTest,
    shop: &Shop,
    tool: &Tool,
    product: &Product,
) -> Checked<Vec<Buyer>> {
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
    let raw = server.raw().await?.knowing(tool.clone());
    let arguments = json!({ "product_name": product.name, "quantity": 1 });
    let call = || {
        let params = json!({ "name": "buy_product", "arguments": arguments });
        raw.message("tools/call", params)
    };
    let calls = (0..BUYERS).map(|_| call()).collect();
    Ok(at_the_same_moment(&raw, calls).await)
}
