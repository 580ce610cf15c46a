//! The database: SQLite in a file, or PostgreSQL. What is in it survives the program, and all instances
//! of the store share it.

use std::str::FromStr;

use anyhow::{Context, Result};
use sqlx::AnyPool;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use thiserror::Error;
use tracing::error;

/// Connects to the database at this URL, `sqlite://store.db` or `postgres://user@host/name`, and
/// creates the tables that are missing.
pub async fn open(url: &str) -> Result<AnyPool> {
    install_default_drivers();
    let is_sqlite = url.starts_with("sqlite:");
    let (url, schema) = if is_sqlite {
        (created(url), include_str!("../schema/sqlite.sql"))
    } else {
        (url.to_owned(), include_str!("../schema/postgres.sql"))
    };
    // The URL may contain a password. That is why no error quotes it.
    let options = AnyConnectOptions::from_str(&url).context("DATABASE_URL is not a URL")?;
    let pool = AnyPoolOptions::new().connect_with(options).await;
    let pool = pool.context("cannot open the database that DATABASE_URL names")?;
    let tables = sqlx::raw_sql(schema).execute(&pool).await;
    tables.context("cannot create the tables")?;
    Ok(pool)
}

/// The URL of a file that SQLite creates if it does not exist.
fn created(url: &str) -> String {
    if url.contains('?') {
        url.to_owned()
    } else {
        format!("{url}?mode=rwc")
    }
}

/// Asks the database for one row, to see whether it answers.
pub async fn ping(database: &AnyPool) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT name FROM products LIMIT 1")
        .fetch_optional(database)
        .await?;
    Ok(())
}

/// A database that fails, in words for a model.
#[derive(Debug, Error)]
#[error("The store's database does not answer at the moment. Try again in a minute.")]
pub struct Unavailable;

impl From<sqlx::Error> for Unavailable {
    /// The details are for the log.
    fn from(error: sqlx::Error) -> Self {
        error!("the database: {error}");
        Self
    }
}
