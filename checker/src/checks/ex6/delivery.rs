//! 6.3: `delivery_quote` asks another service, with limits: it tries again what may be tried again, waits as
//! long as it is asked to, never waits forever, and gives nothing away.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures::future::{join_all, try_join};
use http::header::AUTHORIZATION;
use rand::RngExt;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::customer::Customer;
use super::places;
use crate::checks::harness::Log;
use crate::checks::store::shop::{self, Shop};
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::fixtures::Carrier;
use crate::fixtures::carrier::{Answer, INTERNAL, Quote};
use crate::mcp::{Called, ErrorKind, RequestError, ToolCall};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/6.3.snap");

const TOOL: &str = "delivery_quote";

/// The most requests for one call, as the book says.
const MOST_ATTEMPTS: usize = 3;

/// The most requests at a time, as the settings of the exercise say.
pub(super) const AT_ONCE: usize = 2;

/// How many calls there are at a time.
const CALLS: usize = 8;

/// The settings of the instance at which time is measured: `CARRIER_SECONDS` and `CARRIER_PAUSE_SECONDS`.
const ONE_ANSWER: &str = "0.1";
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How long those that are too many have to show up.
const TOO_MANY: Duration = Duration::from_millis(300);

/// How often the check looks at the carrier.
const OFTEN: Duration = Duration::from_millis(2);

/// Clocks and timers are not exact.
const TOLERANCE: Duration = Duration::from_millis(20);

/// The names of libraries, by which they introduce themselves if their users do not.
const LIBRARIES: [&str; 11] = [
    "python", "go-http", "axios", "node", "curl", "okhttp", "java", "undici", "reqwest", "hyper",
    "ruby",
];

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

    async fn gives_a_quote(&self) -> Checked {
        self.server.purpose("ask for a quote");
        let quote = self.some_quote();
        let postcode = self.postcode([Answer::Quote(quote)]);
        let called = self.ask(&postcode).await?;
        let asked = self.carrier.asked(&postcode);
        if let Some(stray) = self.carrier.strays().first() {
            return Err(Finding::new(Code::CarrierAskedWrongly)
                .sent(sent(&postcode, "a quote"))
                .expected(format!(
                    "a request for /v1/quotes/{}",
                    postcode.replace(' ', "%20")
                ))
                .got(format!("a request for {}", stray.address))
                .why("The postal code is one segment of the path. Encode it as one: a space is %20, and a / in it is %2F.")
                .into());
        }
        let key = format!("Bearer {}", self.carrier.key());
        let Some(first) = asked.first() else {
            return Err(Finding::new(Code::CarrierAskedWrongly)
                .sent(sent(&postcode, "a quote"))
                .expected("a request at the address in CARRIER_URL")
                .got(format!("no request; {}", shop::outcome(&called)))
                .why("The carrier's address and key are in CARRIER_URL and CARRIER_KEY.")
                .into());
        };
        let authorization = first.headers.get(AUTHORIZATION);
        if authorization.is_none_or(|sent| sent.as_bytes() != key.as_bytes()) {
            return Err(Finding::new(Code::CarrierKeyNotSent)
                .sent(sent(&postcode, "a quote"))
                .expected(
                    "a request with the header Authorization: Bearer, and the key from CARRIER_KEY",
                )
                .got(if authorization.is_some() {
                    "another Authorization"
                } else {
                    "no Authorization"
                })
                .why("The carrier uses the key to identify and bill you.")
                .into());
        }
        self.is_quoted(&postcode, quote, "a quote").await
    }

    /// What goes away by itself is tried again.
    async fn tries_again(&self) -> Checked {
        self.server
            .purpose("ask a carrier that fails once, and then works");
        for (answer, words) in [
            (Answer::Page(503), "503, then a quote"),
            (Answer::Page(502), "502, then a quote"),
            (Answer::Page(504), "504, then a quote"),
            (
                Answer::Later("0".to_owned()),
                "429 with Retry-After: 0, then a quote",
            ),
            (
                Answer::HangsUp,
                "nothing: it closes the connection. Then it answers with a quote",
            ),
            (
                Answer::BreaksOff,
                "half a body, and closes the connection. Then it answers with a quote",
            ),
        ] {
            let quote = self.some_quote();
            let postcode = self.postcode([answer, Answer::Quote(quote)]);
            self.is_quoted(&postcode, quote, words).await?;
        }
        Ok(())
    }

    /// What every request has to say of the program that sends it.
    fn asks_properly(&self) -> Checked {
        let postcode = self.postcode([]);
        let all = self.carrier.agents();
        let agent = all.first().map(String::as_str).unwrap_or_default();
        let is_library = LIBRARIES
            .iter()
            .any(|library| agent.to_ascii_lowercase().starts_with(library));
        if !agent.is_empty() && !is_library {
            return Ok(());
        }
        Err(Finding::new(Code::NoUserAgent)
            .sent(sent(&postcode, "a quote"))
            .expected("a request with a User-Agent that names your program")
            .got(if agent.is_empty() {
                "no User-Agent".to_owned()
            } else {
                format!("User-Agent: {agent}")
            })
            .why("If your program asks too often, the carrier's operators need to know whom to contact. Many APIs refuse requests without a User-Agent.")
            .into())
    }

    /// What would be answered in the same way is not asked again.
    async fn takes_no_for_an_answer(&self) -> Checked {
        self.server.purpose("ask a carrier that refuses");
        for status in [400, 401, 403, 404, 422, 500] {
            let postcode = self.postcode([Answer::Page(status)]);
            let answer = status.to_string();
            let why = "A model that is not told that this failed makes up a price.";
            self.is_refused(&postcode, &answer, why).await?;
            let asked = self.carrier.asked(&postcode).len();
            if asked > 1 {
                return Err(Finding::new(Code::AskedAgainInVain)
                    .sent(sent(&postcode, &answer))
                    .expected("one request")
                    .got(times(asked))
                    .why("The answer would be the same. A second request only costs time, and may get your key blocked.")
                    .into());
            }
        }
        self.server
            .purpose("ask a carrier that does not answer at all");
        let postcode = self.postcode([Answer::HangsUp]);
        let answer = "nothing: it closes the connection, each time";
        let why = "A model that is not told that this failed makes up a price.";
        self.is_refused(&postcode, answer, why).await.map(drop)
    }

    /// Not everything that comes with a 200 is a quote.
    async fn reads_with_care(&self) -> Checked {
        self.server.purpose("ask a carrier that answers nonsense");
        let why = "A model believes what a result says. Check the carrier's answer before you pass it on.";
        for body in [
            "<html><h1>It works!</h1></html>",
            r#"{"cents": 490}"#,
            r#"{"cents": "free", "days": 2}"#,
            "null",
            "",
        ] {
            let postcode = self.postcode([Answer::Body(body)]);
            let answer = format!("200 with the body {body:?}");
            self.is_refused(&postcode, &answer, why).await?;
        }
        let postcode = self.postcode([Answer::Huge]);
        let answer = "200 with a body of 16 MB";
        let why = "A quote has a few bytes. Stop reading when it is clear that this is something else: a carrier with a fault must not fill your memory.";
        self.is_refused(&postcode, answer, why).await?;
        let postcode = self.postcode([Answer::Redirect]);
        let answer = "307, and the address of another server";
        let outcome = self.ask(&postcode).await;
        let followed = self.carrier.redirected();
        if let Some(headers) = followed.first() {
            let has_key = headers.contains_key(AUTHORIZATION);
            let code = if has_key {
                Code::KeyGivenAway
            } else {
                Code::FollowsRedirect
            };
            return Err(Finding::new(code)
                .sent(sent(&postcode, answer))
                .expected("no request to the other server")
                .got(if has_key {
                    "a request there, with the key"
                } else {
                    "a request there"
                })
                .why("The key and the postal code are only for this carrier. Do not follow redirects.")
                .into());
        }
        outcome?;
        let why = "A redirect is not a quote.";
        self.is_refused(&postcode, answer, why).await.map(drop)
    }

    /// What is not a postcode does not become a part of an address.
    async fn asks_for_postcodes_only(&self) -> Checked {
        self.server.purpose("ask for what is not a postal code");
        let long = "1".repeat(10_000);
        for postcode in [
            "../admin",
            "..",
            "10115/../../admin",
            "10115?x=1",
            "10115#x",
            "%2e%2e%2fadmin",
            "10115\r\nX-Admin: 1",
            "",
            "   ",
            &long,
        ] {
            let before = self.carrier.count();
            let arguments = json!({ "postcode": postcode });
            let outcome = self.shop.session.call(TOOL, arguments).await;
            let shown = if postcode.len() > 100 {
                format!(
                    "tools/call {TOOL} with a postal code of {} digits",
                    postcode.len()
                )
            } else {
                format!("tools/call {TOOL} {{\"postcode\":{}}}", json!(postcode))
            };
            if self.carrier.count() > before {
                let strays = self.carrier.strays();
                let address = strays.last().map(|stray| stray.address.clone());
                let address = address.unwrap_or_default();
                let address: String = address.chars().take(60).collect();
                return Err(Finding::new(Code::AsksForAnything)
                    .sent(shown)
                    .expected("isError true, and no request to the carrier")
                    .got(format!("a request for {address}"))
                    .why("Arguments come from a model, which may repeat what an attacker wrote. A postal code has 3 to 10 letters, digits, spaces and hyphens. Check it before you make it a part of an address.")
                    .into());
            }
            let called = match outcome {
                // Whatever does not fit the schema may also be refused as that.
                Err(RequestError {
                    kind: ErrorKind::Refused { .. },
                    ..
                }) => continue,
                outcome => outcome?,
            };
            if called.result.is_error != Some(true) {
                return Err(Finding::new(Code::FailureNotTold)
                    .sent(shown)
                    .expected("isError true, and a text that says what a postal code looks like")
                    .got(shop::outcome(&called))
                    .why("A model can only correct a mistake that it is told about.")
                    .into());
            }
        }
        Ok(())
    }

    /// `Retry-After` says how long to wait. Meanwhile, others are served.
    async fn waits_as_asked(&self) -> Checked {
        self.server.purpose(
            "ask a carrier that wants to be asked later, and meanwhile ask it something else",
        );
        let date =
            |date: chrono::DateTime<Utc>| date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let later = async {
            let postcode = self.postcode([Answer::Later("3600".to_owned())]);
            self.is_put_off(&postcode, "429 with Retry-After: 3600")
                .await?;
            let due = date(Utc::now() + TimeDelta::hours(1));
            let postcode = self.postcode([Answer::Later(due)]);
            self.is_put_off(&postcode, "429, and a date in an hour in Retry-After")
                .await
        };
        later.await?;
        let quote = self.some_quote();
        let seconds = self.postcode([Answer::Later("1".to_owned()), Answer::Quote(quote)]);
        // Dates have no fractions: this one is 0.8 to 1.8 seconds away.
        let due = Utc::now() + TimeDelta::milliseconds(1800);
        let whole = due - TimeDelta::nanoseconds(due.timestamp_subsec_nanos().into());
        let due_at = Instant::now() + (whole - Utc::now()).to_std().unwrap_or_default();
        let dated = self.postcode([Answer::Later(date(due)), Answer::Quote(quote)]);
        let answer = "429 with Retry-After: 1, then a quote";
        let in_seconds = self.is_quoted(&seconds, quote, answer);
        let with_date = "429, and a date 1 to 2 seconds away in Retry-After, then a quote";
        let with_a_date = self.is_quoted(&dated, quote, with_date);
        let meanwhile = async {
            self.until(|| self.is_asked(&seconds) && self.is_asked(&dated))
                .await;
            let given_up = self.is_given_up();
            let other = self.postcode([Answer::Quote(quote)]);
            let (served, given_up) =
                futures::join!(self.is_quoted(&other, quote, "a quote"), given_up);
            served?;
            Checked::Ok((other, given_up?))
        };
        let ((), (), (other, ())) = futures::try_join!(in_seconds, with_a_date, meanwhile)?;
        let at = |postcode: &str, index: usize| {
            let asked = self.carrier.asked(postcode);
            asked.get(index).map(|asked| asked.at)
        };
        let (Some(first), Some(two)) = (at(&seconds, 0), at(&seconds, 1)) else {
            return Ok(());
        };
        let waited = two - first;
        if waited + TOLERANCE < Duration::from_secs(1) {
            return Err(too_soon(&seconds, answer, "1 second"));
        }
        let Some(two) = at(&dated, 1) else {
            return Ok(());
        };
        if two + TOLERANCE < due_at {
            return Err(too_soon(&dated, with_date, "until then"));
        }
        // When the first of the two pauses was over.
        let over = due_at.min(first + Duration::from_secs(1));
        if at(&other, 0).is_none_or(|asked| asked >= over) {
            return Err(Finding::new(Code::PauseHoldsTurn)
                .sent(format!("{AT_ONCE} calls that wait for Retry-After, and one more"))
                .expected("the last one is sent to the carrier at once")
                .got("it is sent when one of the others has waited long enough")
                .why("CARRIER_AT_ONCE limits requests. A call that waits sends none, so it must not hold up others.")
                .into());
        }
        Ok(())
    }

    /// A wait that is too long for a call is left to the model.
    async fn is_put_off(&self, postcode: &str, answer: &str) -> Checked {
        let why = "Nobody waits an hour for a tool. Fail, and say when to try again.";
        let called = self.ask_in_time(postcode, answer, why).await?;
        let text = shop::text(&called).replace(postcode, "").replace("429", "");
        let says_when = text.chars().any(|one| one.is_ascii_digit());
        if called.result.is_error != Some(true) || !says_when {
            return Err(Finding::new(Code::DoesNotSayWhen)
                .sent(sent(postcode, answer))
                .expected("isError true, and a text that says when to try again, in numbers")
                .got(shop::outcome(&called))
                .why("The carrier says when it wants to be asked again. Without that, a model tries again at once.")
                .into());
        }
        let asked = self.carrier.asked(postcode).len();
        if asked > 1 {
            return Err(Finding::new(Code::AskedTooSoon)
                .sent(sent(postcode, answer))
                .expected("one request: the carrier wants the next one in an hour")
                .got(times(asked))
                .why("A client that ignores Retry-After gets blocked.")
                .into());
        }
        Ok(())
    }

    /// A call that is cancelled while it waits asks no more.
    async fn is_given_up(&self) -> Checked {
        let quote = self.some_quote();
        let postcode = self.postcode([Answer::Later("1".to_owned()), Answer::Quote(quote)]);
        let call = ToolCall::new(TOOL, json!({ "postcode": postcode }));
        let call = self.shop.session.begin(call).await?;
        self.until(|| self.is_asked(&postcode)).await;
        let session = &self.shop.session;
        session
            .give_up(call, "the user has changed their mind")
            .await;
        sleep(Duration::from_millis(1300)).await;
        let asked = self.carrier.asked(&postcode).len();
        if asked <= 1 {
            return Ok(());
        }
        let answer = "429 with Retry-After: 1. Within that second, the client cancels the call";
        Err(Finding::new(Code::AsksAfterCancel)
            .sent(sent(&postcode, answer))
            .expected("no second request")
            .got(times(asked))
            .why("Nobody reads the answer anymore. Requests count at the carrier all the same.")
            .in_rust("In rmcp, this cancels `context.ct`. Wait for it and for the quote with tokio::select!.")
            .into())
    }

    /// It waits for a limited time, and longer before each attempt.
    async fn does_not_wait_forever(&self) -> Checked {
        let quote = self.some_quote();
        let silent = self.postcode([Answer::Silence, Answer::Quote(quote)]);
        let stalled = self.postcode([Answer::Stalls, Answer::Quote(quote)]);
        let busy = self.postcode([Answer::Page(503)]);
        let why = "A model that is not told that this failed makes up a price.";
        let ((), (), _) = futures::try_join!(
            self.is_quoted(
                &silent,
                quote,
                "nothing, for longer than CARRIER_SECONDS. The next time, it answers with a quote"
            ),
            self.is_quoted(
                &stalled,
                quote,
                "half a body, and then nothing. The next time, it answers with a quote"
            ),
            self.is_refused(&busy, "503 each time", why)
        )?;
        let asked = self.carrier.asked(&busy);
        if asked.len() > MOST_ATTEMPTS {
            return Err(Finding::new(Code::AskedTooOften)
                .sent(sent(&busy, "503 each time"))
                .expected(format!("at most {MOST_ATTEMPTS} requests"))
                .got(times(asked.len()))
                .why("If everybody asks a busy server again and again, it never recovers.")
                .at(places::RETRY)
                .into());
        }
        let pauses = asked.windows(2).map(|pair| pair[1].at - pair[0].at);
        let mut least = FIRST_PAUSE / 2;
        for (pause, number) in pauses.zip(1..) {
            if pause + TOLERANCE < least {
                return Err(Finding::new(Code::AskedTooSoon)
                    .sent(sent(&busy, "503 each time"))
                    .expected(format!(
                        "a pause of at least {} ms after request {number}: CARRIER_PAUSE_SECONDS is {}, and each pause is twice as long as the one before, or up to half of that shorter",
                        least.as_millis(),
                        FIRST_PAUSE.as_secs_f64()
                    ))
                    .got("a shorter one")
                    .why("A server that has too much to do needs time. Wait, and wait longer each time.")
                    .at(places::RETRY)
                    .into());
            }
            least *= 2;
        }
        Ok(())
    }

    /// Whoever calls, there are only so many requests at the carrier.
    async fn asks_a_few_at_a_time(&self, other: &Shop) -> Checked {
        self.server
            .purpose("two users call often at the same time, and the carrier takes its time");
        let quote = self.some_quote();
        let postcodes: Vec<String> = (0..CALLS)
            .map(|_| self.postcode([Answer::Held(quote)]))
            .collect();
        let calls = postcodes.iter().enumerate().map(|(index, postcode)| {
            let shop = if index % 2 == 0 { &self.shop } else { other };
            shop.session.call(TOOL, json!({ "postcode": postcode }))
        });
        let release = async {
            self.until(|| self.carrier.held().0 > 0).await;
            sleep(TOO_MANY).await;
            self.carrier.release();
        };
        let (results, ()) = futures::join!(join_all(calls), release);
        let (_, most) = self.carrier.held();
        let sent = format!("{CALLS} × tools/call {TOOL} at the same time, from two users");
        if most > AT_ONCE {
            return Err(Finding::new(Code::TooManyAtOnce)
                .sent(sent)
                .expected(format!(
                    "at most {AT_ONCE} requests at the carrier at a time, as CARRIER_AT_ONCE says"
                ))
                .got(most.to_string())
                .why("A host can run many calls at once, and there are many hosts. The carrier sees only one caller, which is you.")
                .into());
        }
        for result in results {
            shop::succeeded(&result?, "a quote, as soon as it is this call's turn")?;
        }
        Ok(())
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

    /// What is for nobody else, by what it is.
    fn secrets(&self) -> [(String, &'static str); 3] {
        [
            (self.carrier.key().to_owned(), "the key"),
            (self.carrier.host(), "the carrier's address"),
            (
                INTERNAL.to_owned(),
                "what the carrier's error page says to its operators",
            ),
        ]
    }

    fn says_too_much(&self, called: &Called) -> Checked {
        let text = called.raw.to_string();
        let told = self
            .secrets()
            .into_iter()
            .find(|(secret, _)| text.contains(secret));
        let Some((secret, what)) = told else {
            return Ok(());
        };
        let shown = if secret == INTERNAL {
            shop::outcome(called)
        } else {
            shop::outcome(called).replace(&secret, "[…]")
        };
        Err(Finding::new(Code::TellsTooMuch)
            .sent(&called.sent)
            .expected("a result without the key, the carrier's address or its error page")
            .got(format!("{what} in {shown}"))
            .why("A model may repeat to anybody what a result says. Write errors of your own: what happened, and what to do now.")
            .into())
    }

    /// A log is read by many.
    async fn says_nothing_to_the_log(&self, log: &Log) -> Checked {
        let lines = log.lines().await;
        let key = self.carrier.key();
        let secret = lines.iter().find(|line| line.contains(key));
        if let Some(line) = secret {
            return Err(Finding::new(Code::LogsSecrets)
                .sent(format!("tools/call {TOOL} {{…}}"))
                .expected("a log without the key")
                .got(line.replace(key, "[the key]"))
                .why("Logs are kept for long and read by many. With the key, any of them can ask in your name.")
                .into());
        }
        let found = self.carrier.postcodes().into_iter().find_map(|postcode| {
            let forms = [
                postcode.clone(),
                postcode.replace(' ', "%20"),
                postcode.replace(' ', "+"),
            ];
            let line = lines
                .iter()
                .find(|line| forms.iter().any(|form| line.contains(form)))?;
            Some((postcode, line))
        });
        let Some((postcode, line)) = found else {
            return Ok(());
        };
        Err(Finding::new(Code::LogsPersonalData)
            .sent(format!("tools/call {TOOL} {{\"postcode\":\"{postcode}\"}}"))
            .expected("a log without postal codes")
            .got(line.replace(&self.carrier.host(), "[the carrier]"))
            .why("Where users live is personal data. The errors of HTTP clients often contain the address, and this address contains the postal code.")
            .into())
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

fn too_soon(postcode: &str, answer: &str, wanted: &str) -> Stop {
    Finding::new(Code::AskedTooSoon)
        .sent(sent(postcode, answer))
        .expected(format!("a wait of {wanted} before the second request"))
        .got("a shorter one")
        .why("Retry-After is seconds, or a date. A client that ignores it gets blocked.")
        .into()
}
