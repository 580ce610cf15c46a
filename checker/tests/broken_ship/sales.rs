//! Questions about the sales, in SQL. SQLite's own authorizer judges what a query does, in a copy of the sales.

use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};

use crate::bakery::tools::{error, structured};
use crate::flaw::{Flaw, Flaws};
use crate::protocol::{INVALID_PARAMS, RpcError, Stop};

const TABLE: &str =
    "sales (product_name TEXT, quantity INTEGER, total_cents INTEGER, sold_on TEXT)";

const DEFAULT_ROWS: i64 = 100;
const MOST_ROWS: i64 = 1000;

/// The longest text, in bytes.
const LONGEST: i32 = 100_000;

/// Steps of SQLite's virtual machine between two looks at the clock.
const STEPS: i32 = 1000;

const FUNCTIONS: [&str; 12] = [
    "count", "sum", "total", "avg", "min", "max", "abs", "round", "coalesce", "lower", "upper",
    "length",
];

const FORBIDDEN: [&str; 5] = ["drop", "update", "delete", "insert", "pragma"];

/// The tool, as `tools/list` shows it.
pub fn declaration(flaws: &Flaws) -> Value {
    let table = if flaws.has(Flaw::TableUndescribed) {
        "the sales"
    } else {
        TABLE
    };
    json!({
        "name": "query_sales",
        "description": format!("Answers a question about {table} with one SELECT in SQLite's SQL."),
        "inputSchema": {
            "type": "object",
            "properties": {
                "sql": { "type": "string" },
                "limit": { "type": "integer", "minimum": 1, "maximum": MOST_ROWS },
            },
            "required": ["sql"],
        },
        "annotations": { "readOnlyHint": true },
    })
}

/// How many rows to give, or a refusal.
pub fn limit(flaws: &Flaws, asked: &Value) -> Result<i64, Stop> {
    let asked = asked.as_i64();
    if flaws.has(Flaw::IgnoresLimit) {
        return Ok(DEFAULT_ROWS);
    }
    let default = if flaws.has(Flaw::HighDefault) {
        MOST_ROWS
    } else {
        DEFAULT_ROWS
    };
    let limit = asked.unwrap_or(default);
    if flaws.has(Flaw::NoMostRows) {
        return Ok(if limit < 0 { i64::MAX } else { limit });
    }
    if flaws.has(Flaw::RefusesHighLimits) && !(1..=MOST_ROWS).contains(&limit) {
        return Err(RpcError::new(INVALID_PARAMS, "limit is from 1 to 1000").into());
    }
    Ok(limit.clamp(1, MOST_ROWS))
}

/// Answers a question, or says why not. `patience` is how long SQLite may take.
pub fn answer(
    flaws: &Flaws,
    database: &Connection,
    sql: &str,
    limit: i64,
    patience: Duration,
) -> Value {
    let answer = refusal(flaws, sql).map_or_else(
        || read(flaws, database, sql, limit, patience),
        |refusal| Ok(error(refusal)),
    );
    let answer = answer.unwrap_or_else(|wrong| {
        let interrupted =
            wrong.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted);
        if interrupted && flaws.has(Flaw::EndsEmpty) {
            return structured(&json!({ "columns": [], "rows": [], "truncated": true }));
        }
        error(if interrupted {
            "The query took too long and was stopped. Ask for less.".to_owned()
        } else if flaws.has(Flaw::UnhelpfulRefusal) {
            "The query is not allowed.".to_owned()
        } else {
            format!("{wrong}. Send one SELECT of the table sales.")
        })
    });
    if flaws.has(Flaw::SilentRefusal) && answer["isError"] == true {
        return error("no");
    }
    answer
}

/// What a store refuses that looks at the text.
fn refusal(flaws: &Flaws, sql: &str) -> Option<String> {
    let words = sql.to_lowercase();
    if flaws.has(Flaw::ForbidsWords) && FORBIDDEN.iter().any(|word| words.contains(word)) {
        return Some("The query contains a word that is not allowed in sales.".to_owned());
    }
    if flaws.has(Flaw::RefusesRecursion) && words.contains("recursive") {
        return Some("Recursion is not allowed. Use the table sales.".to_owned());
    }
    if flaws.has(Flaw::LooksAtOuterTables) && outer(&words).contains("orders") {
        return Some("Only the table sales can be read.".to_owned());
    }
    None
}

/// What is in neither parentheses nor quotes.
fn outer(sql: &str) -> String {
    let (mut depth, mut quoted) = (0, false);
    sql.chars()
        .filter(|character| {
            match character {
                '\'' => quoted = !quoted,
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => (),
            }
            depth == 0 && !quoted
        })
        .collect()
}

fn read(
    flaws: &Flaws,
    database: &Connection,
    sql: &str,
    limit: i64,
    patience: Duration,
) -> rusqlite::Result<Value> {
    if !flaws.has(Flaw::LongTexts) {
        database.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    }
    if !flaws.has_any(&[Flaw::EndlessQueries, Flaw::GoesOn]) {
        let deadline = Instant::now() + patience;
        database.progress_handler(STEPS, Some(move || Instant::now() > deadline))?;
    }
    let judge = flaws.clone();
    database.authorizer(Some(move |asked: AuthContext<'_>| judged(&judge, asked)))?;
    let sql = if flaws.has(Flaw::FirstOfSeveral) && !sql.contains('\'') {
        sql.split(';').next().unwrap_or_default()
    } else {
        sql
    };
    let mut query = database.prepare(sql)?;
    let mut columns: Vec<String> = query
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut rows = Vec::new();
    let mut truncated = false;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit {
            truncated = true;
            break;
        }
        rows.push(values(flaws, row, &columns)?);
    }
    if flaws.has(Flaw::ColumnsOfRows) && rows.is_empty() {
        columns.clear();
    }
    if flaws.has(Flaw::NeverTruncated) {
        truncated = false;
    }
    if flaws.has(Flaw::FullMeansTruncated) {
        truncated = i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit;
    }
    if flaws.has(Flaw::ColumnsTurned) && sql.contains("SELECT *") {
        columns.reverse();
        rows.iter_mut().for_each(|row| row.reverse());
    }
    if flaws.has(Flaw::RowsAsObjects) {
        let objects = rows
            .into_iter()
            .map(|row| columns.iter().cloned().zip(row).collect::<Value>());
        let objects: Vec<Value> = objects.collect();
        return Ok(structured(
            &json!({ "columns": columns, "rows": objects, "truncated": truncated }),
        ));
    }
    Ok(structured(
        &json!({ "columns": columns, "rows": rows, "truncated": truncated }),
    ))
}

/// What SQLite asks while it compiles a statement.
fn judged(flaws: &Flaws, asked: AuthContext<'_>) -> Authorization {
    let allowed = match asked.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read {
            table_name,
            column_name,
        } => {
            let table = table_name.to_lowercase();
            !(table.starts_with("sqlite_") || table.starts_with("pragma_"))
                || flaws.has(Flaw::ShowsSchema) && table.starts_with("sqlite_")
                || flaws.has(Flaw::TableFunctions)
                    && (table.starts_with("pragma_") || column_name == "ROWID")
        }
        AuthAction::Function { function_name } => {
            FUNCTIONS.contains(&function_name.to_lowercase().as_str())
                || flaws.has(Flaw::AnyFunction)
        }
        AuthAction::Pragma { pragma_name, .. } => {
            flaws.has(Flaw::Pragmas)
                || flaws.has(Flaw::TableFunctions) && pragma_name == "table_info"
        }
        // SQLite declares such a table while it compiles the query.
        AuthAction::Update { table_name, .. } => {
            flaws.has(Flaw::TableFunctions) && table_name == "sqlite_master"
        }
        _ => false,
    };
    if allowed || flaws.has(Flaw::Writes) {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}

fn values(flaws: &Flaws, row: &Row<'_>, columns: &[String]) -> rusqlite::Result<Vec<Value>> {
    let values = (0..columns.len()).map(|at| {
        Ok(match row.get_ref(at)? {
            ValueRef::Null if flaws.has(Flaw::NullAsText) => json!("NULL"),
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) if flaws.has(Flaw::SumsAsText) && columns[at] == "sold" => {
                json!(number.to_string())
            }
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            ValueRef::Integer(number) if flaws.has(Flaw::FloatsOnly) => json!(number as f64),
            ValueRef::Integer(number) => json!(number),
            ValueRef::Real(number) => json!(number),
            ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
            ValueRef::Blob(_) => json!("a blob"),
        })
    });
    values.collect()
}
