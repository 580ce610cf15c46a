//! The oven: work that takes a while. Nothing here depends on MCP, except for the schemas.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::inventory::Inventory;

/// The most that one order can bake.
const MOST: u32 = 50;

/// What to bake.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Order {
    /// The product to bake, by the name that `list_products` gives.
    pub product_name: String,
    /// How many to bake.
    #[schemars(range(min = 1, max = 50))]
    pub quantity: u32,
}

/// What to bake, one order at a time.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Batch {
    /// The orders.
    pub orders: Vec<Order>,
}

/// What was baked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Baked {
    /// The product.
    pub product_name: String,
    /// How many.
    pub quantity: u32,
}

/// What was not baked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Failed {
    /// The product.
    pub product_name: String,
    /// Why not.
    pub reason: String,
}

/// The result of a batch.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// What was baked, in the order of the batch.
    pub baked: Vec<Baked>,
    /// What was not baked, and why.
    pub failed: Vec<Failed>,
}

impl From<Order> for Baked {
    fn from(order: Order) -> Self {
        Self {
            product_name: order.product_name,
            quantity: order.quantity,
        }
    }
}

/// Bakes products, and adds them to the stock.
pub struct Oven {
    inventory: Arc<Inventory>,
    /// How long one item takes.
    baking: Duration,
}

impl Oven {
    pub fn new(inventory: Arc<Inventory>, baking: Duration) -> Self {
        Self { inventory, baking }
    }

    /// Checks whether this can be baked, before the oven is on.
    pub async fn look(&self, order: &Order) -> Result<(), String> {
        let (name, quantity) = (&order.product_name, order.quantity);
        let product = self.inventory.product(name).await;
        if product.map_err(|error| error.to_string())?.is_none() {
            return Err(format!("There is no product named {name:?}."));
        }
        if !(1..=MOST).contains(&quantity) {
            return Err(format!("Bake 1 to {MOST} at a time, not {quantity}."));
        }
        Ok(())
    }

    /// Bakes one.
    pub async fn bake_one(&self, order: &Order) -> Result<(), String> {
        sleep(self.baking).await;
        match self.inventory.restock(&order.product_name).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("The store has stopped selling this.".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Bakes everything, and reports progress after each item. It reports what cannot be baked, and
    /// bakes the rest. Dropping the future turns the oven off.
    pub async fn bake_all(&self, batch: &Batch, tell: impl Fn(String)) -> Report {
        let quantities = batch.orders.iter().map(|order| u64::from(order.quantity));
        let total: u64 = quantities.sum();
        let mut done = 0_u64;
        let mut report = Report::default();
        for order in &batch.orders {
            let tell_one = || {
                done += 1;
                tell(format!("{done} of {total} baked"));
            };
            match self.bake(order, tell_one).await {
                Ok(()) => report.baked.push(order.clone().into()),
                Err(reason) => report.failed.push(Failed {
                    product_name: order.product_name.clone(),
                    reason,
                }),
            }
        }
        report
    }

    async fn bake(&self, order: &Order, mut tell_one: impl FnMut()) -> Result<(), String> {
        self.look(order).await?;
        for _ in 0..order.quantity {
            self.bake_one(order).await?;
            tell_one();
        }
        Ok(())
    }
}
