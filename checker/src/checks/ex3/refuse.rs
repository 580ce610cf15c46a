//! 3.4: `buy_product` refuses what it cannot sell: a tool error that a model can act on, and
//! nothing changed.

use rand::RngExt;
use serde_json::{Value, json};

use super::places;
use crate::blocks::TodoBlock;
use crate::checks::draw;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, symptoms};
use crate::mcp::{Called, ErrorKind, RequestError};
use crate::verdict::{Code, Finding};

/// Fewer words than this cannot say what is wrong and what would work.
const WORDS_OF_A_REASON: usize = 3;

/// An order that cannot be filled.
struct Order {
    code: Code,
    /// Where it is refused.
    block: TodoBlock,
    what: &'static str,
    arguments: Value,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("find something that can be bought");
    let product = shop.best_stocked().await?;
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    server.purpose("control: one of it can be bought");
    shop.buy(&product.name, 1).await?;

    server.purpose("see the stock before what must be refused");
    let before = shop.products().await?;
    let stock = product.stock - 1;
    let mut first_reason = None;
    let orders = orders(server, &product.name, stock);
    for order in &orders {
        server.purpose(&format!("an order that must be refused: {}", order.what));
        let called = refused(&shop, order).await?;
        gives_a_reason(order, &called)?;
        let for_unknown = first_reason.get_or_insert_with(|| shop::text(&called));
        if order.code == Code::AcceptsTooMany {
            gives_another_reason(for_unknown, &called)?;
        }
    }
    server.purpose("see that the refusals changed nothing");
    let after = shop.products().await?;
    match changed(&before, &after) {
        None => Ok(()),
        Some(difference) => {
            Err(which_changed_it(server, &shop, &orders, (difference, after)).await?)
        }
    }
}

/// Sends an order, which must be refused.
async fn refused(shop: &Shop, order: &Order) -> Checked<Called> {
    let arguments = order.arguments.clone();
    let answer = shop.session.call("buy_product", arguments).await;
    is_a_tool_error(order, answer)
}

/// One look after all the refusals is quick. Only where something has changed, each is sent once
/// more with a look of its own.
async fn which_changed_it(
    server: &ServerUnderTest,
    shop: &Shop,
    orders: &[Order],
    (mut difference, mut before): ((String, String), Vec<Product>),
) -> Checked<Stop> {
    // One that changes something the first time only stays unknown.
    let mut sent = format!("{} orders that were refused", orders.len());
    for order in orders {
        server.purpose(&format!(
            "once more, and see what it changes: {}",
            order.what
        ));
        let called = refused(shop, order).await?;
        let after = shop.products().await?;
        if let Some(found) = changed(&before, &after) {
            sent = called.sent;
            difference = found;
            break;
        }
        before = after;
    }
    let (expected, got) = difference;
    Ok(Finding::new(Code::RefusalChangedStock)
        .sent(format!("{sent}, then tools/call list_products {{}}"))
        .expected(expected)
        .got(got)
        .why("A refused order must leave no trace. Check everything first, change the stock last.")
        .into())
}

fn orders(server: &ServerUnderTest, name: &str, stock: i64) -> Vec<Order> {
    let unknown = draw::unheard_of(server);
    let (too_many, negative, half) = server.random(|dice| {
        // As large as a stock may be, one more still is a number.
        let too_many = stock.unsigned_abs() + dice.random_range(1..=5_u64);
        let half = f64::from(dice.random_range(0..=1_u8)) + 0.5;
        (too_many, -dice.random_range(1..=3_i64), half)
    });
    let of = |quantity: Value| json!({ "product_name": name, "quantity": quantity });
    // What the store has to look at, and what does not even fit the types of the arguments.
    let rule = |code, what, arguments| Order {
        code,
        block: places::REFUSALS,
        what,
        arguments,
    };
    let kind = |code, what, arguments| Order {
        block: places::BUY_ARGUMENTS,
        ..rule(code, what, arguments)
    };
    vec![
        rule(
            Code::AcceptsUnknown,
            "an unknown product",
            json!({ "product_name": unknown, "quantity": 1 }),
        ),
        rule(
            Code::AcceptsTooMany,
            "more than there is",
            of(json!(too_many)),
        ),
        rule(Code::AcceptsZero, "a quantity of 0", of(json!(0))),
        kind(
            Code::AcceptsNegative,
            "a negative quantity",
            of(json!(negative)),
        ),
        kind(Code::AcceptsFraction, "a fraction", of(json!(half))),
        // 2^32 + 1: one, for who forgets the upper bits.
        kind(
            Code::AcceptsHuge,
            "a huge quantity",
            of(json!(4_294_967_297_u64)),
        ),
        kind(
            Code::AcceptsMissingQuantity,
            "no quantity",
            json!({ "product_name": name }),
        ),
        kind(
            Code::AcceptsMissingProduct,
            "no product",
            json!({ "quantity": 1 }),
        ),
        kind(
            Code::AcceptsTextAsNumber,
            "a quantity that is text",
            of(json!("1")),
        ),
        kind(
            Code::AcceptsNumberAsName,
            "a product that is a number",
            json!({ "product_name": 1, "quantity": 1 }),
        ),
    ]
}

fn is_a_tool_error(order: &Order, answer: Result<Called, RequestError>) -> Checked<Called> {
    const EXPECTED: &str = "a tool error: isError true, with a message that names the problem";
    match answer {
        Ok(called) if called.result.is_error == Some(true) => Ok(called),
        Ok(called) => {
            let (block, why) = match called.result.structured_content {
                Some(_) => (
                    order.block,
                    "This is a receipt for what cannot be sold. Check the order before you fill it.",
                ),
                None => (
                    places::BUY_TOOL,
                    "A model reads isError to learn that a call failed. Text alone reads as success.",
                ),
            };
            Err(Finding::new(order.code)
                .sent(&called.sent)
                .expected(EXPECTED)
                .got(shop::outcome(&called))
                .why(why)
                .at(block)
                .into())
        }
        Err(RequestError {
            sent,
            kind: kind @ ErrorKind::Refused { .. },
        }) => Err(Finding::new(Code::RefusedAsProtocolError)
            .sent(sent)
            .expected(EXPECTED)
            .got(kind.to_string())
            .why("Hosts handle protocol errors themselves, and the model may never see the reason.")
            .in_rust("In rmcp, return Err(String) rather than Err(ErrorData).")
            .at(places::BUY_TOOL)
            .into()),
        Err(failure) => Err(symptoms::of_failure(failure)),
    }
}

fn gives_a_reason(order: &Order, called: &Called) -> Checked {
    let text = shop::text(called);
    if text.split_whitespace().count() >= WORDS_OF_A_REASON {
        return Ok(());
    }
    Err(Finding::new(Code::NoReason)
        .sent(&called.sent)
        .expected(format!("a message that tells a model what is wrong with {}", order.what))
        .got(shop::outcome(called))
        .why("With a reason the model corrects itself in the next call. Without one it tries again, or gives up.")
        .into())
}

/// An unknown product and too few of a known one take different mends.
fn gives_another_reason(for_unknown: &str, called: &Called) -> Checked {
    if shop::text(called) != for_unknown {
        return Ok(());
    }
    Err(Finding::new(Code::SameReason)
        .sent(&called.sent)
        .expected("another message than for an unknown product: this one exists, and some of it is left")
        .got(shop::outcome(called))
        .why("The model has to try something else in each case: another product there, a smaller quantity here.")
        .into())
}

/// What was expected of the first product that differs, and what there is.
fn changed(before: &[Product], after: &[Product]) -> Option<(String, String)> {
    let old = before.iter().find(|old| !after.contains(old))?;
    let new = after.iter().find(|product| product.name == old.name);
    let got = new.map_or("not listed any more".to_owned(), |product| {
        product.stock.to_string()
    });
    Some((
        format!("stock of {:?} as before: {}", old.name, old.stock),
        got,
    ))
}
