//! 6.3: `delivery_quote` asks another service, with limits.
//!
//! - [`quotes`] asks for quotes, and for what is none,
//! - [`retry`] has a carrier that fails: what may be tried again is, after a wait, and not forever,
//! - [`secrets`] sees that neither results nor the log give anything away.

mod quotes;
mod retry;
mod secrets;

use std::time::Duration;

use futures::future::try_join;
use rand::RngExt;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::customer::Customer;
use super::places;
use crate::checks::harness::Log;
use crate::checks::store::shop::{self, Shop};
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::fixtures::Carrier;
use crate::fixtures::carrier::{Answer, Quote};
use crate::mcp::Called;
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("../snapshots/6.3.snap");

const TOOL: &str = "delivery_quote";

/// The most requests at a time, as the settings of the exercise say.
pub(super) const AT_ONCE: usize = 2;

/// The settings of the instance at which time is measured: `CARRIER_SECONDS` and `CARRIER_PAUSE_SECONDS`.
const ONE_ANSWER: &str = "0.1";
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How often the check looks at the carrier.
const OFTEN: Duration = Duration::from_millis(2);

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let Some(carrier) = server
        .fixtures()
        .carrier()
        .filter(|_| !server.runs_already())
    else {
        return Err(Stop::CouldNotCheck(format!(
            "a server that is already running asks its own carrier, and the checker has to be the carrier. Check it with `cargo checker check {}` or `--command`",
            server.step
        )));
    };
    let [alice, bob] = two_users(server.realm()?)?;
    let scene = Scene {
        server,
        carrier,
        shop: Customer::enter(server, alice).await?.shop,
    };
    server.purpose("see which arguments delivery_quote takes");
    let tool = scene.shop.declared(TOOL).await?;
    contract::compare(&[contract::tool(&tool)], CONTRACT)?;
    let log = server.log();
    let in_retry = |stop: Stop| stop.at(places::RETRY);
    let in_client = |stop: Stop| stop.at(places::CLIENT);
    scene.gives_a_quote().await?;
    scene.tries_again().await.map_err(in_retry)?;
    scene.asks_properly().map_err(in_client)?;
    scene.takes_no_for_an_answer().await.map_err(in_retry)?;
    scene.says_nothing_to_the_log(&log).await?;
    let log = server.log();
    scene.reads_with_care().await.map_err(in_client)?;
    scene.asks_for_postcodes_only().await?;
    scene.says_nothing_to_the_log(&log).await?;
    let log = server.log();
    let waits = async { scene.waits_as_asked().await.map_err(in_retry) };
    let times = async {
        let pause = FIRST_PAUSE.as_secs_f64().to_string();
        let settings = [
            ("CARRIER_SECONDS", ONE_ANSWER),
            ("CARRIER_PAUSE_SECONDS", &pause),
        ];
        let instance = server.another(&settings).await?;
        let hurried = Scene {
            shop: Customer::enter_at(server, alice, &instance).await?.shop,
            ..scene
        };
        let log = Log::new(Some(instance.process.stderr().clone()));
        hurried.does_not_wait_forever().await.map_err(in_client)?;
        hurried.says_nothing_to_the_log(&log).await
    };
    try_join(waits, times).await?;
    let other = Customer::enter(server, bob).await?.shop;
    scene.asks_a_few_at_a_time(&other).await?;
    scene.says_nothing_to_the_log(&log).await
}

/// A user at the store, and the carrier behind it.
struct Scene<'a> {
    server: &'a ServerUnderTest,
    carrier: &'a Carrier,
    shop: Shop,
}

impl Scene<'_> {
    /// A postcode for which the carrier has these answers.
    fn postcode(&self, answers: impl IntoIterator<Item = Answer>) -> String {
        let postcode = self.server.random(|dice| {
            let mut letter = || char::from(dice.random_range(b'A'..=b'Z'));
            let letters = [letter(), letter(), letter()];
            let [one, two, three] = letters;
            let number = dice.random_range(100..1000);
            format!("{one}{two}{number} 7{three}Q")
        });
        self.carrier.plays(&postcode, answers);
        postcode
    }

    fn some_quote(&self) -> Quote {
        self.server.random(|dice| Quote {
            cents: dice.random_range(200..2000),
            days: dice.random_range(1..10),
        })
    }

    /// Calls the tool, and sees that its result gives nothing away.
    async fn ask(&self, postcode: &str) -> Checked<Called> {
        let arguments = json!({ "postcode": postcode });
        let called = self.shop.session.call(TOOL, arguments).await?;
        self.says_too_much(&called)?;
        Ok(called)
    }

    /// The same, for which waiting forever is no answer.
    async fn ask_in_time(&self, postcode: &str, answer: &str, why: &str) -> Checked<Called> {
        match self.ask(postcode).await {
            Err(Stop::Failed(finding)) if finding.code == Code::NoAnswer => {
                Err(Finding::new(Code::WaitsTooLong)
                    .sent(sent(postcode, answer))
                    .expected("a result, soon")
                    .got(finding.got)
                    .why(why)
                    .into())
            }
            other => other,
        }
    }

    /// Asks for a postcode, and expects this quote.
    async fn is_quoted(&self, postcode: &str, quote: Quote, answer: &str) -> Checked {
        #[derive(Deserialize)]
        struct Given {
            #[serde(deserialize_with = "shop::integer")]
            cents: i64,
            #[serde(deserialize_with = "shop::integer")]
            days: i64,
        }
        let why = "Give up on an answer that takes too long, and ask again.";
        let called = self.ask_in_time(postcode, answer, why).await?;
        let asked = self.carrier.asked(postcode);
        if called.result.is_error == Some(true) {
            let code = if asked.len() == 1 {
                Code::NotAskedAgain
            } else {
                Code::WrongQuote
            };
            return Err(Finding::new(code)
                .sent(sent(postcode, answer))
                .expected(in_words(quote))
                .got(format!("{}, after {}", shop::outcome(&called), times(asked.len())))
                .why("This failure goes away by itself, and a GET changes nothing. Ask again before you bother a model with it.")
                .into());
        }
        let given: Given = shop::structured(&called)?;
        if (given.cents, given.days) != (quote.cents.into(), quote.days.into()) {
            return Err(Finding::new(Code::WrongQuote)
                .sent(sent(postcode, answer))
                .expected(in_words(quote))
                .got(shop::outcome(&called))
                .why("The user pays what the carrier says.")
                .into());
        }
        Ok(())
    }

    /// Asks for a postcode, and expects a reason why there is no quote.
    async fn is_refused(&self, postcode: &str, answer: &str, why: &str) -> Checked<Called> {
        let forever =
            "A carrier can fail in many ways. Whatever it does, the model needs an answer.";
        let called = self.ask_in_time(postcode, answer, forever).await?;
        if called.result.is_error == Some(true) && !shop::text(&called).trim().is_empty() {
            return Ok(called);
        }
        Err(Finding::new(Code::FailureNotTold)
            .sent(sent(postcode, answer))
            .expected("isError true, and a text that says what happened and what to do")
            .got(shop::outcome(&called))
            .why(why)
            .into())
    }

    fn is_asked(&self, postcode: &str) -> bool {
        !self.carrier.asked(postcode).is_empty()
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        let seen = async {
            while !is_so() {
                sleep(OFTEN).await;
            }
        };
        // What did not happen shows in what comes of it.
        let _ = timeout(self.server.patience.answer, seen).await;
    }
}

fn sent(postcode: &str, answer: &str) -> String {
    format!("tools/call {TOOL} {{\"postcode\":\"{postcode}\"}}. The carrier answers with {answer}")
}

fn in_words(quote: Quote) -> String {
    format!("{{\"cents\":{},\"days\":{}}}", quote.cents, quote.days)
}

fn times(requests: usize) -> String {
    match requests {
        1 => "1 request".to_owned(),
        many => format!("{many} requests"),
    }
}
