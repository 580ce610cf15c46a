//! What a query must not do, and tries all the same.

use super::{Asker, TABLE, answers};
use crate::checks::store::shop;
use crate::checks::{Checked, ServerUnderTest};
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

/// Fewer words than this cannot say what is wrong and what would work.
const WORDS_OF_A_REASON: usize = 3;

/// SQL that changes something, or that prepares for it.
const WRITES: &[&str] = &[
    "DELETE FROM orders",
    "DELETE FROM sales",
    "UPDATE products SET stock = 1000",
    "INSERT INTO sales VALUES ('Cake', 1, 1, '2026-07-28')",
    "DROP TABLE orders",
    "DROP VIEW sales",
    "CREATE TABLE notes (text TEXT)",
    "CREATE TABLE copied AS SELECT * FROM sales",
    "ALTER TABLE products RENAME TO gone",
    "SELECT * INTO copied FROM sales",
    "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
    "WITH s AS (SELECT 1) UPDATE products SET stock = 1000",
    "PRAGMA user_version = 7",
    "PRAGMA query_only = 0",
    "ATTACH DATABASE ':memory:' AS other",
    "BEGIN EXCLUSIVE",
    "SET default_transaction_read_only = off",
    "LOCK TABLE orders",
    "VACUUM",
    "DO $$ BEGIN DELETE FROM orders; END $$",
    "COPY (SELECT 1) TO PROGRAM 'true'",
];

/// Two statements where one is expected.
const STACKED: &[&str] = &[
    "SELECT COUNT(*) FROM sales; DELETE FROM orders",
    "SELECT COUNT(*) FROM sales; SELECT COUNT(*) FROM sales",
    "SELECT COUNT(*) FROM sales; -- \nDELETE FROM orders",
];

/// A query of something else than `sales`, in every place where a query can be. `orders` is who bought what,
/// in the table of the starter; other stores may call it something else, and have no such table.
const OTHER_TABLES: &[&str] = &[
    "SELECT * FROM orders",
    "SELECT * FROM products",
    "SELECT * FROM \"orders\"",
    "SELECT * FROM ORDERS",
    "SELECT * FROM/**/orders",
    "SELECT * FROM main.orders",
    "SELECT * FROM public.orders",
    "SELECT * FROM sales, orders",
    "SELECT * FROM sales JOIN (SELECT * FROM orders) AS o ON 1 = 1",
    "SELECT (SELECT COUNT(*) FROM orders) AS n FROM sales",
    "SELECT COUNT(*) FROM sales WHERE EXISTS (SELECT 1 FROM orders)",
    "SELECT COUNT(*) FROM sales WHERE quantity IN (SELECT quantity FROM orders)",
    "SELECT quantity FROM sales ORDER BY (SELECT COUNT(*) FROM orders)",
    "SELECT quantity FROM sales LIMIT (SELECT COUNT(*) FROM orders)",
    "SELECT COUNT(*) FROM sales GROUP BY product_name HAVING COUNT(*) > (SELECT 0 * COUNT(*) FROM orders)",
    "SELECT quantity FROM sales UNION ALL SELECT quantity FROM orders",
    "WITH o AS (SELECT * FROM orders) SELECT * FROM o",
    "SELECT COUNT(*) FROM orders WHERE EXISTS (WITH orders AS (SELECT 1 AS n) SELECT n FROM orders)",
    "SELECT name FROM sqlite_master",
    "SELECT name FROM sqlite_schema",
    "SELECT * FROM pragma_table_info('orders')",
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT * FROM information_schema.tables",
];

/// Functions that do more than calculate. Which of them a database has does not matter.
const FUNCTIONS: &[&str] = &[
    "SELECT load_extension('store')",
    "SELECT writefile('store.txt', 'x')",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_sleep(0.01)",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT length(randomblob(1000))",
    "SELECT query_to_xml('SELECT * FROM orders', true, true, '')",
    "SELECT COUNT(*) FROM sales WHERE length(zeroblob(1000)) > 0",
];

pub async fn check(server: &ServerUnderTest, asker: &Asker<'_>) -> Checked {
    let before = count(asker).await?;
    server.purpose("queries that write");
    for sql in WRITES {
        let called = asker.send(sql, None).await?;
        if !is_refused(&called) {
            return Err(not_refused(
                &called,
                "This tool answers questions. A model can be talked into sending a statement that changes something: allow a single SELECT, and nothing else.",
            ));
        }
        helps(&called)?;
    }
    server.purpose("two statements in one query");
    for sql in STACKED {
        let called = asker.send(sql, None).await?;
        if !is_refused(&called) {
            return Err(not_refused(
                &called,
                "The first statement is harmless, and the second one is not looked at. Parse the text, and refuse all but a single statement.",
            ));
        }
        helps(&called)?;
    }
    server.purpose("queries of other tables");
    for sql in OTHER_TABLES {
        let called = asker.send(sql, None).await?;
        if !is_refused(&called) {
            return Err(Finding::new(Code::ReadsOtherTables)
                .sent(&called.sent)
                .expected("a tool error: only sales can be read")
                .got(shop::outcome(&called))
                .why("The other tables say who bought what. List the tables that may be read, and look for names of tables everywhere in the query.")
                .in_rust("sqlparser calls pre_visit_relation for each table, wherever in the query it is. It calls pre_visit_table_factor for functions that return a table.")
                .into());
        }
        helps(&called)?;
    }
    let called = asker.send(OTHER_TABLES[0], None).await?;
    if !shop::text(&called).to_lowercase().contains(TABLE) {
        return Err(Finding::new(Code::RefusalWithoutHelp)
            .sent(&called.sent)
            .expected("a tool error that names the table sales")
            .got(shop::outcome(&called))
            .why("A model that reads what it can query instead asks the right question next.")
            .into());
    }
    server.purpose("functions that do more than calculate");
    for sql in FUNCTIONS {
        let called = asker.send(sql, None).await?;
        if !is_refused(&called) {
            return Err(not_refused(
                &called,
                "Some functions read files, wait, or make long texts. List those that a query may call, and refuse the others.",
            ));
        }
        helps(&called)?;
    }
    if count(asker).await? != before {
        return Err(super::changes_data("queries that were refused"));
    }
    Ok(())
}

/// How many sales there are. After the attempts it also shows that the tool still works.
async fn count(asker: &Asker<'_>) -> Checked<Option<f64>> {
    let (_, answer) = asker.ask("SELECT COUNT(*) AS n FROM sales", None).await?;
    Ok(answers::number(&answer, 0, 0))
}

fn is_refused(called: &Called) -> bool {
    called.result.is_error == Some(true)
}

fn not_refused(called: &Called, why: &str) -> crate::checks::Stop {
    Finding::new(Code::QueryNotRefused)
        .sent(&called.sent)
        .expected("a tool error")
        .got(shop::outcome(called))
        .why(why)
        .into()
}

/// That a refusal has a reason.
pub fn helps(called: &Called) -> Checked {
    if shop::text(called).split_whitespace().count() >= WORDS_OF_A_REASON {
        return Ok(());
    }
    Err(Finding::new(Code::RefusalWithoutHelp)
        .sent(&called.sent)
        .expected("a text that says what is wrong, and what would work")
        .got(shop::outcome(called))
        .why("The model reads the text of a tool error and tries again. Without a reason it can only guess.")
        .into())
}
