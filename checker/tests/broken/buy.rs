//! The tool `buy_product`: what it accepts, and how it says yes and no.

use std::future::pending;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::declarations::product_name_field;
use crate::flaw::{Flaw, Flaws};
use crate::protocol::{INTERNAL_ERROR, INVALID_PARAMS, RpcError};
use crate::sale::{Receipt, Refusal};
use crate::store::Store;
use crate::tools::{Arguments, mistyped, structured, text};

/// What a store sells at a time that sells little at a time.
pub const SMALL_ORDER: i64 = 3;

/// How much later than its receipt a sale may be done.
const LATER: Duration = Duration::from_millis(80);

pub async fn buy_product(store: &Store, arguments: &Arguments) -> Result<Value, RpcError> {
    let flaws = &store.flaws;
    if flaws.has(Flaw::HangsOnBuy) {
        pending::<()>().await;
    }
    let (product_name, quantity) = match order(flaws, arguments) {
        Ok(order) => order,
        Err(refusal) => return no(flaws, &refusal),
    };
    if flaws.has(Flaw::SmallOrders) && quantity > SMALL_ORDER {
        let refusal = Refusal::TooManyAtOnce { most: SMALL_ORDER };
        return no(flaws, &refusal);
    }
    match store.shop.buy(&product_name, quantity).await {
        Ok(receipt) => {
            if flaws.has(Flaw::FallsLater) {
                fall_later(store, &receipt);
            }
            Ok(yes(flaws, receipt))
        }
        Err(refusal) => no(flaws, &refusal),
    }
}

/// The receipt is there before the stock falls.
fn fall_later(store: &Store, receipt: &Receipt) {
    let (shop, receipt) = (store.shop.clone(), receipt.clone());
    tokio::spawn(async move {
        sleep(LATER).await;
        let mut products = shop.lock();
        let mut products = products.iter_mut();
        if let Some(product) = products.find(|product| product.name == receipt.product_name) {
            product.stock -= receipt.quantity;
        }
    });
}

/// What is to be bought, if the arguments say so. Whether it can be is up to the shop.
fn order(flaws: &Flaws, arguments: &Arguments) -> Result<(String, i64), Refusal> {
    let field = product_name_field(flaws);
    let product_name = match arguments.get(field) {
        Some(Value::String(name)) => name.clone(),
        Some(value) => return Err(mistyped(field, "a string", value)),
        None => {
            return Err(Refusal::Missing {
                field: field.to_owned(),
            });
        }
    };
    let quantity = match arguments.get("quantity") {
        Some(value) => whole_number(flaws, value)
            .ok_or_else(|| mistyped("quantity", "a whole number from 1 to 1000", value))?,
        None if flaws.has(Flaw::DefaultQuantity) => 1,
        None => {
            return Err(Refusal::Missing {
                field: "quantity".to_owned(),
            });
        }
    };
    Ok((product_name, quantity))
}

fn whole_number(flaws: &Flaws, value: &Value) -> Option<i64> {
    match value {
        Value::String(digits) if flaws.has(Flaw::AcceptsTextNumber) => digits.parse().ok(),
        Value::Number(number) => match number.as_i64() {
            Some(huge) if huge > i64::from(u32::MAX) && flaws.has(Flaw::HugeWraps) => {
                Some(huge & i64::from(u32::MAX))
            }
            None if flaws.has(Flaw::AcceptsFraction) => number.as_f64().map(|float| float as i64),
            None if flaws.has(Flaw::RoundsUp) => {
                let half = number.as_f64().filter(|float| *float < 1.0);
                half.map(|float| float.ceil() as i64)
            }
            whole => whole,
        },
        _ => None,
    }
}

fn yes(flaws: &Flaws, receipt: Receipt) -> Value {
    let receipt = if flaws.has(Flaw::CannedReceipt) {
        Receipt {
            product_name: "Croissant".to_owned(),
            quantity: 1,
            total_cents: 320,
            remaining_stock: 11,
        }
    } else {
        receipt
    };
    let mut content = json!(receipt);
    if flaws.has(Flaw::ReceiptLies) {
        content["total_cents"] = json!(receipt.total_cents.to_string());
    }
    if flaws.has(Flaw::ReceiptAsText) {
        text(content.to_string(), false)
    } else {
        structured(&content)
    }
}

/// A refusal is a tool error that a model can read, unless something is wrong.
fn no(flaws: &Flaws, refusal: &Refusal) -> Result<Value, RpcError> {
    if let Refusal::UnknownProduct { name, .. } = refusal
        && flaws.has(Flaw::CutsNames)
    {
        let _ = &name[..name.len().min(20)];
    }
    let message = flaws.text(refusal.to_string());
    match refusal {
        Refusal::LostRace { .. } => Err(RpcError::new(INTERNAL_ERROR, message)),
        Refusal::Mistyped {
            value: Value::String(_),
            field,
            ..
        } if field == "quantity" && flaws.has(Flaw::MistypedAsProtocolError) => {
            Err(RpcError::new(INVALID_PARAMS, message))
        }
        Refusal::NotEnough { .. } if flaws.has(Flaw::RefusalAsProtocolError) => {
            Err(RpcError::new(INVALID_PARAMS, message))
        }
        Refusal::NotEnough { .. } if flaws.has(Flaw::RefusalAsSuccess) => Ok(text(message, false)),
        Refusal::UnknownProduct { .. } if flaws.has(Flaw::UnknownAsSuccess) => {
            Ok(text("Sorry, unknown product", false))
        }
        _ if flaws.has(Flaw::EmptyRefusal) => Ok(json!({ "content": [], "isError": true })),
        _ if flaws.has(Flaw::VagueRefusal) => Ok(text("error", true)),
        _ if flaws.has(Flaw::SameRefusal) => Ok(text("This product cannot be sold.", true)),
        _ => Ok(text(message, true)),
    }
}
