//! What the store sells, and the rules for selling it. Nothing here depends on MCP.
//!
//! The products are in the database. Nothing is kept in memory, because another instance of the store may
//! sell at any time.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, FromRow, Row};
use thiserror::Error;

use crate::auth::User;
use crate::database::Unavailable;
use crate::purchases::{self, Orders, Purchase};

/// One product, as customers see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Product {
    /// The name to use for buying it.
    pub name: String,
    /// The price of one, in cents.
    pub price_cents: i64,
    /// How many are left.
    pub stock: i64,
}

impl FromRow<'_, AnyRow> for Product {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            name: row.try_get("name")?,
            price_cents: row.try_get("price_cents")?,
            stock: row.try_get("stock")?,
        })
    }
}

/// Everything the store sells, shared by all its customers and instances.
pub struct Inventory {
    database: AnyPool,
}

/// The stock on opening day.
const SHELVES: [(&str, i64, i64); 5] = [
    ("Croissant", 320, 12),
    ("Pain au chocolat", 380, 8),
    ("Sourdough loaf", 750, 5),
    ("Crème brûlée tart", 590, 3),
    ("Wedding cake", 24_000, 1),
];

impl Inventory {
    /// Opens the store. Products that are new get their stock of opening day; the others keep theirs.
    pub async fn open(database: AnyPool) -> Result<Self> {
        for (shelf, (name, price_cents, stock)) in (1_i64..).zip(SHELVES) {
            sqlx::query(
                "INSERT INTO products (name, shelf, price_cents, stock) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (name) DO NOTHING",
            )
            .bind(name)
            .bind(shelf)
            .bind(price_cents)
            .bind(stock)
            .execute(&database)
            .await?;
        }
        Ok(Self { database })
    }

    /// All products, including sold-out ones.
    pub async fn products(&self) -> Result<Vec<Product>, Refusal> {
        let select = "SELECT name, price_cents, stock FROM products ORDER BY shelf, name";
        Ok(sqlx::query_as(select).fetch_all(&self.database).await?)
    }

    /// The product with exactly this name.
    pub async fn product(&self, name: &str) -> Result<Option<Product>, Refusal> {
        let select = "SELECT name, price_cents, stock FROM products WHERE name = $1";
        let select = sqlx::query_as(select).bind(name);
        Ok(select.fetch_optional(&self.database).await?)
    }
}

/// What a customer bought.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Receipt {
    /// The product that was bought.
    pub product_name: String,
    /// How many were bought.
    pub quantity: i64,
    /// The total price, in cents.
    pub total_cents: i64,
    /// How many the store has left.
    pub remaining_stock: i64,
}

impl Inventory {
    /// Sells `quantity` of a product to a user, or says why not and changes nothing.
    pub async fn buy(&self, user: &User, name: &str, quantity: u32) -> Result<Purchase, Refusal> {
        // ANCHOR: step_6_1
        // TODO 6.1: lower the stock and insert the order in one transaction. One statement has to check
        // the stock and lower it, because another instance may sell at the same time.
        todo!("6.1")
        // ANCHOR_END: step_6_1
    }

    /// What this user has bought.
    pub async fn orders_of(&self, user: &User) -> Result<Orders, Refusal> {
        purchases::of(&self.database, user).await
    }

    /// Why a product cannot be sold.
    async fn refusal(&self, name: &str, quantity: u32) -> Result<Refusal, Refusal> {
        Ok(match self.quote(name, quantity).await {
            Err(refusal) => refusal,
            // It has come back in the meantime.
            Ok(_) => Refusal::SoldOut {
                name: name.to_owned(),
            },
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
        stock: i64,
        quantity: u32,
    },
    #[error(transparent)]
    Database(Unavailable),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
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
                .is_none_or(|min| i64::from(min) <= product.price_cents)
            && self
                .max_price_cents
                .is_none_or(|max| product.price_cents <= i64::from(max))
    }
}

impl Inventory {
    /// The matching products, in the order of [`Inventory::products`]. SQL's `LOWER` only knows ASCII in
    /// SQLite, so the names are compared here.
    pub async fn search(&self, search: &Search) -> Result<Vec<Product>, Refusal> {
        let mut products = self.products().await?;
        products.retain(|product| search.matches(product));
        Ok(products)
    }
}

/// What a customer is asked to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub product_name: String,
    pub quantity: u32,
    pub total_cents: i64,
}

impl Inventory {
    /// What an order would cost, or why it cannot be filled. This sells and reserves nothing: while
    /// the customer decides, somebody else may buy the product.
    pub async fn quote(&self, name: &str, quantity: u32) -> Result<Quote, Refusal> {
        let Some(product) = self.product(name).await? else {
            let products = self.products().await?;
            return Err(Refusal::UnknownProduct {
                name: name.to_owned(),
                sold: products.into_iter().map(|product| product.name).collect(),
            });
        };
        let name = product.name;
        match (quantity, product.stock) {
            (0, _) => Err(Refusal::NothingOrdered),
            (_, 0) => Err(Refusal::SoldOut { name }),
            (_, stock) if stock < i64::from(quantity) => Err(Refusal::NotEnough {
                name,
                stock,
                quantity,
            }),
            _ => Ok(Quote {
                product_name: name,
                quantity,
                total_cents: product.price_cents * i64::from(quantity),
            }),
        }
    }

    /// Adds one to a product's stock. `None` if there is no such product.
    pub async fn restock(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let more = "UPDATE products SET stock = stock + 1 WHERE name = $1 RETURNING stock";
        let more = sqlx::query_scalar(more).bind(name);
        Ok(more.fetch_optional(&self.database).await?)
    }
}
