//! 6.2: `query_sales` answers questions in SQL, and can do nothing else: no write, no other table, no endless
//! query, no endless answer.

mod answers;
mod attempts;
mod limits;

use serde::Deserialize;
use serde_json::{Value, json};

use super::customer::Customer;
use super::places;
use crate::checks::store::shop::{self, Shop};
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::{Called, ErrorKind, Session};
use crate::verdict::{Code, Finding};

/// How long a query may take, in seconds, so that the check need not wait as long as people do.
pub(super) const SECONDS: &str = "0.5";

/// The tool.
const TOOL: &str = "query_sales";

/// The table, and its columns.
const TABLE: &str = "sales";
const COLUMNS: [&str; 4] = ["product_name", "quantity", "total_cents", "sold_on"];

/// What the tool gives.
#[derive(Clone, Debug, Deserialize)]
struct Answer {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    truncated: bool,
}

/// A client that asks questions.
struct Asker<'a> {
    session: &'a Session,
}

impl Asker<'_> {
    /// Asks a question that has an answer.
    async fn ask(&self, sql: &str, limit: Option<i64>) -> Checked<(Called, Answer)> {
        let called = self.send(sql, limit).await?;
        shop::succeeded(
            &called,
            "columns, rows and truncated: this query is allowed",
        )?;
        let answer: Answer = shop::structured(&called)?;
        Ok((called, answer))
    }

    /// Asks, whatever comes of it.
    async fn send(&self, sql: &str, limit: Option<i64>) -> Checked<Called> {
        Ok(self.session.call(TOOL, arguments(sql, limit)).await?)
    }

    /// Asks, and gives nothing where the answer is an error, of the tool or of JSON-RPC.
    async fn try_to_ask(&self, sql: &str, limit: i64) -> Checked<Option<(Called, Answer)>> {
        match self.session.call(TOOL, arguments(sql, Some(limit))).await {
            Ok(called) if called.result.is_error == Some(true) => Ok(None),
            Ok(called) => {
                let answer: Answer = shop::structured(&called)?;
                Ok(Some((called, answer)))
            }
            Err(error) if matches!(error.kind, ErrorKind::Refused { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn arguments(sql: &str, limit: Option<i64>) -> Value {
    match limit {
        Some(limit) => json!({ "sql": sql, "limit": limit }),
        None => json!({ "sql": sql }),
    }
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let [alice, bob] = two_users(server.realm()?)?;
    let here = Customer::enter(server, alice).await?;
    let there = Customer::enter(server, bob).await?;
    describes_the_table(&here.shop).await?;
    let asker = Asker {
        session: &here.shop.session,
    };
    let sold = answers::check(server, &asker, [&here.shop, &there.shop]).await?;
    limits::check(server, &asker, sold).await?;
    let before = (here.shop.products().await?, here.orders().await?);
    attempts::check(server, &asker).await?;
    server.purpose("see that the refused queries changed nothing");
    let after = (here.shop.products().await?, here.orders().await?);
    let (_, still) = asker.ask("SELECT COUNT(*) AS n FROM sales", None).await?;
    if before != after || answers::number(&still, 0, 0) != Some(answers::float(sold)) {
        return Err(changes_data("the queries that were refused"));
    }
    limits::stops(server, &asker, sold).await
}

/// A query changed something.
fn changes_data(sent: &str) -> Stop {
    let finding = Finding::new(Code::QueryChangesData)
        .sent(sent)
        .expected("the stock, the orders and the sales as they were before")
        .got("they changed")
        .why("A model can be talked into sending any SQL. Only a connection that cannot write is safe, whatever the query says.")
        .in_rust("In SQLite, open the file with read_only(true) and set the pragma query_only. In PostgreSQL, use READ ONLY transactions.");
    Stop::from(finding).at(places::READING)
}

/// A model only knows the table if the tool says so.
async fn describes_the_table(shop: &Shop) -> Checked {
    let tool = shop.declared(TOOL).await?;
    let described = serde_json::to_string(&(&tool.description, &tool.input_schema));
    let described = described.unwrap_or_default().to_lowercase();
    let words = [TABLE].into_iter().chain(COLUMNS);
    let missing: Vec<&str> = words.filter(|word| !described.contains(word)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let finding = Finding::new(Code::SalesUndescribed)
        .sent("tools/list")
        .expected("a description of query_sales that names the table sales and its columns: product_name, quantity, total_cents, sold_on")
        .got(format!("a description without {}", missing.join(", ")))
        .why("A model cannot look at your schema. It writes its query from what the description says.");
    Err(Stop::from(finding).at(shop::written_as(TOOL)))
}
