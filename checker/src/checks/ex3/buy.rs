//! 3.3: `buy_product` sells, and the stock falls by what was bought.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::places;
use crate::checks::store::sale::{ONE_INVENTORY, UNLISTED, fell, says_what_was_bought};
use crate::checks::store::schema::{fits, is_the_contracts, output_schema};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/3.3.snap");

/// How long a stock that has not fallen is given. It fails all the same.
const A_WHILE: Duration = Duration::from_millis(200);

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("see which arguments buy_product takes");
    let in_tool = |stop: Stop| stop.at(places::of_tool("buy_product"));
    let tool = shop.declared("buy_product").await.map_err(in_tool)?;
    let schema = output_schema(&tool).map_err(in_tool)?;
    is_the_contracts(&tool, CONTRACT, (places::BUY_ARGUMENTS, places::SALE))?;

    server.purpose("see prices and stock before");
    let before = shop.products().await?;
    let (product, quantity) = shop::an_order(server, &tool, &before)?;

    server.purpose("buy a random quantity of the product with the most stock");
    let called = shop.order(&product.name, quantity).await?;
    shop::succeeded(&called, "a receipt: the product is in stock")?;
    let content: Value = shop::structured(&called).map_err(in_tool)?;
    fits(&called, &content, &schema)?;
    let in_sale = |stop: Stop| stop.at(places::lost_sale());
    says_what_was_bought(&called, &product, quantity).map_err(in_sale)?;

    server.purpose("see that the stock fell by what was bought");
    let after = shop.products().await?;
    if let Err(stop) = fell(&called, &before, &after, &product, quantity) {
        server.purpose("see whether the stock falls later");
        sleep(A_WHILE).await;
        let later = shop.products().await?;
        return Err(match fell(&called, &before, &later, &product, quantity) {
            Ok(()) => of_a_late_sale(stop),
            Err(_) => in_sale(stop),
        });
    }
    if server.has_http() {
        is_gone_for_everyone(server, &product.name, &after).await?;
    }
    Ok(())
}

/// The same finding, of a stock that was right a while later.
fn of_a_late_sale(mut found: Stop) -> Stop {
    if let Stop::Failed(finding) = &mut found {
        let later = A_WHILE.as_millis();
        finding.got = format!(
            "{} right after the receipt, and the correct stock {later} ms later",
            finding.got
        );
        finding.why = "A receipt says that the sale is done. Lower the stock before you answer. Otherwise other customers can buy what is already sold.".into();
    }
    found.at(places::sale())
}

/// Over HTTP all sessions are with one store. A stdio server is a store for each.
async fn is_gone_for_everyone(server: &ServerUnderTest, name: &str, seen: &[Product]) -> Checked {
    server.purpose("see that the stock is the same in another session");
    let others = Shop::enter(server).await?.products().await?;
    let [expected, got] = [seen, &others].map(|products| shop::stock_of(products, name));
    if got == expected {
        return Ok(());
    }
    let told = |stock: Option<i64>| stock.map_or(UNLISTED.to_owned(), |stock| stock.to_string());
    Err(Finding::new(Code::WrongStock)
        .sent("tools/call list_products {} in a new session, after a sale in another one")
        .expected(format!(
            "stock of {name:?}: {}, as in the session of the sale",
            told(expected)
        ))
        .got(told(got))
        .why("All sessions share one store. In your server, every session has its own stock.")
        .in_rust(ONE_INVENTORY)
        .at(places::lost_sale())
        .into())
}
