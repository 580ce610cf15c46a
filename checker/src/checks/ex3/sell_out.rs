//! 3.4: all that there is can be sold, and then nothing more.

use serde_json::json;

use super::places;
use super::refuse::{Order, refused};
use crate::checks::store::sale::UNLISTED;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

/// How many are sold last: more than one, since that may be a case of its own.
const LAST: i64 = 2;

pub(super) async fn check(server: &ServerUnderTest, shop: &Shop) -> Checked {
    if server.runs_already() {
        // Its stock is for the other steps and the other era: what was sold out by them will do.
        let products = shop.products().await?;
        let sold_out = products.iter().find(|product| product.stock == 0);
        return match sold_out {
            Some(product) => sells_no_more(server, shop, product).await,
            None => Ok(()),
        };
    }
    server.purpose("find the product with the lowest stock");
    let products = shop.rarest_first().await?;
    let product = products
        .first()
        .ok_or_else(|| shop::too_little_left(server))?;
    server.purpose("bring the stock down");
    let last = product.stock.min(LAST);
    shop.buy_down_to(last, product).await?;
    server.purpose("buy the whole stock");
    let called = shop.order(&product.name, last).await?;
    sells_all(&called, product)?;
    sells_no_more(server, shop, product).await?;
    server.purpose("see that it is still listed");
    is_listed(product, &shop.products().await?)
}

fn sells_all(called: &Called, product: &Product) -> Checked {
    let remaining = match called.result.is_error {
        Some(true) => None,
        _ => Some(shop::structured::<shop::Receipt>(called)?.remaining_stock),
    };
    let (code, why) = match remaining {
        Some(0) => return Ok(()),
        Some(_) => (
            Code::WrongReceipt,
            "The whole stock was sold. The model tells the user what the receipt says.",
        ),
        None => (
            Code::RefusesAll,
            "The store has exactly that many, so it can sell them. Refuse a quantity that is larger than the stock, not one that equals it.",
        ),
    };
    Err(Finding::new(code)
        .sent(&called.sent)
        .expected(format!(
            "a receipt with remaining_stock 0: exactly that many of {:?} are left",
            product.name
        ))
        .got(shop::outcome(called))
        .why(why)
        .at(places::REFUSALS)
        .into())
}

async fn sells_no_more(server: &ServerUnderTest, shop: &Shop, product: &Product) -> Checked {
    let order = Order {
        code: Code::AcceptsSoldOut,
        block: places::REFUSALS,
        what: "something that is sold out".to_owned(),
        arguments: json!({ "product_name": product.name, "quantity": 1 }),
    };
    server.purpose("an order that must be refused: the product is sold out");
    refused(shop, &order).await?;
    Ok(())
}

fn is_listed(product: &Product, products: &[Product]) -> Checked {
    let name = &product.name;
    let (code, got, why, block) = match shop::stock_of(products, name) {
        Some(0) => return Ok(()),
        Some(stock) => (
            Code::RefusalChangedStock,
            stock.to_string(),
            "A refused order must not change anything. Check everything first, and change the stock last.",
            places::REFUSALS.into(),
        ),
        None => (
            Code::SoldOutNotListed,
            UNLISTED.to_owned(),
            "A model that does not see the product tells the user that it never existed. With a stock of 0, the model can say that it is sold out.",
            places::of_tool("list_products"),
        ),
    };
    Err(Finding::new(code)
        .sent(format!(
            "all of {name:?} bought, then tools/call list_products {{}}"
        ))
        .expected(format!("stock of {name:?}: 0"))
        .got(got)
        .why(why)
        .at(block)
        .into())
}
