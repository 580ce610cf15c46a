//! What the store sells.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::flaw::{Flaw, Flaws};

/// One product, as customers see it.
#[derive(Clone, Debug, Serialize)]
pub struct Product {
    pub name: String,
    pub price_cents: i64,
    pub stock: i64,
}

/// What a customer wants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order {
    pub product_name: String,
    pub quantity: i64,
}

/// What a customer bought.
#[derive(Clone, Debug, Serialize)]
pub struct Receipt {
    pub product_name: String,
    pub quantity: i64,
    pub total_cents: i64,
    pub remaining_stock: i64,
}

pub struct Shop {
    flaws: Flaws,
    products: Mutex<Vec<Product>>,
}

impl Shop {
    pub fn open(flaws: Flaws) -> Self {
        Self {
            flaws,
            products: Mutex::new(opening_day()),
        }
    }

    pub fn products(&self) -> Vec<Product> {
        self.lock().clone()
    }

    /// The product, if this can be sold now.
    pub fn look(&self, order: &Order) -> Result<Product, String> {
        let products = self.lock();
        let found = products.iter().find(|one| one.name == order.product_name);
        let product =
            found.ok_or_else(|| format!("There is no product named {:?}.", order.product_name))?;
        if order.quantity < 1 {
            return Err("Buy at least one.".to_owned());
        }
        if product.stock < order.quantity {
            return Err(format!(
                "Only {} of {:?} left.",
                product.stock, product.name
            ));
        }
        Ok(product.clone())
    }

    /// Sells, if it still can.
    pub async fn sell(&self, order: &Order) -> Result<Receipt, String> {
        let careless = self
            .flaws
            .has_any(&[Flaw::NoSecondLook, Flaw::SellsFromAnEmptyShelf]);
        if self.flaws.has(Flaw::GapAfterLook) {
            self.look(order)?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut products = self.lock();
        let product = products
            .iter_mut()
            .find(|one| one.name == order.product_name);
        let product = product.ok_or("It is gone.")?;
        let unchecked = careless || self.flaws.has(Flaw::GapAfterLook);
        if product.stock < order.quantity && !unchecked {
            return Err(format!(
                "Somebody was faster: {} of {:?} left.",
                product.stock, product.name
            ));
        }
        product.stock = product.stock.saturating_sub(order.quantity);
        if self.flaws.has(Flaw::SellsFromAnEmptyShelf) {
            product.stock = product.stock.max(0);
        }
        Ok(Receipt {
            product_name: product.name.clone(),
            quantity: order.quantity,
            total_cents: product.price_cents.saturating_mul(order.quantity),
            remaining_stock: product.stock,
        })
    }

    /// Puts so many more, or fewer, of a product on the shelf.
    pub fn put(&self, name: &str, quantity: i64) {
        let mut products = self.lock();
        if let Some(product) = products.iter_mut().find(|one| one.name == name) {
            product.stock = product.stock.saturating_add(quantity);
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.lock().iter().any(|product| product.name == name)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Product>> {
        self.products.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn opening_day() -> Vec<Product> {
    [
        ("Croissant", 320, 12),
        ("7-grain loaf", 750, 9),
        ("Éclair <b>au café</b>", 590, 3),
        ("Wedding cake", 24_000, 1),
    ]
    .map(|(name, price_cents, stock)| Product {
        name: name.to_owned(),
        price_cents: number("STORE_PRICE").unwrap_or(price_cents),
        stock: number("STORE_STOCK").unwrap_or(stock),
    })
    .into()
}

/// What all products have, if the environment says so.
fn number(variable: &str) -> Option<i64> {
    std::env::var(variable).ok()?.parse().ok()
}
