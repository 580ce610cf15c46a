//! A carrier that fails: what may be tried again is, after the wait that it asks for, a few times, and
//! from few calls at a time.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{AT_ONCE, FIRST_PAUSE, Scene, TOOL, sent, times};
use crate::checks::ex6::places;
use crate::checks::store::shop::{self, Shop};
use crate::checks::{Checked, Stop};
use crate::fixtures::carrier::Answer;
use crate::mcp::ToolCall;
use crate::verdict::{Code, Finding};

/// The most requests for one call, as the book says.
const MOST_ATTEMPTS: usize = 3;

/// How many calls there are at a time.
const CALLS: usize = 8;

/// How long those that are too many have to show up.
const TOO_MANY: Duration = Duration::from_millis(300);

/// Clocks and timers are not exact.
const TOLERANCE: Duration = Duration::from_millis(20);

impl Scene<'_> {
    /// What goes away by itself is tried again.
    pub(super) async fn tries_again(&self) -> Checked {
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

    /// What would be answered in the same way is not asked again.
    pub(super) async fn takes_no_for_an_answer(&self) -> Checked {
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

    /// `Retry-After` says how long to wait. Meanwhile, others are served.
    pub(super) async fn waits_as_asked(&self) -> Checked {
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
    pub(super) async fn does_not_wait_forever(&self) -> Checked {
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
    pub(super) async fn asks_a_few_at_a_time(&self, other: &Shop) -> Checked {
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
}

fn too_soon(postcode: &str, answer: &str, wanted: &str) -> Stop {
    Finding::new(Code::AskedTooSoon)
        .sent(sent(postcode, answer))
        .expected(format!("a wait of {wanted} before the second request"))
        .got("a shorter one")
        .why("Retry-After is seconds, or a date. A client that ignores it gets blocked.")
        .into()
}
