//! What must be so after a sale: the receipt, and what is left.

use super::shop::{self, Product, Receipt};
use crate::checks::Checked;
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

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
            "There were {stock} of it before. The model tells its user what the receipt says."
        ))
        .into())
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
        let got = got.map_or("not listed any more".to_owned(), |stock| stock.to_string());
        return Err(Finding::new(Code::WrongStock)
            .sent(format!("{}, then tools/call list_products {{}}", called.sent))
            .expected(format!("stock of {:?}: {expected}", old.name))
            .got(got)
            .why("What was sold must be gone for everyone: in this session, in the next one, on every connection.")
                .into());
    }
    Ok(())
}
