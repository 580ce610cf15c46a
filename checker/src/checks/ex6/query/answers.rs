//! Questions that have an answer.

use std::time::Duration;

use chrono::{NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio::time::sleep;

use super::{Answer, Asker, COLUMNS};
use crate::checks::store::shop::{self, Receipt, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

/// All sales, as far as a check needs them.
const EVERYTHING: &str = "SELECT product_name, quantity, total_cents FROM sales";

/// How many rows an answer can have.
pub const MOST: usize = 1000;

/// How often something is bought.
const PURCHASES: usize = 4;

/// How much two sums of money can differ, because they are floating-point numbers.
const TOLERANCE: f64 = 1e-6;

/// A server may read from a copy of its database, which lags behind a little.
const LOOKS: usize = 20;
const OFTEN: Duration = Duration::from_millis(50);

/// A sale: what, how many, and for how much.
type Sale = (String, i64, i64);

/// Buys something, and asks about it. Gives how many sales there are.
pub async fn check(
    server: &ServerUnderTest,
    asker: &Asker<'_>,
    buyers: [&Shop; 2],
) -> Checked<usize> {
    server.purpose("ask for all sales");
    let (called, answer) = asker.ask(EVERYTHING, Some(1000)).await?;
    let mut expected = sales(&called, &answer)?;
    if answer.truncated || expected.len() + PURCHASES > MOST {
        return Err(Stop::CouldNotCheck(
            "the running server has sold too much for this check. Start it with a new database"
                .to_owned(),
        ));
    }
    server.purpose("two users buy something");
    for receipt in buy(server, buyers).await? {
        let cents = i64::try_from(receipt.total_cents).unwrap_or(i64::MAX);
        expected.push((receipt.product_name, receipt.quantity, cents));
    }
    expected.sort();
    server.purpose("ask for all sales again");
    let (mut called, mut answer) = asker.ask(EVERYTHING, Some(1000)).await?;
    for _ in 0..LOOKS {
        if answer.rows.len() >= expected.len() {
            break;
        }
        sleep(OFTEN).await;
        (called, answer) = asker.ask(EVERYTHING, Some(1000)).await?;
    }
    let mut got = sales(&called, &answer)?;
    got.sort();
    if got != expected {
        return Err(wrong(
            &called,
            in_json(&expected),
            in_json(&got),
            "Every purchase is a row of sales, a second after its receipt at the latest.",
        ));
    }
    says_nothing_else(server, asker).await?;
    dates(server, asker).await?;
    calculates(server, asker, &expected).await?;
    reads_sql(server, asker, &expected).await?;
    Ok(expected.len())
}

/// Some purchases by both, one or two of a product.
async fn buy(server: &ServerUnderTest, buyers: [&Shop; 2]) -> Checked<Vec<Receipt>> {
    let mut receipts = Vec::new();
    for turn in 0..PURCHASES {
        let shop = buyers[turn % 2];
        let mut products = shop.products().await?;
        products.sort_by_key(|product| -product.stock);
        // Two products, so that there is something to group.
        let product = products.get(turn / 2 % products.len().max(1));
        let product = product.filter(|product| product.stock >= 2);
        let product = product.ok_or_else(|| shop::too_little_left(server))?;
        let quantity = if turn % 2 == 0 && product.stock > 4 {
            2
        } else {
            1
        };
        receipts.push(shop.buy(&product.name, quantity).await?);
    }
    Ok(receipts)
}

/// Whoever asks about the sales does not learn who bought.
async fn says_nothing_else(server: &ServerUnderTest, asker: &Asker<'_>) -> Checked {
    server.purpose("ask for every column");
    let (called, answer) = asker.ask("SELECT * FROM sales", None).await?;
    let mut columns: Vec<&str> = answer.columns.iter().map(String::as_str).collect();
    let extra: Vec<&str> = columns
        .iter()
        .copied()
        .filter(|column| !COLUMNS.contains(column))
        .collect();
    if !extra.is_empty() {
        return Err(Finding::new(Code::TellsTooMuch)
            .sent(&called.sent)
            .expected(format!("the columns {}", COLUMNS.join(", ")))
            .got(format!("also {}", extra.join(", ")))
            .why("The questions are about products. Who bought them is nobody's business here, and what a model cannot read, it cannot tell. Make a view without it.")
            .into());
    }
    columns.sort_unstable();
    let mut all = COLUMNS;
    all.sort_unstable();
    if columns != all {
        return Err(wrong(
            &called,
            format!("the columns {}", COLUMNS.join(", ")),
            answer.columns.join(", "),
            "Models write queries with the columns of the contract.",
        ));
    }
    Ok(())
}

/// A date is written so that it can be compared.
async fn dates(server: &ServerUnderTest, asker: &Asker<'_>) -> Checked {
    server.purpose("ask for the last day with a sale");
    let (called, answer) = asker
        .ask("SELECT MAX(sold_on) AS last FROM sales", None)
        .await?;
    let text = answer.rows.first().and_then(|row| row.first()?.as_str());
    let day = text.and_then(|text| text.parse::<NaiveDate>().ok());
    // Whichever time zone the server is in, it has just been sold.
    let today = Utc::now().date_naive();
    let recent = day.is_some_and(|day| (today - day).num_days().abs() <= 1);
    if !recent {
        return Err(wrong(
            &called,
            format!("the day of the purchase, as text: [[\"{today}\"]]"),
            rows(&answer),
            "Days are written as 2026-07-28 (ISO 8601), so they can be compared and sorted.",
        ));
    }
    Ok(())
}

/// Sums, averages and what is not there are JSON's numbers and null.
async fn calculates(server: &ServerUnderTest, asker: &Asker<'_>, sales: &[Sale]) -> Checked {
    server.purpose("ask for a table with sums");
    let sql = "SELECT product_name, COUNT(*) AS purchases, SUM(quantity) AS sold, AVG(total_cents) AS mean, MIN(quantity) AS least, MAX(quantity) AS most FROM sales GROUP BY product_name ORDER BY sold DESC";
    let (called, answer) = asker.ask(sql, None).await?;
    let names = ["product_name", "purchases", "sold", "mean", "least", "most"];
    if answer.columns != names {
        return Err(wrong(
            &called,
            format!("the columns {}", names.join(", ")),
            answer.columns.join(", "),
            "`columns` has the names from the query, in its order, so that the model knows what the values are.",
        ));
    }
    let mut products: Vec<&str> = sales.iter().map(|(name, ..)| name.as_str()).collect();
    products.sort_unstable();
    products.dedup();
    let mut expected = Vec::new();
    for product in products {
        let of_it = sales.iter().filter(|(name, ..)| name == product);
        let (quantities, cents): (Vec<i64>, Vec<i64>) = of_it
            .map(|(_, quantity, cents)| (*quantity, *cents))
            .unzip();
        let count = float(quantities.len());
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let numbers = [
            count,
            quantities.iter().sum::<i64>() as f64,
            cents.iter().sum::<i64>() as f64 / count,
            quantities.iter().min().copied().unwrap_or_default() as f64,
            quantities.iter().max().copied().unwrap_or_default() as f64,
        ];
        expected.push((product, numbers));
    }
    let fits = |(name, numbers): &(&str, [f64; 5])| {
        let row = answer
            .rows
            .iter()
            .find(|row| row.first().and_then(Value::as_str) == Some(*name));
        row.is_some_and(|row| {
            row.len() == 6
                && numbers.iter().zip(&row[1..]).all(|(number, value)| {
                    value.as_f64().is_some_and(|value| {
                        (value - number).abs() < TOLERANCE * number.abs().max(1.0)
                    })
                })
        })
    };
    let sold: Vec<Option<f64>> = (0..answer.rows.len())
        .map(|row| number(&answer, row, 2))
        .collect();
    if answer.rows.len() != expected.len()
        || !expected.iter().all(fits)
        || !sold.is_sorted_by(|a, b| a >= b)
    {
        return Err(wrong(
            &called,
            format!(
                "a row for each product, the best sold first, such as {}",
                in_json(&expected)
            ),
            rows(&answer),
            "Numbers are JSON numbers, not strings: a sum, an average and a price must be numbers that a program can calculate with.",
        ));
    }
    server.purpose("ask for what is not there");
    let nothing = "SELECT MAX(quantity) AS most FROM sales WHERE quantity < 0";
    let (called, answer) = asker.ask(nothing, None).await?;
    if answer.rows != [[Value::Null]] {
        return Err(wrong(
            &called,
            "[[null]]",
            rows(&answer),
            "SQL's NULL is JSON's null.",
        ));
    }
    let empty = "SELECT product_name AS name FROM sales WHERE quantity < 0";
    let (called, answer) = asker.ask(empty, None).await?;
    if !answer.rows.is_empty() || answer.columns != ["name"] || answer.truncated {
        return Err(wrong(
            &called,
            "columns [\"name\"], no rows, truncated false",
            format!(
                "columns {:?}, rows {}, truncated {}",
                answer.columns,
                rows(&answer),
                answer.truncated
            ),
            "No row is an answer, too. The columns are known without one.",
        ));
    }
    Ok(())
}

/// What is only a word, or only written in another way, is no reason to refuse.
async fn reads_sql(server: &ServerUnderTest, asker: &Asker<'_>, sales: &[Sale]) -> Checked {
    let count = float(sales.len());
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let best = sales
        .iter()
        .map(|(_, _, cents)| *cents)
        .max()
        .unwrap_or_default() as f64;
    for (what, sql, expected) in [
        (
            "a query that contains words of other statements in a text and a name",
            "SELECT COUNT(*) AS \"update\" FROM sales WHERE product_name <> 'DROP TABLE orders; -- PRAGMA'",
            count,
        ),
        (
            "a query in another case, with a semicolon at its end",
            "select Count(*) as n from Sales where quantity > 0;",
            count,
        ),
        (
            "a query with WITH, a subquery and CASE",
            "WITH deleted AS (SELECT total_cents AS cents FROM sales) SELECT MAX(CASE WHEN cents IS NULL THEN 0 ELSE cents END) AS best FROM deleted WHERE cents IN (SELECT total_cents FROM sales)",
            best,
        ),
    ] {
        server.purpose(what);
        let called = asker.send(sql, None).await?;
        if called.result.is_error == Some(true) {
            return Err(Finding::new(Code::LooksAtWords)
                .sent(&called.sent)
                .expected(format!("[[{expected}]]: it only reads sales"))
                .got(shop::outcome(&called))
                .why("A list of forbidden words refuses good questions and misses bad ones. Parse the SQL, and judge what it does.")
                .in_rust("sqlparser's Visitor sees every table, function and expression of a query.")
                .into());
        }
        let answer: Answer = shop::structured(&called)?;
        if number(&answer, 0, 0) != Some(expected) || answer.rows.len() != 1 {
            return Err(wrong(
                &called,
                format!("[[{expected}]]"),
                rows(&answer),
                "The query asks for this number.",
            ));
        }
    }
    Ok(())
}

/// The rows as sales.
fn sales(called: &Called, answer: &Answer) -> Checked<Vec<Sale>> {
    let sale = |row: &Vec<Value>| {
        let [name, quantity, cents] = row.as_slice() else {
            return None;
        };
        let (quantity, cents) = (shop::integer(quantity).ok()?, shop::integer(cents).ok()?);
        Some((name.as_str()?.to_owned(), quantity, cents))
    };
    let all: Option<Vec<Sale>> = answer.rows.iter().map(sale).collect();
    all.ok_or_else(|| {
        wrong(
            called,
            "rows such as [\"Croissant\", 2, 640]: a text and two integers",
            rows(answer),
            "A row is an array, with a value for each column in the order of `columns`.",
        )
    })
}

fn wrong(called: &Called, expected: impl Into<String>, got: impl Into<String>, why: &str) -> Stop {
    Finding::new(Code::WrongAnswer)
        .sent(&called.sent)
        .expected(expected)
        .got(got)
        .why(why)
        .into()
}

/// A value of an answer, as a number.
pub fn number(answer: &Answer, row: usize, column: usize) -> Option<f64> {
    answer.rows.get(row)?.get(column)?.as_f64()
}

/// A count, as JSON has it.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub fn float(count: usize) -> f64 {
    count as f64
}

fn rows(answer: &Answer) -> String {
    in_json(&answer.rows)
}

/// The beginning of what this is in JSON.
fn in_json(rows: &impl Serialize) -> String {
    let rows = serde_json::to_string(rows).unwrap_or_default();
    rows.chars().take(300).collect()
}
