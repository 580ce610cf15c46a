//! How many rows, how much text, and how long.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::answers::MOST;
use super::{Answer, Asker, SECONDS, places};
use crate::checks::store::shop;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::{Called, ErrorKind};
use crate::verdict::{Code, Finding};

/// How many rows an answer has where nothing is said.
const DEFAULT: usize = 100;

/// More text than this, in bytes, is too much for any model's context.
const MOST_BYTES: usize = 1_000_000;

/// Whoever calculates gets more of a processor than this share, also on a busy machine.
const IDLE: f64 = 0.015;

/// How long, and how often, a processor is watched.
const WINDOW: Duration = Duration::from_millis(300);
const WINDOWS: usize = 5;

/// A query that joins all sales with themselves, so many times: `sold` to this power are its rows.
fn joined(select: &str, times: usize) -> String {
    let names = ('a'..='z').take(times);
    let tables: Vec<String> = names.map(|name| format!("sales {name}")).collect();
    format!("SELECT {select} FROM {}", tables.join(", "))
}

/// How often to join so that there are more rows than this.
fn times_for(sold: usize, rows: usize) -> usize {
    let power = |times: &usize| sold.saturating_pow(u32::try_from(*times).unwrap_or(u32::MAX));
    (1..).find(|times| power(times) > rows).unwrap_or(1)
}

/// Rows and sizes.
pub async fn check(server: &ServerUnderTest, asker: &Asker<'_>, sold: usize) -> Checked {
    let count = i64::try_from(sold).unwrap_or(i64::MAX);
    server.purpose("ask for one row less than there are, and for as many as there are");
    for (limit, truncated) in [(count - 1, true), (count, false)] {
        let (called, answer) = asker.ask("SELECT quantity FROM sales", Some(limit)).await?;
        has_rows(&called, &answer, usize::try_from(limit).unwrap_or(0))?;
        is_truncated(&called, &answer, truncated)?;
    }
    server.purpose("a query that has a limit itself");
    let (called, answer) = asker
        .ask("SELECT quantity FROM sales LIMIT 1", None)
        .await?;
    has_rows(&called, &answer, 1)?;
    is_truncated(&called, &answer, false)?;
    server.purpose("a query with more rows than the default");
    let more = joined("a.quantity AS n", times_for(sold, DEFAULT));
    let (called, answer) = asker.ask(&more, None).await?;
    has_rows(&called, &answer, DEFAULT)?;
    is_truncated(&called, &answer, true)?;
    let many = joined("a.quantity AS n", times_for(sold, MOST));
    server.purpose("ask for as many rows as an answer can have");
    let (called, answer) = asker.ask(&many, Some(1000)).await?;
    has_rows(&called, &answer, MOST)?;
    is_truncated(&called, &answer, true)?;
    server.purpose("ask for more rows than an answer can have");
    for limit in [1001, 1_000_000, -1] {
        if let Some((called, answer)) = asker.try_to_ask(&many, limit).await? {
            at_most(&called, &answer)?;
        }
    }
    server.purpose("a query with a million rows");
    let million = joined("a.quantity AS n", times_for(sold, 1_000_000));
    if let Some((called, answer)) = asker.try_to_ask(&million, 1000).await? {
        at_most(&called, &answer)?;
        is_truncated(&called, &answer, true)?;
    }
    server.purpose("a query that makes a very long text");
    let long = "WITH RECURSIVE t(s, n) AS (SELECT 'xxxxxxxxxx', 1 UNION ALL SELECT s || s, n + 1 FROM t WHERE n < 17) SELECT s FROM t";
    if let Some((called, _)) = asker.try_to_ask(long, 1000).await? {
        let bytes = called.raw.to_string().len();
        if bytes > MOST_BYTES {
            return Err(Finding::new(Code::AnswerTooLarge)
                .sent(&called.sent)
                .expected(format!("a tool error, or an answer of at most {MOST_BYTES} bytes"))
                .got(format!("{bytes} bytes"))
                .why("A limit for rows does not limit what is in them: a few doublings fill the model's context and your memory. Limit the size of the whole answer, and refuse what makes long texts.")
                .into());
        }
    }
    Ok(())
}

/// Queries that never end are stopped.
pub async fn stops(server: &ServerUnderTest, asker: &Asker<'_>, sold: usize) -> Checked {
    let at_connection = |stop: Stop| stop.at(places::READING);
    server.purpose("a query that joins everything with everything, and a recursion without an end");
    let many = joined("a.quantity AS n", times_for(sold, MOST));
    let endless = format!(
        "WITH many AS ({many}) SELECT COUNT(*) AS n FROM many v, many w, many x, many y, many z"
    );
    let recursive =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT COUNT(*) AS n FROM n";
    let (joined, recursed) =
        tokio::join!(is_stopped(asker, &endless), is_stopped(asker, recursive));
    joined.and(recursed).map_err(at_connection)?;
    rests(server, &endless).await.map_err(at_connection)?;
    server.purpose("see that the next question is answered");
    asker.ask("SELECT COUNT(*) AS n FROM sales", None).await?;
    Ok(())
}

async fn is_stopped(asker: &Asker<'_>, sql: &str) -> Checked {
    let arguments = super::arguments(sql, None);
    let (sent, got) = match asker.session.call(super::TOOL, arguments).await {
        Ok(called) if called.result.is_error == Some(true) => {
            return super::attempts::helps(&called);
        }
        Ok(called) => (called.sent.clone(), shop::outcome(&called)),
        Err(error) if matches!(error.kind, ErrorKind::Silent { .. }) => {
            (error.sent.clone(), "no answer".to_owned())
        }
        Err(error) => return Err(error.into()),
    };
    Err(Finding::new(Code::EndlessQuery)
        .sent(sent)
        .expected(format!("a tool error after {SECONDS} seconds, as STORE_QUERY_SECONDS says"))
        .got(got)
        .why("One such query keeps a connection and a processor until the server is restarted. Give every query a deadline, and tell the model that the query took too long.")
        .in_rust("In SQLite, set_progress_handler can stop a query. PostgreSQL has statement_timeout.")
        .into())
}

/// That nothing is calculated anymore: an answer alone does not end the query.
async fn rests(server: &ServerUnderTest, sql: &str) -> Checked {
    server.purpose("see whether the query has ended");
    for _ in 0..WINDOWS {
        let (Some(before), begun) = (server.processor_time(), Instant::now()) else {
            return Ok(());
        };
        sleep(WINDOW).await;
        let Some(after) = server.processor_time() else {
            return Ok(());
        };
        let used = after.saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64();
        if used < IDLE {
            return Ok(());
        }
    }
    Err(Finding::new(Code::QueryGoesOn)
        .sent(format!("tools/call query_sales {}", super::arguments(sql, None)))
        .expected("nothing left to do for the server after it sent the tool error")
        .got("it keeps a processor busy")
        .why("The tool has given up, but the database has not: some such calls occupy the whole machine. Stop the query itself.")
        .in_rust("Dropping the future does not stop SQLite. Its progress handler does.")
        .into())
}

fn has_rows(called: &Called, answer: &Answer, expected: usize) -> Checked {
    let got = answer.rows.len();
    if got == expected {
        return Ok(());
    }
    Err(Finding::new(Code::LimitIgnored)
        .sent(&called.sent)
        .expected(format!("{expected} rows"))
        .got(format!("{got} rows"))
        .why("`limit` is how many rows the model wants to read: 100 if it does not say, and at most 1000.")
        .into())
}

fn at_most(called: &Called, answer: &Answer) -> Checked {
    let got = answer.rows.len();
    if got <= MOST {
        return Ok(());
    }
    Err(Finding::new(Code::LimitIgnored)
        .sent(&called.sent)
        .expected(format!("a tool error, or at most {MOST} rows"))
        .got(format!("{got} rows"))
        .why("All rows end up in the model's context, and somebody pays for it. Never give more than 1000, whatever is asked for.")
        .into())
}

fn is_truncated(called: &Called, answer: &Answer, expected: bool) -> Checked {
    if answer.truncated == expected {
        return Ok(());
    }
    let there = if expected {
        "there are more rows"
    } else {
        "these are all rows"
    };
    Err(Finding::new(Code::WrongTruncated)
        .sent(&called.sent)
        .expected(format!("truncated {expected}: {there}"))
        .got(format!("truncated {}", answer.truncated))
        .why("Without it, a model takes the first rows for all of them, and counts wrong. Read one row more than you return: then you know.")
        .into())
}
