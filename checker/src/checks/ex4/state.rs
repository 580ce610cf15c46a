//! 4.4: a `requestState` that was altered, expired, used twice or made for another purchase buys
//! nothing.
//!
//! The state passes through the client, and a client may be anybody. On 2025-11-25 there is none;
//! there, one that is sent all the same must not stand for a yes.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::places;
use crate::checks::store::question::{self, order, yes};
use crate::checks::store::sale::changed;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, symptoms};
use crate::mcp::{Answer, Era, ErrorKind, InputRequired, Reply, RequestError, ToolCall};
use crate::verdict::{Code, Finding};

/// By this variable a store is told how long a question can be answered, in seconds.
const LIFETIME_VARIABLE: &str = "STORE_CONFIRM_SECONDS";

/// How long a question can be answered, and when an answer is too late.
#[derive(Clone, Copy)]
struct Lifetime {
    told: Duration,
    late: Duration,
    /// Whether no longer one is tried after it.
    is_last: bool,
}

/// As long as the control needs on a quiet machine. An attendee waits for it after each save.
const BRIEF: Lifetime = Lifetime {
    told: Duration::from_millis(150),
    late: Duration::from_millis(300),
    is_last: false,
};

/// Many libraries count whole seconds, so that what is brief is over at once, or a second later. This
/// is tried where that is the reason, where the machine is too busy for what is brief, or where questions
/// do not expire at all.
const IN_WHOLE_SECONDS: Lifetime = Lifetime {
    told: Duration::from_secs(2),
    late: Duration::from_millis(3_200),
    is_last: true,
};

/// By this code a server says that it broke down.
const INTERNAL_ERROR: i64 = -32603;

/// One letter is changed in so many places, from the beginning of the state to its end. A state of
/// any kind has its meaning in more than one of them.
const LETTERS: usize = 16;

/// A second round that must not buy.
struct Forgery {
    code: Code,
    what: String,
    call: ToolCall,
    why: &'static str,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_confirming(server).await?;
    server.purpose("find something that can be bought");
    let products = shop.products().await?;
    let product = products.iter().max_by_key(|product| product.stock);
    let product = product.filter(|product| product.stock >= 3);
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    let checked = match server.era {
        Era::Modern => of_states(server, &shop, product, &products).await,
        Era::Legacy => of_forged_answers(server, &shop, product).await,
    };
    checked.map_err(|stop| stop.at(places::STATE))
}

async fn of_states(
    server: &ServerUnderTest,
    shop: &Shop,
    product: &Product,
    products: &[Product],
) -> Checked {
    server.purpose("control: with the correct state, the purchase goes through");
    let asked = shop.order_and_be_asked(&product.name, 1).await?;
    let again = question::second_round(&asked, order(&product.name, 1), asked.state.clone());
    let called = shop.answer(asked, &yes()).await?;
    shop::succeeded(
        &called,
        "a receipt: the state is exactly what the server sent",
    )?;

    let expiring = match server.runs_already() {
        true => None,
        false => Some(Expiring::ask(server, product, BRIEF).await),
    };
    let before = shop.products().await?;
    server.purpose("a state that was altered, cut, extended or left out");
    for tampering in Tampering::all() {
        // A fresh question each time: a server may drop one for which it was lied to.
        let asked = shop.order_and_be_asked(&product.name, 1).await?;
        let state = asked.state.as_deref().unwrap_or_default();
        let Some(tampered) = tampering.with(state) else {
            continue;
        };
        let code = match tampered {
            None => Code::TrustsMissingState,
            Some(_) => Code::TrustsAlteredState,
        };
        let forgery = Forgery {
            code,
            what: tampering.to_string(),
            call: question::second_round(&asked, order(&product.name, 1), tampered),
            why: match code {
                Code::TrustsMissingState => {
                    "An answer only counts together with the state of its question. Without a state, ask again."
                }
                _ => {
                    "A client can send anything. Seal the state, and only trust a state whose seal is valid."
                }
            },
        };
        must_not_buy(shop, &forgery).await?;
        bought_nothing(shop, &forgery, &before).await?;
    }

    server.purpose("the same state once more");
    let replay = Forgery {
        code: Code::AcceptsReplay,
        what: "the state of a purchase that is already complete".to_owned(),
        call: again,
        why: "One confirmation is for one purchase. Remember which states were used, so that repeating a request does not buy again.",
    };
    must_not_buy(shop, &replay).await?;
    server.purpose("see that nothing more was bought");
    bought_nothing(shop, &replay, &before).await?;

    server.purpose("a yes, after the user has said no to the same question");
    let asked = shop.order_and_be_asked(&product.name, 1).await?;
    let yes_after_all =
        question::second_round(&asked, order(&product.name, 1), asked.state.clone());
    let declined = shop.session.respond(asked, &[Answer::decline()]).await;
    // That a no buys nothing, and is not asked about again, is seen elsewhere.
    let before = shop.products().await?;
    if !matches!(declined, Ok(Reply::InputRequired(_))) {
        let forgery = Forgery {
            code: Code::YesAfterNo,
            what: "the state of a question that the user has declined".to_owned(),
            call: yes_after_all,
            why: "A question can only be answered once. After a no, a later yes to the same question must not buy.",
        };
        must_not_buy(shop, &forgery).await?;
        bought_nothing(shop, &forgery, &before).await?;
    }

    server.purpose("an answer to a question that the server did not ask");
    let asked = shop.order_and_be_asked(&product.name, 1).await?;
    let mut call = order(&product.name, 1).with_state(asked.state.clone());
    call = call.with_response("another-question", yes().to_json());
    let forgery = Forgery {
        code: Code::TakesAnyAnswer,
        what: "its yes under the key of another question".to_owned(),
        call,
        why: "An answer belongs to the question with the same key. If the answer to your question is missing, ask again.",
    };
    must_not_buy(shop, &forgery).await?;
    bought_nothing(shop, &forgery, &before).await?;

    server.purpose("the state of another purchase");
    let other = products
        .iter()
        .find(|one| one.name != product.name && one.stock > 0);
    let mut swapped = vec![(
        "one item, now sent with an order for two",
        order(&product.name, 2),
    )];
    swapped.extend(other.map(|other| ("another product", order(&other.name, 1))));
    for (what, call) in swapped {
        let asked = shop.order_and_be_asked(&product.name, 1).await?;
        let forgery = Forgery {
            code: Code::TrustsOtherState,
            what: format!("a state that was made for {what}"),
            call: question::second_round(&asked, call, asked.state.clone()),
            why: "The user agreed to one purchase, and this is a different one. Bind the state to the purchase.",
        };
        must_not_buy(shop, &forgery).await?;
        server.purpose("see that nothing was bought");
        bought_nothing(shop, &forgery, &before).await?;
    }
    expires(server, product, expiring).await
}

/// A way to tamper with a state.
#[derive(Clone, Copy, Debug)]
enum Tampering {
    Missing,
    Empty,
    FirstHalf,
    WithoutEnd,
    WithMore,
    /// Another letter, in this one of [`LETTERS`] parts of it.
    Letter(usize),
}

impl Tampering {
    fn all() -> impl Iterator<Item = Self> {
        let whole = [
            Self::Missing,
            Self::Empty,
            Self::FirstHalf,
            Self::WithoutEnd,
            Self::WithMore,
        ];
        whole.into_iter().chain((0..LETTERS).map(Self::Letter))
    }

    /// What becomes of a state, which may be that there is none. `None` where the state is too short
    /// for this.
    fn with(self, state: &str) -> Option<Option<String>> {
        let letters: Vec<char> = state.chars().collect();
        let first = |count: usize| letters[..count].iter().collect::<String>();
        Some(match self {
            Self::Missing => None,
            Self::Empty => Some(String::new()),
            Self::FirstHalf => Some(first(letters.len() / 2)),
            Self::WithoutEnd => Some(first(letters.len().saturating_sub(4))),
            Self::WithMore => Some(format!("{state}AAAA")),
            Self::Letter(part) => {
                // The last letter of base64 may have bits that mean nothing.
                let counts = |at: usize| {
                    letters
                        .get(at + 1)
                        .is_some_and(|next| !matches!(next, '.' | '='))
                };
                let places: Vec<usize> = (0..letters.len())
                    .filter(|at| counts(*at) && other_letter(letters[*at]).is_some())
                    .collect();
                let at = *places.get(part * places.len().max(LETTERS) / LETTERS)?;
                let mut altered = letters.clone();
                altered[at] = other_letter(letters[at])?;
                Some(altered.into_iter().collect())
            }
        })
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no state"),
            Self::Empty => f.write_str("an empty state"),
            Self::FirstHalf => f.write_str("the first half of the state"),
            Self::WithoutEnd => f.write_str("the state without its last letters"),
            Self::WithMore => f.write_str("the state with more letters at its end"),
            Self::Letter(_) => f.write_str("the state with one letter changed"),
        }
    }
}

/// A letter of the same kind, so that what can be read stays readable.
fn other_letter(letter: char) -> Option<char> {
    match letter {
        '9' => Some('0'),
        'f' | 'z' => Some('a'),
        'F' | 'Z' => Some('A'),
        _ if letter.is_ascii_alphanumeric() => char::from_u32(u32::from(letter) + 1),
        _ => None,
    }
}

impl Forgery {
    fn sent(&self, sent: &str) -> String {
        format!("{sent}, with the action accept and {}", self.what)
    }

    fn finding(&self, sent: &str, expected: &str, got: String) -> Finding {
        let place = match self.code {
            // Nothing was tampered with: the round is not looked at as it should be.
            Code::TrustsMissingState | Code::TakesAnyAnswer => places::QUESTION,
            _ => places::STATE,
        };
        Finding::new(self.code)
            .sent(self.sent(sent))
            .expected(expected)
            .got(got)
            .why(self.why)
            .at(place)
    }
}

/// That a second round gives no receipt. It may be refused in any way, or be asked about anew: then
/// it gives the question, which is cancelled when it is dropped.
async fn must_not_buy(shop: &Shop, forgery: &Forgery) -> Checked<Option<InputRequired>> {
    match shop.session.call_once(forgery.call.clone()).await {
        Ok(Reply::InputRequired(asked)) => Ok(Some(asked)),
        Ok(Reply::Complete(called)) if called.result.is_error == Some(true) => Ok(None),
        Ok(Reply::Complete(called)) => {
            let (expected, got) = ("an error, or the question again", shop::outcome(&called));
            Err(forgery.finding(&called.sent, expected, got).into())
        }
        Err(RequestError {
            kind: ErrorKind::Refused { code, .. },
            ..
        }) if code != INTERNAL_ERROR => Ok(None),
        Err(failure) => Err(broken_by(forgery, failure)),
    }
}

/// A second round that broke something.
fn broken_by(forgery: &Forgery, failure: RequestError) -> Stop {
    let is_internal = matches!(
        failure.kind,
        ErrorKind::Refused { code, .. } if code == INTERNAL_ERROR
    );
    let mut stop = symptoms::of_failure(failure);
    if let Stop::Failed(finding) = &mut stop {
        finding.sent = forgery.sent(&finding.sent);
        if is_internal {
            finding.why = "-32603 says that something broke in the server. Refuse a state that is not valid, or ask again.".into();
        }
    }
    stop
}

/// That whatever was said to a second round, the stock is what it was.
async fn bought_nothing(shop: &Shop, forgery: &Forgery, before: &[Product]) -> Checked {
    let after = shop.products().await?;
    let Some((expected, got)) = changed(before, &after) else {
        return Ok(());
    };
    let sent = "tools/call buy_product";
    Err(forgery.finding(sent, &expected, got).into())
}

/// A question that a store was asked which was told how long it can be answered.
struct Expiring {
    shop: Shop,
    lifetime: Lifetime,
    answer: ToolCall,
    before: Vec<Product>,
    too_late: Instant,
}

/// A question can be answered for as long as the store is told, and no longer. The first one was asked
/// before everything else, because the check need not stand there and wait for it.
async fn expires(
    server: &ServerUnderTest,
    product: &Product,
    first: Option<Checked<Expiring>>,
) -> Checked {
    let Some(first) = first else {
        server.remark(format!(
            "The checker did not check that questions expire. For that, it must start the program itself, with {LIFETIME_VARIABLE}."
        ));
        return Ok(());
    };
    let checked = match first {
        Ok(asked) => asked.buys_nothing_too_late(server).await,
        Err(stop) => Err(stop),
    };
    match checked {
        Err(Stop::Failed(_)) => {
            let asked = Expiring::ask(server, product, IN_WHOLE_SECONDS).await?;
            asked.buys_nothing_too_late(server).await
        }
        checked => checked,
    }
}

impl Expiring {
    async fn ask(server: &ServerUnderTest, product: &Product, lifetime: Lifetime) -> Checked<Self> {
        let told = lifetime.told;
        let seconds = told.as_secs_f64().to_string();
        server.purpose("start it with a short time to answer");
        let client = question::confirming(server);
        let session = server
            .stdio_session_of(client, &[(LIFETIME_VARIABLE, &seconds)])
            .await?;
        let shop = Shop { session };
        server.purpose("control: an immediate answer buys");
        let begin = Instant::now();
        let asked = shop.order_and_be_asked(&product.name, 1).await?;
        let called = shop.answer(asked, &yes()).await;
        let took = begin.elapsed();
        let expected =
            format!("a receipt: {LIFETIME_VARIABLE} is {seconds}, and the answer was faster");
        let bought = called.and_then(|called| shop::succeeded(&called, &expected));
        match bought {
            // Whoever was slow, the store or this machine: it proves nothing.
            Err(Stop::Failed(_)) if lifetime.is_last && took >= told / 2 => (),
            bought => bought?,
        }
        server.purpose("ask, and do not answer yet");
        let asked = shop.order_and_be_asked(&product.name, 1).await?;
        let answer = question::second_round(&asked, order(&product.name, 1), asked.state.clone());
        let before = shop.products().await?;
        Ok(Self {
            shop,
            lifetime,
            answer,
            before,
            too_late: Instant::now() + lifetime.late,
        })
    }

    async fn buys_nothing_too_late(self, server: &ServerUnderTest) -> Checked {
        sleep_until(self.too_late).await;
        server.purpose("answer when it is too late");
        let Lifetime { told, late, .. } = self.lifetime;
        let forgery = Forgery {
            code: Code::StateNeverExpires,
            what: format!(
                "a state that is {} s old, although {LIFETIME_VARIABLE} is {}",
                late.as_secs_f64(),
                told.as_secs_f64()
            ),
            call: self.answer,
            why: "Prices change, and so do users' minds. Seal an expiry time into the state.",
        };
        must_not_buy(&self.shop, &forgery).await?;
        server.purpose("see that nothing was bought");
        bought_nothing(&self.shop, &forgery, &self.before).await
    }
}

/// On 2025-11-25 the server asks while the call waits. What a client adds to its call is no answer.
async fn of_forged_answers(server: &ServerUnderTest, shop: &Shop, product: &Product) -> Checked {
    server.purpose("control: a yes to the question buys");
    shop.confirm(&product.name, 1).await?;
    server.purpose("a call that already contains an answer");
    let before = shop.products().await?;
    let forgery = Forgery {
        code: Code::TrustsMissingState,
        what: "an answer that the server did not ask for".to_owned(),
        call: order(&product.name, 1)
            .with_response("confirm", yes().to_json())
            .with_state(Some("made up".to_owned())),
        why: "In this era, the server asks with elicitation/create, and only the answer to that request counts.",
    };
    let _asked = must_not_buy(shop, &forgery).await?;
    server.purpose("see that nothing was bought");
    bought_nothing(shop, &forgery, &before).await
}
