//! Questions about the sales, in SQL. A query can read the view `sales`, and nothing else: [`allowed`] reads
//! it first, the connection cannot write, and time, rows and size have limits.

use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::TryStreamExt;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sqlparser::ast::Query;
use sqlparser::dialect::{PostgreSqlDialect, SQLiteDialect};
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{
    AssertSqlSafe, Column, Database, Decode, Executor, IntoArguments, PgPool, SqlSafeStr,
    SqliteConnection, SqlitePool, Statement, Type,
};
use thiserror::Error;

use crate::allowed::{self, NotAllowed};
use crate::database::Unavailable;

/// How many rows an answer has, unless the model asks for fewer or more.
pub const ROWS: u32 = 100;

/// The most rows that an answer can have.
pub const MOST_ROWS: u32 = 1000;

/// How large an answer can be, in bytes of JSON. All of it ends up in the model's context.
const MOST_BYTES: usize = 100_000;

/// How many queries run at the same time. The others wait.
const CONNECTIONS: u32 = 4;

/// How long a query waits for one of the connections.
const TURN: Duration = Duration::from_secs(5);

/// How many steps of its virtual machine SQLite does before it looks at the clock.
const STEPS: i32 = 1000;

/// What a query found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a value for every column.
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more rows than these.
    pub truncated: bool,
}

/// Why there is no answer, in words for a model.
#[derive(Debug, Error)]
pub enum NoAnswer {
    #[error("{0}")]
    NotAllowed(#[from] NotAllowed),
    #[error("The limit is {0}. Give a number from 1 to {MOST_ROWS}.")]
    Limit(u32),
    #[error(
        "The query was stopped after {} seconds. Make it read less: join only with a condition, and \
         end a recursion early.", .0.as_secs_f64()
    )]
    TooSlow(Duration),
    #[error("Other queries are running at the moment. Try again in a few seconds.")]
    Busy,
    #[error("The database cannot run this query: {0}. Correct it, and call the tool again.")]
    Wrong(String),
    #[error("The answer contains a value that JSON cannot hold. Round it, or leave it out.")]
    NotJson(#[from] serde_json::Error),
    #[error(transparent)]
    Database(#[from] Unavailable),
}

/// The sales, for reading.
pub struct Sales {
    database: Reader,
    patience: Duration,
}

/// Connections that cannot write.
enum Reader {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Sales {
    /// Prepares connections to the database at this URL that can only read. `patience` is how long a query
    /// may take.
    pub fn open(url: &str, patience: Duration) -> Result<Self> {
        let database = if url.starts_with("sqlite:") {
            let options =
                SqliteConnectOptions::from_str(url).context("DATABASE_URL is not a URL")?;
            Reader::Sqlite(pool().connect_lazy_with(reading_sqlite(options)))
        } else {
            let options = PgConnectOptions::from_str(url).context("DATABASE_URL is not a URL")?;
            Reader::Postgres(pool().connect_lazy_with(reading_postgres(options, patience)))
        };
        Ok(Self { database, patience })
    }

    /// What the database calls its SQL.
    pub fn dialect(&self) -> &'static str {
        match self.database {
            Reader::Sqlite(_) => "SQLite",
            Reader::Postgres(_) => "PostgreSQL",
        }
    }

    /// Runs one query, and gives at most `limit` rows.
    pub async fn query(&self, sql: &str, limit: u32) -> Result<Answer, NoAnswer> {
        if !(1..=MOST_ROWS).contains(&limit) {
            return Err(NoAnswer::Limit(limit));
        }
        let answer = match &self.database {
            Reader::Sqlite(pool) => {
                let query = allowed::query(sql, &SQLiteDialect {})?;
                let mut connection = pool.acquire().await.map_err(|why| self.no_answer(why))?;
                let deadline = Instant::now() + self.patience;
                match stop_at(&mut connection, deadline).await {
                    Ok(()) => read(&mut connection, &query, "json_array", limit).await,
                    Err(why) => Err(why),
                }
            }
            Reader::Postgres(pool) => {
                let query = allowed::query(sql, &PostgreSqlDialect {})?;
                let mut connection = pool.acquire().await.map_err(|why| self.no_answer(why))?;
                read(&mut connection, &query, "json_build_array", limit).await
            }
        };
        let found = answer.map_err(|why| self.no_answer(why))?;
        Ok(found.parsed()?)
    }

    /// Why the database gave no answer.
    fn no_answer(&self, error: sqlx::Error) -> NoAnswer {
        match &error {
            sqlx::Error::PoolTimedOut => NoAnswer::Busy,
            sqlx::Error::Database(wrong) => match wrong.code().as_deref() {
                // SQLITE_INTERRUPT, and PostgreSQL's query_canceled.
                Some("9" | "57014") => NoAnswer::TooSlow(self.patience),
                _ => NoAnswer::Wrong(wrong.message().to_owned()),
            },
            _ => NoAnswer::Database(error.into()),
        }
    }
}

fn pool<DB: Database>() -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(TURN)
}

// ANCHOR: step_6_2_connection
// TODO 6.2: a connection that can only read. For SQLite: a file that is opened for reading, and
// `PRAGMA query_only`. For PostgreSQL: transactions that are `READ ONLY`, and a `statement_timeout`.
fn reading_sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
}

fn reading_postgres(options: PgConnectOptions, _patience: Duration) -> PgConnectOptions {
    options
}

// TODO 6.2: let SQLite stop at the deadline, with a progress handler.
async fn stop_at(_connection: &mut SqliteConnection, _deadline: Instant) -> sqlx::Result<()> {
    Ok(())
}
// ANCHOR_END: step_6_2_connection

/// What the database found, before it is parsed.
struct Found {
    columns: Vec<String>,
    /// Each row as a JSON array.
    rows: Vec<String>,
    truncated: bool,
}

impl Found {
    fn parsed(self) -> serde_json::Result<Answer> {
        let rows = self.rows.iter().map(|row| serde_json::from_str(row));
        Ok(Answer {
            columns: self.columns,
            rows: rows.collect::<serde_json::Result<_>>()?,
            truncated: self.truncated,
        })
    }
}

/// Runs a query. The database turns each row into a JSON array, with the function of this name. So all its
/// types arrive as JSON, also PostgreSQL's `NUMERIC`.
async fn read<DB>(
    connection: &mut PoolConnection<DB>,
    query: &Query,
    json_array: &str,
    limit: u32,
) -> sqlx::Result<Found>
where
    DB: Database,
    for<'a> &'a mut DB::Connection: Executor<'a, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    String: Type<DB> + for<'r> Decode<'r, DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    // This is printed from what was parsed and judged, not what the model sent: what the parser does not
    // see, such as a comment, does not reach the database.
    let query = query.to_string();
    let prepared = connection.prepare(AssertSqlSafe(query.clone()).into_sql_str());
    let prepared = prepared.await?;
    let columns = prepared.columns().iter();
    let columns: Vec<String> = columns.map(|column| column.name().to_owned()).collect();
    let numbered: Vec<String> = (1..=columns.len()).map(|at| format!("c{at}")).collect();
    let numbered = numbered.join(", ");
    // One row more than asked for tells whether there are more.
    let as_json = format!(
        "WITH answer ({numbered}) AS ({query})
         SELECT CAST({json_array}({numbered}) AS TEXT) FROM answer LIMIT {}",
        limit + 1
    );
    let mut found = Found {
        columns,
        rows: Vec::new(),
        truncated: false,
    };
    let mut rows =
        sqlx::query_scalar::<DB, String>(AssertSqlSafe(as_json)).fetch(&mut **connection);
    let (mut left, mut bytes) = (limit, MOST_BYTES);
    while let Some(row) = rows.try_next().await? {
        if left == 0 || bytes < row.len() {
            found.truncated = true;
            break;
        }
        left -= 1;
        bytes -= row.len();
        found.rows.push(row);
    }
    drop(rows);
    Ok(found)
}
