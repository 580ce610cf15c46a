//! Who bought what.

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, FromRow, Row};

use crate::auth::User;
use crate::inventory::{Receipt, Refusal};

/// A receipt, and who it belongs to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Purchase {
    #[serde(flatten)]
    pub receipt: Receipt,
    /// The user who bought it.
    pub buyer: String,
}

impl FromRow<'_, AnyRow> for Purchase {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            receipt: Receipt {
                product_name: row.try_get("product_name")?,
                quantity: row.try_get("quantity")?,
                total_cents: row.try_get("total_cents")?,
                remaining_stock: row.try_get("remaining_stock")?,
            },
            buyer: row.try_get("buyer")?,
        })
    }
}

/// What a user has bought, the oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Orders {
    /// The receipts.
    pub orders: Vec<Purchase>,
}

/// Records who bought this, as a part of a sale.
pub async fn insert(
    sale: &mut AnyConnection,
    user: &User,
    receipt: Receipt,
) -> Result<Purchase, Refusal> {
    sqlx::query(
        "INSERT INTO orders (user_id, buyer, product_name, quantity, total_cents, remaining_stock)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&user.id)
    .bind(&user.name)
    .bind(&receipt.product_name)
    .bind(receipt.quantity)
    .bind(receipt.total_cents)
    .bind(receipt.remaining_stock)
    .execute(sale)
    .await?;
    Ok(Purchase {
        receipt,
        buyer: user.name.clone(),
    })
}

/// What this user has bought.
pub async fn of(database: &AnyPool, user: &User) -> Result<Orders, Refusal> {
    let orders = sqlx::query_as(
        "SELECT product_name, quantity, total_cents, remaining_stock, buyer FROM orders
         WHERE user_id = $1 ORDER BY id",
    )
    .bind(&user.id)
    .fetch_all(database)
    .await?;
    Ok(Orders { orders })
}
