//! 3.4: `buy_product` refuses what it cannot sell: a tool error that a model can act on, and
//! nothing changed.

use rand::RngExt;
use serde_json::{Value, json};

use super::{places, sell_out};
use crate::blocks::TodoBlock;
use crate::checks::draw;
use crate::checks::store::sale::{changed, fell, says_what_was_bought};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, symptoms};
use crate::mcp::{Called, ErrorKind, RequestError};
use crate::verdict::{Code, Finding, Location};

/// Fewer words than this cannot say what is wrong and what would work.
const WORDS_OF_A_REASON: usize = 3;

/// An order that cannot be filled.
pub(super) struct Order {
    /// What accepting it is called.
    pub code: Code,
    /// Where it is refused.
    pub block: TodoBlock,
    /// What is wrong with it.
    pub what: String,
    /// The order.
    pub arguments: Value,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter(server).await?;
    server.purpose("find something that can be bought");
    let product = shop.best_stocked().await?;
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    server.purpose("control: one of it can be bought");
    shop.buy(&product.name, 1).await?;

    server.purpose("see the stock before the orders that must be refused");
    let before = shop.products().await?;
    let mut first_reason = None;
    let mut orders = orders(server, &product.name, product.stock - 1);
    orders.extend(nearly_right(server, &product.name, &before));
    for order in &orders {
        server.purpose(&format!("an order that must be refused: {}", order.what));
        let called = refused(&shop, order).await?;
        let for_unknown = first_reason.get_or_insert_with(|| shop::text(&called));
        if order.code == Code::AcceptsTooMany {
            gives_another_reason(for_unknown, &called)?;
        }
    }
    server.purpose("see that the refusals changed nothing");
    let after = shop.products().await?;
    if let Some(difference) = changed(&before, &after) {
        return Err(which_changed_it(server, &shop, &orders, (difference, after)).await?);
    }
    sells_by_its_own_name(server, &shop, &product.name, after).await?;
    sell_out::check(server, &shop).await
}

/// Sends an order, which must be refused, and with a reason.
pub(super) async fn refused(shop: &Shop, order: &Order) -> Checked<Called> {
    let arguments = order.arguments.clone();
    let answer = shop.session.call("buy_product", arguments).await;
    let called = is_a_tool_error(order, answer)?;
    gives_a_reason(order, &called)?;
    Ok(called)
}

/// A name in the other case, or with blanks around it, may be understood or not. The receipt of
/// what is sold has the product's own.
async fn sells_by_its_own_name(
    server: &ServerUnderTest,
    shop: &Shop,
    name: &str,
    mut before: Vec<Product>,
) -> Checked {
    let in_sale = |stop: Stop| stop.at(places::sale());
    for spelled in [draw::in_other_case(name), format!(" {name} ")] {
        let product = before.iter().find(|product| product.name == name);
        let Some(product) = product.filter(|_| before.iter().all(|one| one.name != spelled)) else {
            continue;
        };
        server.purpose("a name that is spelled in another way: sold correctly, or refused");
        let called = shop.order(&spelled, 1).await?;
        if called.result.is_error == Some(true) {
            continue;
        }
        says_what_was_bought(&called, product, 1).map_err(in_sale)?;
        server.purpose("see that the stock fell by what was bought");
        let after = shop.products().await?;
        fell(&called, &before, &after, product, 1).map_err(in_sale)?;
        before = after;
    }
    Ok(())
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
            "once more, to see what it changes: {}",
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
        .why("A refused order must not change anything. Check everything first, and change the stock last.")
        .into())
}

fn orders(server: &ServerUnderTest, name: &str, stock: i64) -> Vec<Order> {
    let unknown = draw::unheard_of(server);
    // As large as a stock may be, one more still is a number.
    let one_more = stock.unsigned_abs() + 1;
    let (many_more, negative) = server.random(|dice| {
        let many_more = one_more + dice.random_range(1..=100_u64);
        (many_more, -dice.random_range(1..=3_i64))
    });
    let of = |quantity: Value| json!({ "product_name": name, "quantity": quantity });
    // What the store has to look at, and what does not even fit the types of the arguments.
    let rule = |code, what: &str, arguments| Order {
        code,
        block: places::REFUSALS,
        what: what.to_owned(),
        arguments,
    };
    let kind = |code, what: &str, arguments| Order {
        block: places::BUY_ARGUMENTS,
        ..rule(code, what, arguments)
    };
    vec![
        rule(
            Code::AcceptsUnknown,
            "an unknown product",
            json!({ "product_name": unknown, "quantity": 1 }),
        ),
        // Shortened to some number of bytes for an answer, one of these is cut within a letter.
        rule(
            Code::AcceptsUnknown,
            "an unknown product, with a long name in two-byte letters",
            json!({ "product_name": "é".repeat(60), "quantity": 1 }),
        ),
        rule(
            Code::AcceptsUnknown,
            "an unknown product, with a long name in two-byte letters",
            json!({ "product_name": format!("x{}", "é".repeat(60)), "quantity": 1 }),
        ),
        rule(
            Code::AcceptsTooMany,
            &format!("one more than the stock, which is {stock}"),
            of(json!(one_more)),
        ),
        rule(
            Code::AcceptsTooMany,
            &format!("more than the stock, which is {stock}"),
            of(json!(many_more)),
        ),
        rule(Code::AcceptsZero, "a quantity of 0", of(json!(0))),
        kind(
            Code::AcceptsNegative,
            "a negative quantity",
            of(json!(negative)),
        ),
        // One of these is 1 for those who cut it off, the other for those who round it up.
        kind(Code::AcceptsFraction, "a fraction", of(json!(1.5))),
        kind(Code::AcceptsFraction, "a fraction", of(json!(0.5))),
        kind(
            Code::AcceptsHuge,
            "a huge quantity",
            of(json!(one_with_upper_bits(stock))),
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
            "a quantity that is a string",
            of(json!("1")),
        ),
        kind(
            Code::AcceptsNumberAsName,
            "a product that is a number",
            json!({ "product_name": 1, "quantity": 1 }),
        ),
    ]
}

/// More than there is, and one for those who forget the upper bits: 2^32 + 1, mostly.
fn one_with_upper_bits(stock: i64) -> u64 {
    (((stock.unsigned_abs() >> 32) + 1) << 32) + 1
}

/// Names that are not a product's, and that a careless search takes for one: the beginning of a
/// name, its end, one with more behind it, nothing.
fn nearly_right(server: &ServerUnderTest, name: &str, products: &[Product]) -> Vec<Order> {
    let mut letters = name.chars();
    letters.next();
    let end = letters.as_str().to_owned();
    let mut letters = name.chars();
    letters.next_back();
    let beginning = letters.as_str().to_owned();
    let more = format!("{name} {}", draw::unheard_of(server).to_lowercase());
    let alike = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    [
        ("the beginning of a name", beginning),
        ("the end of a name", end),
        ("a name with more text after it", more),
        ("an empty name", String::new()),
        ("a name of spaces", "  ".to_owned()),
    ]
    .into_iter()
    .filter(|(_, name)| products.iter().all(|product| !alike(&product.name, name)))
    .map(|(what, name)| Order {
        code: Code::AcceptsSimilarName,
        block: places::REFUSALS,
        what: what.to_owned(),
        arguments: json!({ "product_name": name, "quantity": 1 }),
    })
    .collect()
}

fn is_a_tool_error(order: &Order, answer: Result<Called, RequestError>) -> Checked<Called> {
    const EXPECTED: &str = "a tool error: isError true, and a message that names the problem";
    let expected = match order.code {
        Code::AcceptsTooMany => format!("{EXPECTED}. The order is for {}", order.what),
        _ => EXPECTED.to_owned(),
    };
    match answer {
        Ok(called) if called.result.is_error == Some(true) => Ok(called),
        Ok(called) => {
            let (place, why): (Location, _) = match called.result.structured_content {
                Some(_) if order.code == Code::AcceptsSimilarName => (
                    order.block.into(),
                    "No product has this name, but the store sold another one. Compare the whole name.",
                ),
                Some(_) if order.code == Code::AcceptsHuge => (
                    order.block.into(),
                    "No product has that much stock. Does a conversion to a smaller integer type drop the upper bits?",
                ),
                Some(_) if order.block == places::BUY_ARGUMENTS => (
                    order.block.into(),
                    "These arguments do not match the tool's schema, so you can only guess what they mean. A wrong guess costs the user money.",
                ),
                Some(_) => (
                    order.block.into(),
                    "This is a receipt for an order that cannot be filled. Check the order before you sell.",
                ),
                None => (
                    places::of_tool("buy_product"),
                    "Models learn from isError that a call failed. Text without it looks like success.",
                ),
            };
            Err(Finding::new(order.code)
                .sent(&called.sent)
                .expected(expected)
                .got(shop::outcome(&called))
                .why(why)
                .at(place)
                .into())
        }
        Err(RequestError {
            sent,
            kind: kind @ ErrorKind::Refused { .. },
        }) => Err(Finding::new(Code::RefusedAsProtocolError)
            .sent(sent)
            .expected(expected)
            .got(kind.to_string())
            .why("Hosts handle protocol errors themselves, and the model may never see the reason.")
            .in_rust("In rmcp, return Err(String) rather than Err(ErrorData).")
            .at(places::of_tool("buy_product"))
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
        .expected(format!("a message that tells a model what is wrong: {}", order.what))
        .got(shop::outcome(called))
        .why("With a reason, the model can correct its next call. Without one, it tries the same call again, or gives up.")
        .into())
}

/// An unknown product and too few of a known one take different mends.
fn gives_another_reason(for_unknown: &str, called: &Called) -> Checked {
    if shop::text(called) != for_unknown {
        return Ok(());
    }
    Err(Finding::new(Code::SameReason)
        .sent(&called.sent)
        .expected("a different message than for an unknown product: this one exists, and some are left")
        .got(shop::outcome(called))
        .why("The model must react differently: if the product is unknown, it chooses another one, but here it orders fewer.")
        .into())
}
