//! Selling: one at a time, and never more than there is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::sleep;

use crate::flaw::Flaw;
use crate::shop::{Product, Shop};

/// How long a careless shopkeeper looks away between the stock and the till.
const A_MOMENT: Duration = Duration::from_millis(10);

/// How long a purchase is held up, so that all who come at once are seen together.
const A_WHILE: Duration = Duration::from_millis(50);

/// What a customer bought.
#[derive(Clone, Debug, Serialize)]
pub struct Receipt {
    pub product_name: String,
    pub quantity: i64,
    pub total_cents: i64,
    pub remaining_stock: i64,
}

/// Why the store does not sell. A model reads the text, so each says what would work.
#[derive(Debug)]
pub enum Refusal {
    Missing {
        field: String,
    },
    Mistyped {
        field: String,
        wanted: &'static str,
        value: Value,
    },
    UnknownProduct {
        name: String,
        sold: Vec<String>,
    },
    NothingOrdered {
        quantity: i64,
    },
    TooManyAtOnce {
        most: i64,
    },
    SoldOut {
        name: String,
    },
    NotEnough {
        name: String,
        stock: i64,
        quantity: i64,
    },
    Crowded {
        name: String,
    },
    LostRace {
        name: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { field } => write!(f, "{field} is missing. Call again, and give it."),
            Self::Mistyped {
                field,
                wanted,
                value,
            } => {
                write!(f, "{field} must be {wanted}, not {value}.")
            }
            Self::UnknownProduct { name, sold } => {
                let sold = sold.join(", ");
                write!(
                    f,
                    "There is no product named {name:?}. The store sells: {sold}."
                )
            }
            Self::NothingOrdered { quantity } => {
                write!(f, "The quantity is {quantity}. Buy at least 1.")
            }
            Self::TooManyAtOnce { most } => write!(f, "Buy {most} at a time, or fewer."),
            Self::SoldOut { name } => write!(f, "{name:?} is sold out."),
            Self::NotEnough {
                name,
                stock,
                quantity,
            } => {
                write!(
                    f,
                    "Only {stock} of {name:?} left, not {quantity}. Buy {stock} or fewer."
                )
            }
            Self::Crowded { name } => {
                write!(f, "Somebody else is buying {name:?} right now. Try again.")
            }
            Self::LostRace { name } => write!(f, "conflict while selling {name:?}"),
        }
    }
}

impl Shop {
    /// Sells `quantity` of a product, or says why not and changes nothing.
    pub async fn buy(&self, name: &str, quantity: i64) -> Result<Receipt, Refusal> {
        if self.flaws.has_any(&[Flaw::Race, Flaw::LostUpdate]) {
            self.sell_carelessly(name, quantity).await
        } else if self
            .flaws
            .has_any(&[Flaw::NobodyWins, Flaw::LoserProtocolError])
        {
            self.sell_in_a_crowd(name, quantity).await
        } else {
            self.sell(name, quantity)
        }
    }

    /// One guard is held from the look at the stock to the sale.
    fn sell(&self, name: &str, quantity: i64) -> Result<Receipt, Refusal> {
        let mut products = self.lock();
        let product = self.sellable(&mut products, name, quantity)?;
        let blanks = product.name != name && self.flaws.has(Flaw::BlanksSellTwo);
        let quantity = if blanks { quantity + 1 } else { quantity };
        let mut receipt = self.receipt(product, quantity);
        if self.flaws.has(Flaw::EchoesName) {
            name.clone_into(&mut receipt.product_name);
        }
        let taken = if self.flaws.has_any(&[Flaw::StockStays, Flaw::FallsLater]) {
            0
        } else if self.flaws.has(Flaw::SellsOne) {
            1
        } else {
            quantity
        };
        product.stock = rest(product.stock, taken);
        Ok(receipt)
    }

    /// Lets go of the guard between the look and the sale.
    async fn sell_carelessly(&self, name: &str, quantity: i64) -> Result<Receipt, Refusal> {
        let seen = self.sellable(&mut self.lock(), name, quantity)?.clone();
        sleep(A_MOMENT).await;
        let mut products = self.lock();
        if let Some(product) = products.iter_mut().find(|product| product.name == name) {
            let before = if self.flaws.has(Flaw::LostUpdate) {
                seen.stock
            } else {
                product.stock
            };
            product.stock = rest(before, quantity);
        }
        Ok(self.receipt(&seen, quantity))
    }

    /// Sells rightly to who comes alone.
    async fn sell_in_a_crowd(&self, name: &str, quantity: i64) -> Result<Receipt, Refusal> {
        let place = self.crowds.enter(name);
        sleep(A_WHILE).await;
        let name = name.to_owned();
        if place.is_crowded() && self.flaws.has(Flaw::NobodyWins) {
            return Err(Refusal::Crowded { name });
        }
        match self.sell(&name, quantity) {
            Err(Refusal::SoldOut { .. } | Refusal::NotEnough { .. })
                if place.is_crowded() && self.flaws.has(Flaw::LoserProtocolError) =>
            {
                Err(Refusal::LostRace { name })
            }
            sold_or_not => sold_or_not,
        }
    }

    /// The product, if `quantity` of it can be sold right now.
    fn sellable<'a>(
        &self,
        products: &'a mut [Product],
        name: &str,
        quantity: i64,
    ) -> Result<&'a mut Product, Refusal> {
        let position = match products
            .iter()
            .position(|product| self.is_meant(product, name))
        {
            Some(position) => position,
            None if self.flaws.has(Flaw::UnknownProductSellsFirst) => 0,
            None => {
                let sold = products.iter().map(|product| product.name.clone());
                return Err(Refusal::UnknownProduct {
                    name: name.to_owned(),
                    sold: sold.collect(),
                });
            }
        };
        let product = &mut products[position];
        let (name, stock) = (product.name.clone(), product.stock);
        let too_few = quantity < 0 && !self.flaws.has(Flaw::AcceptsNegative)
            || quantity == 0 && !self.flaws.has(Flaw::AcceptsZero);
        if too_few {
            Err(Refusal::NothingOrdered { quantity })
        } else if self.oversells(stock, quantity) {
            Ok(product)
        } else if stock == 0 && quantity > 0 {
            assert!(
                !self.flaws.has(Flaw::SoldOutPanics),
                "the shelf of {name:?} is empty"
            );
            Err(Refusal::SoldOut { name })
        } else if stock < quantity || stock == quantity && self.flaws.has(Flaw::RefusesAll) {
            if self.flaws.has(Flaw::RefusalTakesStock) {
                product.stock -= 1;
            }
            Err(Refusal::NotEnough {
                name,
                stock,
                quantity,
            })
        } else {
            Ok(product)
        }
    }

    /// Whether this is what a customer means.
    fn is_meant(&self, product: &Product, name: &str) -> bool {
        let alike = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        let product = product.name.as_str();
        product == name
            || self.flaws.has(Flaw::FindsByBeginning) && product.starts_with(name)
            || self.flaws.has(Flaw::FindsByPart) && product.contains(name)
            || self.flaws.has(Flaw::FindsByMore) && name.starts_with(product)
            || self.flaws.has(Flaw::EchoesName) && alike(product, name)
            || self.flaws.has(Flaw::BlanksSellTwo) && product == name.trim()
            || self.flaws.has(Flaw::LenientNames) && alike(product, name.trim())
    }

    /// Whether so many are sold although there are fewer.
    fn oversells(&self, stock: i64, quantity: i64) -> bool {
        stock < quantity
            && (self.flaws.has(Flaw::Oversells) && stock > 0
                || self.flaws.has(Flaw::OversellsByOne) && stock > 0 && stock + 1 == quantity
                || self.flaws.has(Flaw::SellsSoldOut) && stock == 0 && quantity == 1)
    }

    /// The receipt for a product as it is before the sale.
    fn receipt(&self, product: &Product, quantity: i64) -> Receipt {
        Receipt {
            product_name: product.name.clone(),
            quantity,
            total_cents: if self.flaws.has(Flaw::WrongTotal) {
                product.price_cents
            } else {
                product.price_cents.saturating_mul(quantity)
            },
            remaining_stock: if self.flaws.has(Flaw::WrongRemaining) {
                product.stock
            } else {
                rest(product.stock, quantity)
            },
        }
    }
}

/// What is left of a stock: never less than nothing, even for a shopkeeper who oversells.
fn rest(stock: i64, quantity: i64) -> i64 {
    stock.saturating_sub(quantity).max(0)
}

/// Who is buying right now, by product.
#[derive(Default)]
pub struct Crowds(Mutex<HashMap<String, Crowd>>);

#[derive(Default)]
struct Crowd {
    inside: usize,
    /// Whether they were ever more than one, since the first came in.
    crowded: bool,
}

/// A buyer's place in a crowd, left when it is dropped.
struct Place<'a> {
    crowds: &'a Crowds,
    product: String,
}

impl Crowds {
    fn enter(&self, product: &str) -> Place<'_> {
        let mut crowds = self.lock();
        let crowd = crowds.entry(product.to_owned()).or_default();
        crowd.inside += 1;
        crowd.crowded |= crowd.inside > 1;
        Place {
            crowds: self,
            product: product.to_owned(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Crowd>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    fn is_crowded(&self) -> bool {
        let crowds = self.crowds.lock();
        crowds.get(&self.product).is_some_and(|crowd| crowd.crowded)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut crowds = self.crowds.lock();
        if let Some(crowd) = crowds.get_mut(&self.product) {
            crowd.inside -= 1;
            crowd.crowded &= crowd.inside > 0;
        }
    }
}
