//! Who bought what.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::User;
use crate::inventory::Receipt;

/// A receipt, and who it belongs to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Purchase {
    #[serde(flatten)]
    pub receipt: Receipt,
    /// The user who bought it.
    pub buyer: String,
}

/// What a user has bought, the oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Orders {
    /// The receipts.
    pub orders: Vec<Purchase>,
}

/// Everything that was bought, by the buyer's id.
#[derive(Default)]
pub struct Purchases(Mutex<HashMap<String, Vec<Purchase>>>);

impl Purchases {
    /// Records who bought this.
    pub fn note(&self, user: &User, receipt: Receipt) -> Purchase {
        let purchase = Purchase {
            receipt,
            buyer: user.name.clone(),
        };
        let mut all = self.lock();
        all.entry(user.id.clone())
            .or_default()
            .push(purchase.clone());
        purchase
    }

    /// What this user has bought.
    pub fn of(&self, user: &User) -> Orders {
        let orders = self.lock().get(&user.id).cloned().unwrap_or_default();
        Orders { orders }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Purchase>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
