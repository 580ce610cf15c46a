//! Whatever a program sends, the checker does not panic, and comes to a verdict in time.

use std::panic;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use checker::verdict::Outcome;
use futures::stream::{self, StreamExt};

use crate::common::broken::{AGENT, ASKING_SERVER, Broken, CLIENT, SERVER};
use crate::common::told;

/// How many runs there are, unless `MANGLED_RUNS` asks for more.
const RUNS: u64 = 12;

/// No verdict on any of them takes longer.
const LONGEST: Duration = Duration::from_secs(25);

/// Where the checker panicked, in whatever task.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_strange_things_gets_a_verdict() {
    gets_a_verdict(&SERVER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_strange_things_gets_a_verdict() {
    gets_a_verdict(&ASKING_SERVER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_strange_things_gets_a_verdict() {
    gets_a_verdict(&CLIENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_sends_strange_things_gets_a_verdict() {
    gets_a_verdict(&AGENT).await;
}

async fn gets_a_verdict(program: &Broken) {
    watch_panics();
    let runs = std::env::var("MANGLED_RUNS").ok();
    let runs = runs.and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    // Even and odd seeds, and of the odd ones some that let a check get far.
    let wrong: Vec<String> = stream::iter((0..runs).map(|run| run * 5))
        .map(async |seed| {
            let begin = Instant::now();
            let report = program
                .check_where("MANGLED", &seed.to_string(), seed)
                .await;
            let took = begin.elapsed();
            assert!(took < LONGEST, "MANGLED={seed} took {took:?}");
            let undecided = |outcome| outcome == Outcome::CouldNotCheck;
            let undecided = report.steps.iter().any(|step| undecided(step.outcome));
            undecided.then(|| format!("MANGLED={seed}:\n{}", told(&report)))
        })
        .buffer_unordered(2)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    nothing_panicked();
}

fn nothing_panicked() {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(panics.is_empty(), "{panics:?}");
}

/// The numbers at which calculations break, each of them and in all products: chance finds them too
/// late.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_extreme_numbers_gets_a_verdict() {
    watch_panics();
    let numbers = [
        i64::MIN,
        -1,
        0,
        1,
        2,
        i64::from(u32::MAX),
        i64::from(u32::MAX) + 1,
        (1 << 53) + 1,
        i64::MAX - 1,
        i64::MAX,
    ];
    let cases = ["STORE_STOCK", "STORE_PRICE"].map(|name| numbers.map(|number| (name, number)));
    for server in [SERVER, ASKING_SERVER] {
        stream::iter(cases.into_iter().flatten())
            .for_each_concurrent(2, async |(name, number)| {
                let begin = Instant::now();
                let report = server.check_where(name, &number.to_string(), 7).await;
                let took = begin.elapsed();
                assert!(took < LONGEST, "{name}={number} took {took:?}");
                assert!(!report.steps.is_empty(), "{name}={number}");
            })
            .await;
    }
    nothing_panicked();
}

/// A panic in a task of its own ends nothing but that task, so it is written down.
fn watch_panics() {
    static WATCHED: std::sync::Once = std::sync::Once::new();
    WATCHED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let of_test = panic
                .location()
                .is_some_and(|at| at.file().contains("tests"));
            if !of_test {
                let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
                panics.push(panic.to_string());
            }
            before(panic);
        }));
    });
}
