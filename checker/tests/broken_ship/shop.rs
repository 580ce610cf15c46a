//! What the store sells, in a database. Instances that share it share the stock.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::flaw;
use crate::flaw::{Flaw, Flaws};
use crate::stop::STOPPING;
use crate::user::User;

/// How long a careless store takes from one part of a sale to the next.
pub const GAP: Duration = Duration::from_millis(50);

/// How long a store takes that gives the receipt first: longer than anybody waits before it is killed.
const LATER: Duration = Duration::from_secs(20);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS products (
        name TEXT PRIMARY KEY, price_cents INTEGER NOT NULL, stock INTEGER NOT NULL, shelf INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS orders (
        user_id TEXT NOT NULL, receipt TEXT NOT NULL, product_name TEXT NOT NULL, quantity INTEGER NOT NULL,
        total_cents INTEGER NOT NULL, sold_on TEXT NOT NULL
    );
    CREATE VIEW IF NOT EXISTS sales AS
        SELECT product_name, quantity, total_cents, sold_on FROM orders;
    CREATE TABLE IF NOT EXISTS spent (id TEXT PRIMARY KEY);";

/// What was in stock when the program started.
static AT_START: OnceLock<Vec<Product>> = OnceLock::new();

tokio::task_local! {
    /// Who is served.
    pub static CUSTOMER: User;
}

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
    database: Arc<Mutex<Connection>>,
    /// Where the orders are.
    orders: Arc<Mutex<Connection>>,
    /// The stock as it was at the start, but for what was sold here.
    remembered: Mutex<Vec<Product>>,
}

impl Shop {
    /// The flaws are those of exercise 4, of which this store has none.
    pub fn open(_: flaw::Flaws) -> Self {
        let flaws = Flaws::from_environment("STORE_FLAWS");
        let database = Arc::new(Mutex::new(connect(&flaws, flaws.has(Flaw::InMemory))));
        let orders = if flaws.has(Flaw::OrdersInMemory) {
            Arc::new(Mutex::new(connect(&flaws, true)))
        } else {
            database.clone()
        };
        let shop = Self {
            flaws,
            database,
            orders,
            remembered: Mutex::default(),
        };
        shop.open_shelves().unwrap_or_else(broken);
        let at_start = all(&lock(&shop.database)).unwrap_or_else(broken);
        let _ = AT_START.set(at_start.clone());
        *lock(&shop.remembered) = at_start;
        shop
    }

    fn open_shelves(&self) -> rusqlite::Result<()> {
        lock(&self.orders).execute_batch(TABLES)?;
        let mut database = lock(&self.database);
        let sale = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        sale.execute_batch(TABLES)?;
        let known = if self.flaws.has(Flaw::FillsAtEachStart) {
            "UPDATE SET stock = excluded.stock"
        } else {
            "NOTHING"
        };
        for (shelf, (name, price, stock)) in OPENING_DAY.iter().enumerate() {
            sale.execute(
                &format!("INSERT INTO products VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO {known}"),
                params![name, price, stock, i64::try_from(shelf).unwrap_or_default()],
            )?;
        }
        sale.commit()
    }

    pub fn products(&self) -> Vec<Product> {
        if self.flaws.has(Flaw::StockOfTheStart) {
            return lock(&self.remembered).clone();
        }
        all(&lock(&self.database)).unwrap_or_else(broken)
    }

    /// The product, if this can be sold now.
    pub fn look(&self, order: &Order) -> Result<Product, String> {
        look(&lock(&self.database), order)
    }

    /// Sells, if it still can.
    pub async fn sell(&self, order: &Order) -> Result<Receipt, String> {
        let flaws = &self.flaws;
        let buyer = CUSTOMER.get();
        if flaws.has(Flaw::GapBeforeSale) {
            let product = self.look(order)?;
            sleep(GAP).await;
            let receipt = receipt(order, &product);
            let database = lock(&self.database);
            lower(&database, &receipt).unwrap_or_else(broken);
            note(&database, &buyer, &receipt).unwrap_or_else(broken);
            return Ok(receipt);
        }
        if flaws.has(Flaw::TwoTransactions) {
            let receipt = self.sale_without_order(order)?;
            sleep(GAP).await;
            note(&lock(&self.orders), &buyer, &receipt).unwrap_or_else(broken);
            return Ok(receipt);
        }
        if flaws.has(Flaw::ReceiptBeforeSale) {
            let receipt = receipt(order, &self.look(order)?);
            let (database, later) = (self.database.clone(), receipt.clone());
            tokio::spawn(async move {
                sleep(LATER).await;
                let database = lock(&database);
                let _ = lower(&database, &later);
                let _ = note(&database, &buyer, &later);
            });
            return Ok(receipt);
        }
        if flaws.has(Flaw::OrdersInMemory) {
            let receipt = self.sale_without_order(order)?;
            note(&lock(&self.orders), &buyer, &receipt).unwrap_or_else(broken);
            return Ok(receipt);
        }
        let mut database = lock(&self.database);
        let sale = begin(&mut database)?;
        let receipt = receipt(order, &look(&sale, order)?);
        lower(&sale, &receipt).unwrap_or_else(broken);
        note(&sale, &buyer, &receipt).unwrap_or_else(broken);
        if flaws.has(Flaw::GivesUpWhenBusy) {
            std::thread::sleep(GAP);
        }
        sale.commit().unwrap_or_else(broken);
        drop(database);
        self.remember(&receipt);
        Ok(receipt)
    }

    fn sale_without_order(&self, order: &Order) -> Result<Receipt, String> {
        let mut database = lock(&self.database);
        let sale = begin(&mut database)?;
        let receipt = receipt(order, &look(&sale, order)?);
        lower(&sale, &receipt).unwrap_or_else(broken);
        sale.commit().unwrap_or_else(broken);
        Ok(receipt)
    }

    fn remember(&self, receipt: &Receipt) {
        let mut remembered = lock(&self.remembered);
        let product = remembered
            .iter_mut()
            .find(|product| product.name == receipt.product_name);
        if let Some(product) = product {
            product.stock = receipt.remaining_stock;
        }
    }

    /// Puts so many more, or fewer, of a product on the shelf.
    pub fn put(&self, name: &str, quantity: i64) {
        if self.flaws.has(Flaw::StoresNothingMore) && STOPPING.load(Ordering::Relaxed) {
            return;
        }
        let put = "UPDATE products SET stock = stock + ?2 WHERE name = ?1";
        let put = lock(&self.database).execute(put, params![name, quantity]);
        put.unwrap_or_else(broken);
    }

    /// A database for one question: a copy in memory, in which there is nothing but the sales, unless the
    /// flaws say so.
    pub fn sales(&self, sql: &str) -> Connection {
        let flaws = &self.flaws;
        if flaws.has(Flaw::Writes) {
            return connect(flaws, false);
        }
        let copy = || -> rusqlite::Result<Connection> {
            let copy = Connection::open_in_memory()?;
            let buyer = if flaws.has(Flaw::ShowsBuyer) {
                ", buyer"
            } else {
                ""
            };
            copy.execute_batch(&format!(
                "CREATE TABLE sales (product_name, quantity, total_cents, sold_on{buyer})"
            ))?;
            let day = if flaws.has(Flaw::LocalDays) {
                "strftime('%d.%m.%Y', sold_on)"
            } else {
                "sold_on"
            };
            let orders = lock(&self.orders);
            let mut select = orders.prepare(&format!(
                "SELECT product_name, quantity, total_cents, {day}, user_id FROM orders ORDER BY rowid"
            ))?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                if flaws.has(Flaw::SalesOfTheStart) {
                    break;
                }
                let (name, quantity): (String, i64) = (row.get(0)?, row.get(1)?);
                let (cents, day): (i64, String) = (row.get(2)?, row.get(3)?);
                if flaws.has(Flaw::ShowsBuyer) {
                    let user: String = row.get(4)?;
                    let insert = "INSERT INTO sales VALUES (?1, ?2, ?3, ?4, ?5)";
                    copy.execute(insert, params![name, quantity, cents, day, user])?;
                } else {
                    let insert = "INSERT INTO sales VALUES (?1, ?2, ?3, ?4)";
                    copy.execute(insert, params![name, quantity, cents, day])?;
                }
            }
            let all = flaws.has_any(&[Flaw::AllTables, Flaw::LooksAtOuterTables]);
            let named = sql.to_lowercase().contains("with orders as");
            if all || named && flaws.has(Flaw::TrustsNames) {
                copy.execute_batch("CREATE TABLE orders AS SELECT * FROM sales")?;
            }
            Ok(copy)
        };
        copy().unwrap_or_else(broken)
    }

    /// Runs a statement that writes.
    pub fn write(&self, sql: &str) {
        let _ = lock(&self.database).execute_batch(sql);
    }

    pub fn has(&self, name: &str) -> bool {
        self.products().iter().any(|product| product.name == name)
    }

    /// Writes down that a question was answered. False if it was answered before.
    pub fn spend(&self, id: &str) -> bool {
        let spend = "INSERT INTO spent VALUES (?1) ON CONFLICT DO NOTHING";
        let spent = lock(&self.database).execute(spend, [id]);
        spent.unwrap_or_else(broken) == 1
    }

    /// Whether a question was answered.
    pub fn is_spent(&self, id: &str) -> bool {
        let select = "SELECT 1 FROM spent WHERE id = ?1";
        let database = lock(&self.database);
        let found = database.query_row(select, [id], |_| Ok(())).optional();
        found.unwrap_or_else(broken).is_some()
    }

    /// What this user has bought, the oldest first.
    pub fn orders(&self, user: &User) -> Value {
        let read = || -> rusqlite::Result<Vec<String>> {
            let database = lock(&self.orders);
            let mut select =
                database.prepare("SELECT receipt FROM orders WHERE user_id = ?1 ORDER BY rowid")?;
            select.query_map([&user.id], |row| row.get(0))?.collect()
        };
        let orders = read().unwrap_or_else(broken);
        let orders = orders
            .iter()
            .filter_map(|one| serde_json::from_str(one).ok());
        json!({ "orders": orders.collect::<Vec<Value>>() })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begin(database: &mut Connection) -> Result<Transaction<'_>, String> {
    let begun = database.transaction_with_behavior(TransactionBehavior::Immediate);
    begun.map_err(|error| error.to_string())
}

fn receipt(order: &Order, product: &Product) -> Receipt {
    Receipt {
        product_name: order.product_name.clone(),
        quantity: order.quantity,
        total_cents: product.price_cents.saturating_mul(order.quantity),
        remaining_stock: product.stock - order.quantity,
    }
}

/// What the shelves hold on the first day.
pub fn opening_day() -> Vec<Product> {
    let products = OPENING_DAY.map(|(name, price_cents, stock)| Product {
        name: name.to_owned(),
        price_cents,
        stock,
    });
    products.into()
}

/// Makes the stock what it was when this instance started.
pub fn write_back(flaws: &Flaws) {
    let database = connect(flaws, false);
    for product in AT_START.get().into_iter().flatten() {
        let write = "UPDATE products SET stock = ?2 WHERE name = ?1";
        let written = database.execute(write, params![product.name, product.stock]);
        written.unwrap_or_else(broken);
    }
}

const OPENING_DAY: [(&str, i64, i64); 4] = [
    ("Croissant", 320, 12),
    ("7-grain loaf", 750, 9),
    ("Éclair <b>au café</b>", 590, 3),
    ("Wedding cake", 24_000, 1),
];

fn connect(flaws: &Flaws, in_memory: bool) -> Connection {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://store.db".to_owned());
    let path = if in_memory {
        ":memory:"
    } else {
        url.trim_start_matches("sqlite://")
    };
    let database = Connection::open(path).unwrap_or_else(broken);
    let patience = if flaws.has(Flaw::GivesUpWhenBusy) {
        Duration::ZERO
    } else {
        Duration::from_secs(5)
    };
    database.busy_timeout(patience).unwrap_or_else(broken);
    database
}

fn look(database: &Connection, order: &Order) -> Result<Product, String> {
    let select = "SELECT name, price_cents, stock FROM products WHERE name = ?1";
    let found = database
        .query_row(select, [&order.product_name], product)
        .optional();
    let found = found.unwrap_or_else(broken);
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
    Ok(product)
}

fn all(database: &Connection) -> rusqlite::Result<Vec<Product>> {
    let select = "SELECT name, price_cents, stock FROM products ORDER BY shelf";
    database.prepare(select)?.query_map([], product)?.collect()
}

fn product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        name: row.get(0)?,
        price_cents: row.get(1)?,
        stock: row.get(2)?,
    })
}

fn lower(database: &Connection, receipt: &Receipt) -> rusqlite::Result<usize> {
    let lower = "UPDATE products SET stock = stock - ?2 WHERE name = ?1";
    database.execute(lower, params![receipt.product_name, receipt.quantity])
}

/// Writes down who has bought this.
fn note(database: &Connection, buyer: &User, receipt: &Receipt) -> rusqlite::Result<usize> {
    let mut order = json!(receipt);
    order["buyer"] = json!(buyer.name);
    let note = "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, CURRENT_DATE)";
    let (quantity, cents) = (receipt.quantity, receipt.total_cents);
    let order = order.to_string();
    database.execute(
        note,
        params![buyer.id, order, receipt.product_name, quantity, cents],
    )
}

/// The database of a test is there and works, or the test is wrong.
fn broken<T>(error: rusqlite::Error) -> T {
    panic!("the database: {error}")
}
