//! 5.7: every purchase belongs to its buyer: the receipt names the user, `my_orders` shows only the
//! user's own orders, and a confirmation or a task that one user began cannot be finished, read or
//! cancelled by another.

use http::{HeaderMap, HeaderValue, Method};
use rmcp::model::Tool;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::door::refused;
use super::places;
use super::purchase::{self, SESSION};
use crate::checks::store::question::{self, order, yes};
use crate::checks::store::sale::fell;
use crate::checks::store::shop::{self, Shop};
use crate::checks::store::users::{token, two_users};
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::fixtures::realm::Draft;
use crate::mcp::raw::Raw;
use crate::mcp::task::{Begun, TaskState};
use crate::mcp::{
    Answer, Called, ClientProfile, Era, ErrorKind, InputRequired, Reply, RequestError, ToolCall,
};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/5.7.snap");

/// So many are ordered for a task that should still go on when somebody looks at it.
const MANY: i64 = 100;

/// In so many orders.
const ORDERS: i64 = 20;

/// A receipt with its buyer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Order {
    product_name: String,
    #[serde(deserialize_with = "shop::integer")]
    quantity: i64,
    buyer: String,
}

/// Somebody who has signed in, at a client that can ask them.
struct Customer {
    name: String,
    client: ClientProfile,
    shop: Shop,
    /// By which id the server knows the session, if it has one.
    session: Option<HeaderValue>,
}

impl Customer {
    async fn enter(server: &ServerUnderTest, name: &str) -> Checked<Self> {
        let token = token(server.realm()?, name).await?;
        Self::enter_with(server, name, &token).await
    }

    async fn enter_with(server: &ServerUnderTest, name: &str, token: &str) -> Checked<Self> {
        let client = question::confirming(server).with_token(token);
        let shop = Shop::enter_as(server, client.clone())
            .await
            .map_err(refused)?;
        Ok(Self {
            name: name.to_owned(),
            client,
            shop,
            session: purchase::session(server),
        })
    }

    /// One of what there is most of.
    async fn buys(&self, server: &ServerUnderTest) -> Checked<Called> {
        let product = self.shop.in_stock(server, 1).await?;
        let asked = self.shop.order_and_be_asked(&product.name, 1).await?;
        let called = self.shop.answer(asked, &yes()).await?;
        shop::succeeded(
            &called,
            "a receipt: the product is in stock, and the user confirmed",
        )?;
        Ok(called)
    }

    async fn orders(&self) -> Checked<(Vec<Order>, Called)> {
        #[derive(Deserialize)]
        struct List {
            orders: Vec<Order>,
        }
        let called = self.shop.session.call("my_orders", json!({})).await?;
        shop::succeeded(&called, "a list of orders")?;
        let list: List = shop::structured(&called)?;
        Ok((list.orders, called))
    }
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let realm = server.realm()?;
    let [one, other] = two_users(realm)?;
    server.purpose("two users sign in");
    let alice = Customer::enter(server, one).await?;
    let bob = Customer::enter(server, other).await?;
    server.purpose("see which arguments my_orders takes");
    let my_orders = alice.shop.declared("my_orders").await?;
    let buy = alice.shop.declared("buy_product").await?;
    let declared = [contract::tool(&buy), contract::tool(&my_orders)];
    let in_schema = |stop: Stop| stop.at(places::RECEIPT_SCHEMA);
    contract::compare(&declared, CONTRACT).map_err(in_schema)?;
    only_reads(&my_orders)?;

    let orders = keep_orders_apart(server, &alice, &bob).await;
    orders.map_err(|stop| stop.at(places::ORDERS))?;
    let confirmation = match server.era {
        Era::Modern => of_whom_they_are(server, &alice, &bob).await,
        Era::Legacy => {
            let sessions = keeps_sessions_apart(server, &alice, &bob).await;
            sessions.map_err(|stop| stop.at(places::sessions()))
        }
    };
    confirmation.map_err(|stop| stop.at(places::CONFIRMATION))?;
    if server.era == Era::Modern {
        let tasks = keeps_tasks_apart(server, one, other).await;
        tasks.map_err(|stop| stop.at(places::TASKS))?;
    }
    Ok(())
}

/// That a host need not ask its user first.
fn only_reads(my_orders: &Tool) -> Checked {
    let hints = my_orders.annotations.as_ref();
    let read_only = hints.and_then(|hints| hints.read_only_hint);
    if read_only == Some(true) {
        return Ok(());
    }
    Err(Finding::new(Code::AnnotationMissing)
        .sent("tools/list")
        .expected("my_orders with the annotation readOnlyHint: true")
        .got(read_only.map_or_else(|| "no such hint".to_owned(), |value| value.to_string()))
        .why("Hosts call read-only tools without asking the user. If the hint is false or missing, they must assume the worst.")
        .in_rust("In rmcp: #[tool(annotations(read_only_hint = true))].")
        .at(shop::written_as("my_orders").or(places::ORDERS))
        .into())
}

/// Each buys something, and sees their own orders alone.
async fn keep_orders_apart(server: &ServerUnderTest, alice: &Customer, bob: &Customer) -> Checked {
    let (before, _) = alice.orders().await?;
    let (before_of_bob, _) = bob.orders().await?;
    let is_new = before.is_empty() && before_of_bob.is_empty();
    if !is_new && !server.runs_already() {
        return Err(orders_of_others(alice, "orders before any purchase"));
    }
    // One of them twice: a list that holds the newest only would not show with one each.
    for buyer in [alice, bob, alice] {
        server.purpose(&format!("{} buys something", buyer.name));
        let called = buyer.buys(server).await?;
        names_its_buyer(&called, &buyer.name)?;
    }
    for (who, before, bought) in [(alice, before, 2), (bob, before_of_bob, 1)] {
        server.purpose(&format!("{} looks at their orders", who.name));
        let (after, called) = who.orders().await?;
        if after.iter().any(|order| order.buyer != who.name) {
            return Err(orders_of_others(who, &shop::outcome(&called)));
        }
        let expected = before.len() + bought;
        if after.len() != expected {
            return Err(Finding::new(Code::OrdersIncomplete)
                .sent(format!("{}, as {}", called.sent, who.name))
                .expected(format!("{expected} orders, after {bought} more purchases"))
                .got(shop::outcome(&called))
                .why("`my_orders` lists the receipt of every purchase that the user has made.")
                .into());
        }
    }
    server.purpose(&format!("{} comes back with another token", alice.name));
    let again = Customer::enter(server, &alice.name).await?;
    let (orders, called) = again.orders().await?;
    if orders == alice.orders().await?.0 {
        return goes_by_id(server, alice, &orders).await;
    }
    Err(Finding::new(Code::OrdersIncomplete)
        .sent(format!(
            "{}, as {} with another token",
            called.sent, alice.name
        ))
        .expected("the same orders as before")
        .got(shop::outcome(&called))
        .why("Users get new tokens and sessions all the time. Record purchases under the claim `sub`, which identifies the user.")
        .into())
}

/// A name can be given again, and people get another one. Who somebody is does not change with it.
async fn goes_by_id(server: &ServerUnderTest, alice: &Customer, bought: &[Order]) -> Checked {
    let Some(namesake) = namesake_of(server, alice).await? else {
        return Ok(());
    };
    server.purpose("another user of the same name looks at their orders");
    let (orders, called) = namesake.orders().await?;
    if !orders.is_empty() {
        return Err(Finding::new(Code::ShowsOrdersOfOthers)
            .sent(format!("{}, as {}", called.sent, namesake.name))
            .expected("no orders: this user has bought nothing")
            .got(shop::outcome(&called))
            .why("Two users can have the same name at different times. The claim `sub` identifies a user; names are for people to read.")
            .into());
    }
    server.purpose(&format!("{} comes back with another name", alice.name));
    let renamed =
        drafted(server, &alice.name)?.map(|draft| draft.with("preferred_username", "renamed"));
    let Some(renamed) = renamed else {
        return Ok(());
    };
    let renamed = Customer::enter_with(server, &alice.name, &renamed.signed()).await?;
    let (orders, called) = renamed.orders().await?;
    if orders.len() == bought.len() {
        return Ok(());
    }
    Err(Finding::new(Code::OrdersIncomplete)
        .sent(format!(
            "{}, as {} with another name",
            called.sent, alice.name
        ))
        .expected(format!("the same {} orders as before", bought.len()))
        .got(shop::outcome(&called))
        .why("People change their names. The claim `sub` identifies a user; names are for people to read.")
        .into())
}

/// A good token for a user, before it is signed, where the realm is the checker's own.
fn drafted(server: &ServerUnderTest, name: &str) -> Checked<Option<Draft>> {
    let played = server.realm()?.played();
    let draft = played.map(|played| played.draft(name));
    draft.transpose().map_err(Stop::CouldNotCheck)
}

/// Another user who is called the same.
async fn namesake_of(server: &ServerUnderTest, user: &Customer) -> Checked<Option<Customer>> {
    let Some(draft) = drafted(server, &user.name)? else {
        return Ok(None);
    };
    let token = draft
        .with("sub", "6f1cd0a2-5a4f-4b8e-9a53-2f0f8d1f7c11")
        .signed();
    let called = format!("another user named {}", user.name);
    Ok(Some(Customer::enter_with(server, &called, &token).await?))
}

fn names_its_buyer(called: &Called, buyer: &str) -> Checked {
    let order: Order = shop::structured(called).map_err(|stop| stop.at(places::RECEIPT))?;
    if order.buyer == buyer {
        return Ok(());
    }
    Err(Finding::new(Code::BuyerNotNamed)
        .sent(format!("{}, as {buyer}", called.sent))
        .expected(format!("a receipt with buyer: {buyer:?}"))
        .got(shop::outcome(called))
        .why("The buyer is the user whose token came with the call. People read receipts, so use the name that they know. It is in the token, as `preferred_username`.")
        .at(places::RECEIPT)
        .into())
}

fn orders_of_others(who: &Customer, got: &str) -> Stop {
    Finding::new(Code::ShowsOrdersOfOthers)
        .sent(format!("tools/call my_orders {{}}, as {}", who.name))
        .expected(format!("what {} has bought, and nothing else", who.name))
        .got(got)
        .why("Users must not see the orders of others. Take the user from the token of each request.")
        .into()
}

async fn of_whom_they_are(server: &ServerUnderTest, alice: &Customer, bob: &Customer) -> Checked {
    keeps_confirmations_apart(server, alice, bob).await?;
    match namesake_of(server, alice).await? {
        Some(namesake) => keeps_confirmations_apart(server, alice, &namesake).await,
        None => Ok(()),
    }
}

/// A question that was put to one user is answered by another, with a token of their own.
async fn keeps_confirmations_apart(
    server: &ServerUnderTest,
    alice: &Customer,
    bob: &Customer,
) -> Checked {
    let product = alice.shop.in_stock(server, 1).await?;
    server.purpose(&format!("{} is asked", alice.name));
    let asked = alice.shop.order_and_be_asked(&product.name, 1).await?;
    server.purpose(&format!("{} answers with the other user's state", bob.name));
    let before = bob.shop.products().await?;
    let called = bob
        .shop
        .session
        .call_once(of_another(&asked, &product.name))
        .await;
    let got = match called {
        Ok(Reply::Complete(called)) if called.result.is_error != Some(true) => {
            Some(shop::outcome(&called))
        }
        Ok(_) => None,
        Err(RequestError {
            kind: ErrorKind::Refused { .. },
            ..
        }) => None,
        Err(failure) => return Err(failure.into()),
    };
    if let Some(got) = got {
        return Err(Finding::new(Code::ConfirmationOfAnother)
            .sent(format!(
                "{}, begun by {} and confirmed by {}",
                asked.sent, alice.name, bob.name
            ))
            .expected("a refusal, or another question: this state belongs to somebody else")
            .got(got)
            .why("Clients can pass a `requestState` on to anyone. Bind it to the user who was asked: put the user's id into what you seal, or pass it as associated data.")
            .into());
    }
    server.purpose(&format!("{} finishes the purchase", alice.name));
    let sent = asked.sent.clone();
    let called = alice.shop.answer(asked, &yes()).await;
    let called = called.map_err(|stop| is_still_theirs(alice, bob, &sent, stop))?;
    shop::succeeded(
        &called,
        "a receipt: the user who was asked has confirmed it",
    )
    .map_err(|stop| is_still_theirs(alice, bob, &sent, stop))?;
    let after = bob.shop.products().await?;
    fell(&called, &before, &after, &product, 1)
}

/// A question that its owner cannot answer any more, because somebody else has tried to.
fn is_still_theirs(owner: &Customer, other: &Customer, sent: &str, stop: Stop) -> Stop {
    let Stop::Failed(finding) = stop else {
        return stop;
    };
    Finding::new(Code::ConfirmationOfAnother)
        .sent(format!(
            "{sent}, begun and confirmed by {}, after {} tried to confirm it",
            owner.name, other.name
        ))
        .expected("a receipt: the user who was asked has confirmed it")
        .got(finding.got)
        .why("Only the user who was asked can use up a `requestState`. Otherwise, anyone who gets it can stop the purchase.")
        .into()
}

fn of_another(asked: &InputRequired, product: &str) -> ToolCall {
    let call = order(product, 1).with_state(asked.state.clone());
    let keys = asked.questions.iter().map(|question| &question.key);
    keys.fold(call, |call, key| call.with_response(key, yes().to_json()))
}

/// On 2025-11-25 a question belongs to a session. Another user, who knows its id, tries to use it.
async fn keeps_sessions_apart(
    server: &ServerUnderTest,
    alice: &Customer,
    bob: &Customer,
) -> Checked {
    let Some(session) = alice.session.clone() else {
        return Ok(());
    };
    let product = alice.shop.in_stock(server, 1).await?;
    server.purpose(&format!("{} is asked", alice.name));
    let asked = alice.shop.order_and_be_asked(&product.name, 1).await?;
    let id = purchase::question(server);
    let raw = Raw::without_handshake(server.url()?, bob.client.clone(), server.transcript())?;
    let in_session = || HeaderMap::from_iter([(SESSION, session.clone())]);

    server.purpose(&format!("{} answers in the other user's session", bob.name));
    let answer = json!({ "jsonrpc": "2.0", "id": id, "result": yes().to_json() });
    raw.send(answer, in_session()).await?;
    let called = alice.shop.answer(asked, &Answer::decline()).await?;
    if called.result.is_error != Some(true) {
        return Err(Finding::new(Code::SessionOfAnother)
            .sent(format!(
                "{}'s yes to the question in {alice}'s session; {alice} then declines",
                bob.name,
                alice = alice.name
            ))
            .expected(format!("a refusal: {} declined", alice.name))
            .got(shop::outcome(&called))
            .why(NO_PROOF)
            .into());
    }
    for method in [Method::GET, Method::DELETE] {
        server.purpose(&format!("{} sends {method} in it", bob.name));
        let (status, _) = raw.send_nothing(method.clone(), in_session()).await?;
        if (200..300).contains(&status) {
            let sent = format!("{method} /mcp");
            return Err(session_of_another(
                alice,
                bob,
                &sent,
                format!("HTTP {status}"),
            ));
        }
    }
    server.purpose(&format!("{} goes on", alice.name));
    alice.shop.products().await?;
    Ok(())
}

const NO_PROOF: &str = "A session id does not prove who someone is. Remember which user began a session, and compare the user on every request.";

fn session_of_another(owner: &Customer, other: &Customer, sent: &str, got: String) -> Stop {
    Finding::new(Code::SessionOfAnother)
        .sent(format!(
            "{sent}, as {} in {}'s session",
            other.name, owner.name
        ))
        .expected("HTTP 404, as for an unknown session, or 403")
        .got(got)
        .why(NO_PROOF)
        .into()
}

/// A task of one user, which another asks for.
async fn keeps_tasks_apart(server: &ServerUnderTest, one: &str, other: &str) -> Checked {
    let realm = server.realm()?;
    let with_tasks = async |name: &str| {
        let token = token(realm, name).await?;
        Shop::enter_as(server, server.client().with_tasks().with_token(&token)).await
    };
    let (alice, bob) = (with_tasks(one).await?, with_tasks(other).await?);
    if alice.declared("bake_all").await.is_err() {
        server.remark("There is no `bake_all`, so the checker could not check whether users' tasks are kept apart.");
        return Ok(());
    }
    let product = alice.in_stock(server, 1).await?;
    server.purpose(&format!("{one} begins a task"));
    let batch: Vec<_> = (0..ORDERS)
        .map(|_| json!({ "product_name": product.name, "quantity": MANY / ORDERS }))
        .collect();
    let call = ToolCall::new("bake_all", json!({ "orders": batch }));
    let Begun::Task(task) = alice.session.begin_task(&call).await? else {
        server.remark(
            "`bake_all` did not become a task, so the checker could not check whether users' tasks are kept apart.",
        );
        return Ok(());
    };
    server.purpose(&format!("{other} asks for its status"));
    if let Ok(state) = bob.session.task(task.id()).await {
        return Err(task_of_another(
            &format!("tasks/get {}", task.id()),
            one,
            other,
            state.raw.to_string(),
        ));
    }
    server.purpose(&format!("{other} cancels it"));
    // Whether that was refused or only ignored, its owner sees.
    let _ = bob.session.cancel_task(task.id()).await;
    server.purpose(&format!("{one} asks for its status"));
    let state: TaskState = alice.session.task(task.id()).await?;
    if state.status() == "cancelled" {
        let sent = format!("tasks/cancel {}", task.id());
        return Err(task_of_another(
            &sent,
            one,
            other,
            "the task was cancelled".to_owned(),
        ));
    }
    alice.session.cancel_task(task.id()).await?;
    Ok(())
}

fn task_of_another(sent: &str, owner: &str, other: &str, got: String) -> Stop {
    Finding::new(Code::TaskOfAnother)
        .sent(format!("{sent}, which is {owner}'s task, as {other}"))
        .expected("error -32602, as for an unknown task")
        .got(got)
        .why("A task id does not prove who began the task. Remember whose task it is, and compare the user on every request.")
        .into()
}
