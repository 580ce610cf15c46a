//! What the store sells, and the rules for selling it. Nothing here depends on MCP.

use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;

/// One product, as customers see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Product {
    /// The name to use for buying it.
    pub name: String,
    /// The price of one, in cents.
    pub price_cents: u32,
    /// How many are left.
    pub stock: u32,
}

// ANCHOR: step_3_2
/// Everything the store sells, shared by all its customers.
pub struct Inventory {
    // TODO 3.2: keep the products here. Many customers will buy at the same time. Which type lets
    // you change them behind a shared `&self`?
}

impl Inventory {
    /// The stock on opening day.
    pub fn opening_day() -> Self {
        // TODO 3.2: at least three products, one of them with a stock of three or more. What
        // your store sells is up to you.
        Self {}
    }

    // TODO 3.2: `pub fn products(&self) -> Vec<Product>`: all products, including sold-out ones.
}
// ANCHOR_END: step_3_2

// ANCHOR: step_3_3
/// What a customer bought.
// TODO 3.3: `product_name`, `quantity`, `total_cents` and `remaining_stock`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Receipt {}

impl Inventory {
    // TODO 3.3: `pub fn buy(&self, product_name: &str, quantity: u32) -> Result<Receipt, Refusal>`.
    // `sellable` below finds the product. Lower its stock, and write the receipt. Think of 3.5
    // already: nobody else may buy between checking the stock and selling.
}
// ANCHOR_END: step_3_3

// ANCHOR: step_3_4
/// Why the store refuses an order. A model reads the text, so each one says what would work.
// TODO 3.4: a variant for each reason, with a message in thiserror's `#[error("…")]`: no such
// product, a quantity of 0, sold out, not enough left.
#[derive(Debug, Error)]
pub enum Refusal {}

/// The product, if `quantity` of it can be sold right now.
fn sellable<'a>(
    products: &'a mut [Product],
    name: &str,
    quantity: u32,
) -> Result<&'a mut Product, Refusal> {
    // This already finds what can be sold. TODO 3.4: return the reason if it cannot.
    products
        .iter_mut()
        .find(|product| product.name == name && (1..=product.stock).contains(&quantity))
        .ok_or_else(|| todo!("3.4"))
}
// ANCHOR_END: step_3_4

// ANCHOR: step_3_9
/// What a customer is looking for. A missing field excludes nothing.
// TODO 3.9 (bonus): three fields that may be missing: `keyword`, `min_price_cents` and
// `max_price_cents`.
#[derive(Debug, Default)]
pub struct Search {}

// TODO 3.9 (bonus): `Inventory::search`, which finds matching products. The keyword is a part of
// the name, in upper or lower case. Both prices are inclusive.
// ANCHOR_END: step_3_9

// ANCHOR: step_3_10
// TODO 3.10 (bonus): `Inventory::product`: the product with exactly this name, or `None`.
// ANCHOR_END: step_3_10
