//! What the store sells, and the rules for selling it. Nothing here depends on MCP.

use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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

/// Everything the store sells, shared by all its customers.
pub struct Inventory {
    products: Mutex<Vec<Product>>,
}

impl Inventory {
    /// The stock on opening day.
    pub fn opening_day() -> Self {
        let shelves = [
            ("Croissant", 320, 12),
            ("Pain au chocolat", 380, 8),
            ("Sourdough loaf", 750, 5),
            ("Crème brûlée tart", 590, 3),
            ("Wedding cake", 24_000, 1),
        ];
        let products = shelves.map(|(name, price_cents, stock)| Product {
            name: name.to_owned(),
            price_cents,
            stock,
        });
        Self {
            products: Mutex::new(products.into()),
        }
    }

    /// All products, including sold-out ones.
    pub fn products(&self) -> Vec<Product> {
        self.lock().clone()
    }

    /// Nothing panics while holding the lock, so a poisoned lock is as good as a clean one.
    fn lock(&self) -> MutexGuard<'_, Vec<Product>> {
        self.products.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a customer bought.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Receipt {
    /// The product that was bought.
    pub product_name: String,
    /// How many were bought.
    pub quantity: u32,
    /// The total price, in cents.
    pub total_cents: u64,
    /// How many the store has left.
    pub remaining_stock: u32,
}

impl Inventory {
    /// Sells `quantity` of a product, or says why not and changes nothing.
    ///
    /// The guard is held from checking the stock until the sale, so no other customer can
    /// buy in between, and nothing is sold twice.
    pub fn buy(&self, product_name: &str, quantity: u32) -> Result<Receipt, Refusal> {
        let mut products = self.lock();
        let product = sellable(&mut products, product_name, quantity)?;
        product.stock -= quantity;
        Ok(Receipt {
            product_name: product.name.clone(),
            quantity,
            total_cents: u64::from(product.price_cents) * u64::from(quantity),
            remaining_stock: product.stock,
        })
    }
}

/// Why the store refuses an order. A model reads the text, so each one says what would work.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error("There is no product named {name:?}. The store sells: {}.", .sold.join(", "))]
    UnknownProduct { name: String, sold: Vec<String> },
    #[error("The quantity is 0. Buy at least 1.")]
    NothingOrdered,
    #[error("{name:?} is sold out.")]
    SoldOut { name: String },
    #[error("Only {stock} of {name:?} left, not {quantity}. Buy {stock} or fewer.")]
    NotEnough {
        name: String,
        stock: u32,
        quantity: u32,
    },
}

/// The product, if `quantity` of it can be sold right now.
fn sellable<'a>(
    products: &'a mut [Product],
    name: &str,
    quantity: u32,
) -> Result<&'a mut Product, Refusal> {
    let Some(position) = products.iter().position(|product| product.name == name) else {
        return Err(Refusal::UnknownProduct {
            name: name.to_owned(),
            sold: products
                .iter()
                .map(|product| product.name.clone())
                .collect(),
        });
    };
    let product = &mut products[position];
    if quantity == 0 {
        return Err(Refusal::NothingOrdered);
    }
    if product.stock == 0 {
        return Err(Refusal::SoldOut {
            name: name.to_owned(),
        });
    }
    if product.stock < quantity {
        return Err(Refusal::NotEnough {
            name: name.to_owned(),
            stock: product.stock,
            quantity,
        });
    }
    Ok(product)
}

/// What a customer is looking for. A missing field excludes nothing.
#[derive(Debug, Default)]
pub struct Search {
    pub keyword: Option<String>,
    pub min_price_cents: Option<u32>,
    pub max_price_cents: Option<u32>,
}

impl Search {
    /// The keyword matches any part of the name, in any case. Both prices are inclusive.
    fn matches(&self, product: &Product) -> bool {
        let name = product.name.to_lowercase();
        let keyword = self.keyword.as_deref().unwrap_or_default().to_lowercase();
        name.contains(&keyword)
            && self
                .min_price_cents
                .is_none_or(|min| min <= product.price_cents)
            && self
                .max_price_cents
                .is_none_or(|max| product.price_cents <= max)
    }
}

impl Inventory {
    /// The matching products, in the order of [`Inventory::products`].
    pub fn search(&self, search: &Search) -> Vec<Product> {
        let mut products = self.products();
        products.retain(|product| search.matches(product));
        products
    }
}

impl Inventory {
    /// The product with exactly this name.
    pub fn product(&self, name: &str) -> Option<Product> {
        let products = self.lock();
        products
            .iter()
            .find(|product| product.name == name)
            .cloned()
    }
}

// What exercise 4 adds. To keep your own products, save everything below this line, replace
// this file with your `inventory.rs` from exercise 3, and add what you saved at its end.

/// What a customer is asked to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub product_name: String,
    pub quantity: u32,
    pub total_cents: u64,
}

impl Inventory {
    /// What an order would cost, or why it cannot be filled. This sells and reserves nothing: while
    /// the customer decides, somebody else may buy the product.
    pub fn quote(&self, product_name: &str, quantity: u32) -> Result<Quote, Refusal> {
        let mut products = self.lock();
        let product = sellable(&mut products, product_name, quantity)?;
        Ok(Quote {
            product_name: product.name.clone(),
            quantity,
            total_cents: u64::from(product.price_cents) * u64::from(quantity),
        })
    }

    /// Adds one to a product's stock. `None` if the stock is full, or there is no such product.
    pub fn restock(&self, product_name: &str) -> Option<u32> {
        let mut products = self.lock();
        let product = products
            .iter_mut()
            .find(|product| product.name == product_name)?;
        product.stock = product.stock.checked_add(1)?;
        Some(product.stock)
    }
}
