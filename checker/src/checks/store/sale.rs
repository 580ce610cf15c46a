//! What must be so after a sale: the receipt, and what is left.

use super::shop::{self, Product, Receipt};
use crate::checks::Checked;
use crate::mcp::Called;
use crate::verdict::{Code, Finding, Why};

/// What is got where a product's stock should be.
pub const UNLISTED: &str = "no longer listed";

/// How all sessions come to the same inventory.
pub const ONE_INVENTORY: &str = "Do all sessions share one inventory? Create it once, in main. If the closure in `router` creates it, every request gets a new one.";

/// That a receipt is for this much of this product, as it was before.
pub fn says_what_was_bought(called: &Called, product: &Product, quantity: i64) -> Checked {
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
            "{} The model tells the user what the receipt says.",
            what_differs(&got, &expected, *stock)
        ))
        .into())
}

/// What the first field of a receipt that is wrong should say.
fn what_differs(got: &Receipt, expected: &Receipt, before: i64) -> String {
    if got.product_name != expected.product_name {
        "A receipt spells the product's name as list_products does.".to_owned()
    } else if got.quantity != expected.quantity {
        format!("The order was for {}.", expected.quantity)
    } else if got.total_cents != expected.total_cents {
        "The total is the price times the quantity.".to_owned()
    } else {
        format!("The stock was {before} before the order.")
    }
}

/// That of everything there is what there was, but for what was bought.
pub fn fell(
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
        let is_bought = old.name == bought.name;
        let why: Why = match got {
            // As if nothing had been sold: the sale may have been in another inventory.
            Some(stock) if is_bought && stock == old.stock => Why::from("The sale must lower the stock for everyone: in this session, in the next one, and on every connection.")
                .in_rust(ONE_INVENTORY),
            Some(_) if is_bought => {
                "A sale lowers the stock by exactly the quantity sold.".into()
            }
            Some(_) => "A sale only changes the stock of the product that was sold.".into(),
            None => "A product stays in the list, with the stock that is left.".into(),
        };
        return Err(Finding::new(Code::WrongStock)
            .sent(format!(
                "{}, then tools/call list_products {{}}",
                called.sent
            ))
            .expected(format!("stock of {:?}: {expected}", old.name))
            .got(got.map_or(UNLISTED.to_owned(), |stock| stock.to_string()))
            .why(why)
            .into());
    }
    Ok(())
}

/// What was expected of the first product that differs, and what there is.
pub fn changed(before: &[Product], after: &[Product]) -> Option<(String, String)> {
    let old = before.iter().find(|old| !after.contains(old))?;
    let new = after.iter().find(|product| product.name == old.name);
    Some((
        format!("stock of {:?} as before: {}", old.name, old.stock),
        new.map_or(UNLISTED.to_owned(), |product| product.stock.to_string()),
    ))
}
