//! 6.6: `/health` and `/ready` say how the store is, and on SIGTERM it finishes what is in flight before it
//! ends.

use std::net::Ipv4Addr;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::HeaderMap;
use reqwest::Url;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::customer::Customer;
use super::places;
use crate::checks::store::shop::{self, Product};
use crate::checks::store::users::{token, two_users};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::plain::{self, Page};
use crate::mcp::raw::Raw;
use crate::mcp::{Called, Era, Reply, RequestError, Transcript};
use crate::subject::server::Server;
use crate::verdict::{Code, Finding};

const PROGRESS: &str = "notifications/progress";

/// How many are in the oven when the store is asked to stop, and how many seconds each takes.
const FEW: i64 = 8;
const BAKE_SECONDS: &str = "0.05";

/// What takes much longer than the store may, in an order of many.
const LONG: &str = "0.3";
const MANY: i64 = 50;

/// How long the store may take to stop where it is told so, in seconds.
const STOP_SECONDS: &str = "1";
const STOP: Duration = Duration::from_secs(1);

/// How long a program may take to end once nothing holds it anymore.
const SLACK: Duration = Duration::from_secs(3);

/// When it is asked to stop once more.
const AGAIN: Duration = Duration::from_millis(300);

/// How long a call must still run after the store has refused a connection: if not, that was its end.
const A_WHILE: Duration = Duration::from_millis(100);

/// How often it is asked whether it is ready.
const OFTEN: Duration = Duration::from_millis(10);

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    is_asked(server)
        .await
        .map_err(|stop| stop.at(places::READY))?;
    if !cfg!(unix) {
        return Err(Stop::CouldNotCheck(
            "this step sends SIGTERM, which Windows does not have. Check it on Linux or macOS, for example in a Codespace"
                .to_owned(),
        ));
    }
    let [alice, _] = two_users(server.realm()?)?;
    let in_block = |stop: Stop| stop.at(places::STOP);
    finishes(server, alice).await.map_err(in_block)?;
    // One after the other: whether instances can write at the same time is for 6.1 to say.
    is_cut_off(server, alice, false).await.map_err(in_block)?;
    is_cut_off(server, alice, true).await.map_err(in_block)?;
    server.remark(
        "This check cannot take the database away, so it does not see what `/ready` says without one. Try it: it should be 503.",
    );
    Ok(())
}

/// Whoever runs the store can ask how it is, without a token.
async fn is_asked(server: &ServerUnderTest) -> Checked {
    server.purpose("ask how the store is, without a token");
    let url = server.url()?;
    let health = ask(server, &url, "/health").await?;
    let ready = ask(server, &url, "/ready").await?;
    if health.status == 404 && ready.status == 404 {
        return Err(Stop::not_declared("there is neither /health nor /ready"));
    }
    if health.status != 200 {
        return Err(Finding::new(Code::HealthNotOk)
            .sent(format!("{}, without a token", health.sent))
            .expected("HTTP 200: the program runs")
            .got(format!("HTTP {}", health.status))
            .why("Whoever runs the store restarts a program that is not healthy. They have no token, and ask outside of MCP.")
            .into());
    }
    if ready.status != 200 {
        return Err(Finding::new(Code::NotReady)
            .sent(format!("{}, without a token", ready.sent))
            .expected("HTTP 200: the store serves requests, and its database answers")
            .got(format!("HTTP {}", ready.status))
            .why("A load balancer only sends requests to instances that are ready. It has no token, and asks outside of MCP.")
            .into());
    }
    Ok(())
}

/// A call that runs when the store is asked to stop gets its result, and then the store ends.
async fn finishes(server: &ServerUnderTest, alice: &str) -> Checked {
    server.purpose("start the program once more, and bake something there");
    let instance = server
        .another(&[("STORE_BAKE_SECONDS", BAKE_SECONDS)])
        .await?;
    let customer = Customer::enter_at(server, alice, &instance).await?;
    let products = customer.shop.products().await?;
    let product = products.into_iter().next();
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    let shares = shares_the_stock(server, &customer, &product).await?;
    // What a client keeps open for as long as it runs.
    let raw = customer.raw(server).await?;
    let _stream = match server.era {
        Era::Legacy => Some(raw.listen().await?),
        Era::Modern => None,
    };
    let _idle = TcpStream::connect((Ipv4Addr::LOCALHOST, instance.port)).await;

    server.purpose("bake several");
    let (call, sent) = customer.begins_to_bake(server, &product, FEW).await?;
    server.purpose("send SIGTERM while they are in the oven");
    let reported = reports(&customer);
    instance.process.ask_to_end();
    let sent = format!("{sent}, and SIGTERM while it runs");
    let is_over = AtomicBool::new(false);
    let finishing = async {
        let finished = customer.shop.session.next_round(call).await;
        is_over.store(true, Ordering::Relaxed);
        finished
    };
    let (finished, refused) = tokio::join!(finishing, refuses(server, alice, &instance, &is_over));
    is_whole(&sent, finished, reported)?;
    refused?;
    let ended = timeout(SLACK, instance.process.ended()).await;
    let Ok(status) = ended else {
        return Err(Finding::new(Code::DoesNotEnd)
            .sent(sent)
            .expected("a program that ends as soon as its last call is answered")
            .got(format!("it still runs {} s later", SLACK.as_secs()))
            .why("Clients keep connections and streams open for as long as they run. Close them when no call is running: every new version waits for the old one to end.")
            .into());
    };
    is_zero(&sent, status)?;
    if let Some(before) = shares {
        server.purpose("see at another instance that everything is in stock");
        let expected = before.saturating_add(FEW);
        let stock = stock_here(server, alice, &product).await?;
        if stock != expected {
            return Err(Finding::new(Code::LostOnStop)
                .sent(sent)
                .expected(format!(
                    "a stock of {expected} in the database, as the result said"
                ))
                .got(format!("a stock of {stock}"))
                .why("A result is a promise: what it says is stored before it is sent.")
                .into());
        }
    }
    Ok(())
}

/// A call that takes too long does not hold up the end, and neither does a second signal.
async fn is_cut_off(server: &ServerUnderTest, alice: &str, twice: bool) -> Checked {
    server.purpose(
        "start the program with STORE_STOP_SECONDS=1, and bake something that takes longer",
    );
    let settings = [
        ("STORE_BAKE_SECONDS", LONG),
        ("STORE_STOP_SECONDS", STOP_SECONDS),
    ];
    let instance = server.another(&settings).await?;
    let customer = Customer::enter_at(server, alice, &instance).await?;
    let products = customer.shop.products().await?;
    let product = products.into_iter().next();
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    let (call, sent) = customer.begins_to_bake(server, &product, MANY).await?;
    server.purpose("send SIGTERM while it runs");
    let asked = Instant::now();
    instance.process.ask_to_end();
    let sent = if twice {
        sleep(AGAIN).await;
        instance.process.ask_to_end();
        format!("{sent}, and SIGTERM twice while it runs")
    } else {
        format!("{sent}, and SIGTERM while it runs, with STORE_STOP_SECONDS={STOP_SECONDS}")
    };
    let patience = (STOP + SLACK).saturating_sub(asked.elapsed());
    let ended = timeout(patience, instance.process.ended()).await;
    drop(call);
    let Ok(status) = ended else {
        return Err(Finding::new(Code::DoesNotEnd)
            .sent(sent)
            .expected(format!("a program that cuts the call off after {STOP_SECONDS} s, and ends"))
            .got(format!("it still runs {} s later", (STOP + SLACK).as_secs()))
            .why("Whoever sends SIGTERM does not wait forever: after a while, they kill the program. Cut off what takes too long, while there is time to close the rest.")
            .into());
    };
    match status {
        // Whoever asks twice is in a hurry.
        Some(status) if twice && at_once(status) => Ok(()),
        status => is_zero(&sent, status),
    }
}

/// Whether a program ended as if nobody had caught the second signal.
fn at_once(status: ExitStatus) -> bool {
    #[cfg(unix)]
    if std::os::unix::process::ExitStatusExt::signal(&status) == Some(15) {
        return true;
    }
    status.code() == Some(128 + 15)
}

fn is_zero(sent: &str, status: Option<ExitStatus>) -> Checked {
    match status {
        Some(status) if status.success() => Ok(()),
        status => Err(Finding::new(Code::WrongExitCode)
            .sent(sent)
            .expected("exit code 0")
            .got(status.map_or_else(|| "it is gone".to_owned(), |status| status.to_string()))
            .why("The program did what it was asked for. Any other code looks like a crash to whoever runs it.")
            .into()),
    }
}

/// How often progress of the last call was reported so far.
fn reports(customer: &Customer) -> usize {
    let last = customer.shop.session.connection().last_request();
    last.map_or(0, |call| call.notifications(PROGRESS).count())
}

/// Whether a call got its result, and the reports of its progress.
fn is_whole(sent: &str, finished: Result<Reply, RequestError>, reported: usize) -> Checked {
    let cut_off = |got: String| {
        Finding::new(Code::CutOff)
            .sent(sent)
            .expected(format!("the progress and the result of the call, {FEW} baked"))
            .got(got)
            .why("Every new version of a store ends the old one. No user should notice: finish the calls that are running, and then end.")
            .into()
    };
    let called: Called = match finished {
        Ok(Reply::Complete(called)) => *called,
        Ok(Reply::InputRequired(_)) => return Err(cut_off("a question".to_owned())),
        Err(error) => return Err(cut_off(format!("no result: {}", error.kind))),
    };
    if called.result.is_error == Some(true) || called.raw["structuredContent"]["quantity"] != FEW {
        return Err(cut_off(shop::outcome(&called)));
    }
    if called.exchange.notifications(PROGRESS).count() <= reported {
        return Err(cut_off("the result, but no more progress".to_owned()));
    }
    Ok(())
}

/// From SIGTERM on, no new work is taken, and that is said before the call is over.
async fn refuses(
    server: &ServerUnderTest,
    alice: &str,
    instance: &Server,
    is_over: &AtomicBool,
) -> Checked {
    let url = instance.url();
    let token = token(server.realm()?, alice).await?;
    // Each time on a new connection, and not in the trace each time.
    let silent = Transcript::default();
    let ready = at(&url, "/ready");
    loop {
        let asked = plain::get(&ready, &server.client(), &silent).await;
        if is_over.load(Ordering::Relaxed) {
            return Err(still_ready("HTTP 200, until the call had ended"));
        }
        match asked {
            // It takes a moment to get the signal.
            Ok(page) if page.status == 200 => sleep(OFTEN).await,
            Ok(page) if page.status == 503 => break,
            Ok(page) => return Err(still_ready(&format!("HTTP {}", page.status))),
            // Who cannot connect knows it, too, unless the program has ended by then.
            Err(_) => {
                sleep(A_WHILE).await;
                if is_over.load(Ordering::Relaxed) {
                    return Err(still_ready("HTTP 200, until the call had ended"));
                }
                break;
            }
        }
    }
    let client = server.client().with_token(&token);
    let raw = Raw::without_handshake(url, client, server.transcript())?;
    let message = match server.era {
        Era::Modern => raw.message("tools/list", json!({})),
        Era::Legacy => raw.greeting(),
    };
    let Ok(reply) = raw.send(message, HeaderMap::new()).await else {
        return Ok(());
    };
    if reply.status == 503 {
        return Ok(());
    }
    Err(Finding::new(Code::TakesNewWork)
        .sent(format!(
            "{}, on a new connection, after SIGTERM",
            reply.exchange.sent.describe()
        ))
        .expected("HTTP 503, or no connection")
        .got(format!("HTTP {}", reply.status))
        .why("What begins now may not be finished in time. Refused at once, a client can try again, and reaches another instance.")
        .into())
}

fn still_ready(got: &str) -> Stop {
    Finding::new(Code::StillReady)
        .sent("GET /ready, after SIGTERM, while a call is running")
        .expected("HTTP 503, or no connection")
        .got(got)
        .why("A load balancer sends requests to this instance until it says that it is not ready.")
        .into()
}

/// The stock that another instance sees after a first item, if it sees what is baked here. Whether
/// instances share a database is for 6.1 to say.
async fn shares_the_stock(
    server: &ServerUnderTest,
    customer: &Customer,
    product: &Product,
) -> Checked<Option<i64>> {
    let arguments = json!({ "product_name": product.name, "quantity": 1 });
    let called = customer.shop.session.call("bake", arguments).await?;
    shop::succeeded(&called, "what was baked")?;
    let [alice, _] = two_users(server.realm()?)?;
    let expected = product.stock.saturating_add(1);
    for _ in 0..10 {
        if stock_here(server, alice, product).await? == expected {
            return Ok(Some(expected));
        }
        sleep(OFTEN).await;
    }
    Ok(None)
}

/// How many are in stock, as the server under test says.
async fn stock_here(server: &ServerUnderTest, user: &str, product: &Product) -> Checked<i64> {
    let customer = Customer::enter(server, user).await?;
    customer.shop.stock(&product.name).await
}

async fn ask(server: &ServerUnderTest, url: &Url, path: &str) -> Checked<Page> {
    Ok(plain::get(&at(url, path), &server.client(), server.transcript()).await?)
}

/// This path on the same server.
fn at(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url
}
