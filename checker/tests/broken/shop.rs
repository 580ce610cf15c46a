//! What the store sells. Selling it is in [`crate::sale`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::flaw::{Flaw, Flaws};
use crate::sale::Crowds;

/// One product, as customers see it.
#[derive(Clone, Debug, Serialize)]
pub struct Product {
    pub name: String,
    pub price_cents: i64,
    pub stock: i64,
}

/// Everything the store sells, shared by all its customers.
pub struct Shop {
    pub flaws: Flaws,
    pub crowds: Crowds,
    opening_day: Vec<Product>,
    products: Mutex<Vec<Product>>,
    kept: Mutex<Option<Vec<Product>>>,
    looks: AtomicUsize,
}

/// What a customer is looking for. A field that is not given excludes nothing.
#[derive(Debug, Default)]
pub struct Search {
    pub keyword: Option<String>,
    pub min_price_cents: Option<i64>,
    pub max_price_cents: Option<i64>,
}

/// What all products have, if the environment says so.
fn number(variable: &str) -> Option<i64> {
    std::env::var(variable).ok()?.parse().ok()
}

impl Shop {
    /// The shelves on opening day.
    pub fn opening_day(flaws: Flaws) -> Self {
        let mut shelves = vec![
            ("Croissant", 320, 12),
            ("Pain au chocolat", 380, 8),
            ("Sourdough loaf", 750, 5),
            ("Crème brûlée tart", 590, 3),
            ("Wedding cake", 24_000, 1),
        ];
        if flaws.has(Flaw::TwoProducts) {
            shelves.truncate(2);
        }
        if flaws.has(Flaw::Twins) {
            shelves.push(("Croissant", 340, 4));
        }
        let free = flaws.has(Flaw::FreeOfCharge);
        let huge = flaws.has(Flaw::HugeStock);
        let products = shelves
            .into_iter()
            .map(|(name, price_cents, stock)| Product {
                name: name.to_owned(),
                price_cents: number("STORE_PRICE").unwrap_or(if free { 0 } else { price_cents }),
                stock: number("STORE_STOCK").unwrap_or(if huge {
                    1_000_000_000_000
                } else {
                    stock
                }),
            });
        let products: Vec<_> = products.collect();
        Self {
            flaws,
            crowds: Crowds::default(),
            opening_day: products.clone(),
            products: Mutex::new(products),
            kept: Mutex::default(),
            looks: AtomicUsize::default(),
        }
    }

    /// Takes everything else off the shelves.
    pub fn leave_only(&self, these: &[Product]) {
        let is_one = |product: &mut Product| these.iter().any(|one| one.name == product.name);
        self.lock().retain_mut(is_one);
    }

    /// All products as they are now, the sold-out ones too.
    pub fn products(&self) -> Vec<Product> {
        let mut products = self.lock().clone();
        if self.flaws.has(Flaw::HidesSoldOut) {
            products.retain(|product| product.stock > 0);
        }
        if self.flaws.has(Flaw::NoOrder) {
            let by = self.looks.fetch_add(1, Ordering::Relaxed) % products.len();
            products.rotate_left(by);
        }
        products
    }

    /// All products as they were when they were first asked for so.
    pub fn products_of_first_look(&self) -> Vec<Product> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert_with(|| self.products()).clone()
    }

    /// All products as they were once.
    pub fn products_of_opening_day(&self) -> Vec<Product> {
        self.opening_day.clone()
    }

    /// The products that fit, in the order of [`Shop::products`].
    pub fn search(&self, search: &Search) -> Vec<Product> {
        let mut products = self.products();
        products.retain(|product| self.matches(search, product));
        products
    }

    /// The keyword is looked for anywhere in the name, in any case; both prices are included.
    fn matches(&self, search: &Search, product: &Product) -> bool {
        let price = product.price_cents;
        let not_even_equal = self.flaws.has(Flaw::SearchExclusive);
        let keyword = search.keyword.as_deref().unwrap_or_default();
        let (name, keyword) = if self.flaws.has(Flaw::SearchCaseSensitive) {
            (product.name.clone(), keyword.to_owned())
        } else {
            (product.name.to_lowercase(), keyword.to_lowercase())
        };
        let named = if self.flaws.has(Flaw::SearchAtBeginning) {
            name.starts_with(&keyword)
        } else if self.flaws.has(Flaw::SearchWholeWords) {
            let padded = format!(" {name} ");
            keyword.is_empty() || padded.contains(&format!(" {keyword} "))
        } else if self.flaws.has(Flaw::SearchAsciiOnly) {
            name.contains(&keyword) && keyword.is_ascii()
        } else {
            name.contains(&keyword)
        };
        let shown = product.stock > 0 || !self.flaws.has(Flaw::SearchHidesSoldOut);
        let within = |bound: Option<i64>, fits: fn(i64, i64) -> bool| {
            bound.is_none_or(|bound| fits(bound, price) && !(not_even_equal && bound == price))
        };
        shown
            && (named || self.flaws.has(Flaw::SearchIgnoresKeyword))
            && (self.flaws.has(Flaw::SearchIgnoresMin)
                || within(search.min_price_cents, |min, price| min <= price))
            && (self.flaws.has(Flaw::SearchIgnoresMax)
                || within(search.max_price_cents, |max, price| price <= max))
    }

    /// A panic elsewhere leaves the shelves as they are.
    pub fn lock(&self) -> MutexGuard<'_, Vec<Product>> {
        self.products.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
