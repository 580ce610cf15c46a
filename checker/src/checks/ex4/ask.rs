//! 4.1: `buy_product` asks first, naming quantity, product and total; on *accept* with
//! `confirm: true` it buys.

use super::places;
use crate::checks::store::question::{self, yes};
use crate::checks::store::sale::{changed, fell, says_what_was_bought};
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, contract};
use crate::mcp::{Era, InputRequired};
use crate::verdict::{Code, Finding};

const CONTRACT: &str = include_str!("snapshots/4.1.snap");

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_confirming(server).await?;
    server.purpose("see that buy_product still takes the same arguments");
    let tool = shop.declared("buy_product").await?;
    contract::compare(&[contract::tool(&tool)], CONTRACT)
        .map_err(|stop| stop.at(places::BUY_TOOL))?;

    server.purpose("see prices and stock before");
    let before = shop.products().await?;
    let (product, quantity) = shop::an_order(server, &tool, &before)?;

    server.purpose("order, and be asked");
    let in_question = |stop: Stop| stop.at(places::QUESTION);
    let asked = shop
        .order_and_be_asked(&product.name, quantity)
        .await
        .map_err(|stop| stop.at(places::BUY_TOOL))?;
    question::is_right(&asked, &product, quantity)
        .map_err(in_form)
        .map_err(in_question)?;
    has_a_state(server, &asked).map_err(in_question)?;

    server.purpose("see that nothing was sold before the answer");
    let meanwhile = shop.products().await?;
    nothing_is_sold(&asked, &before, &meanwhile)?;

    server.purpose("confirm, and get the receipt");
    let called = shop.answer(asked, &yes()).await.map_err(in_question)?;
    shop::succeeded(
        &called,
        "a receipt: the product is in stock, and the user confirmed",
    )
    .map_err(in_question)?;
    let in_sale = |stop: Stop| stop.at(places::SECOND_LOOK);
    says_what_was_bought(&called, &product, quantity).map_err(in_sale)?;
    server.purpose("see that the stock fell by what was bought");
    let after = shop.products().await?;
    fell(&called, &before, &after, &product, quantity).map_err(in_sale)
}

/// What is wrong with the form is where the form is written.
fn in_form(stop: Stop) -> Stop {
    let of_form = [
        Code::ConfirmsByDefault,
        Code::FormAsksForSecrets,
        Code::FormNotAllowed,
        Code::FormUndescribed,
        Code::FormWithoutConfirm,
    ];
    match &stop {
        Stop::Failed(finding) if of_form.contains(&finding.code) => stop.at(places::form()),
        _ => stop,
    }
}

/// On 2026-07-28 a server keeps nothing between the rounds: what it must know, the client brings.
fn has_a_state(server: &ServerUnderTest, asked: &InputRequired) -> Checked {
    if server.era == Era::Legacy || asked.state.as_ref().is_some_and(|state| !state.is_empty()) {
        return Ok(());
    }
    Err(Finding::new(Code::NoRequestState)
        .sent(&asked.sent)
        .expected("a requestState with the question")
        .got("none")
        .why("The answer comes with a new request, perhaps to another instance of the server. The state says which purchase it is for.")
        .into())
}

fn nothing_is_sold(asked: &InputRequired, before: &[Product], meanwhile: &[Product]) -> Checked {
    let Some((expected, got)) = changed(before, meanwhile) else {
        return Ok(());
    };
    Err(Finding::new(Code::SellsBeforeTheAnswer)
        .sent(format!(
            "{}, then tools/call list_products {{}}",
            asked.sent
        ))
        .expected(expected)
        .got(got)
        .why("The user has not agreed yet, and may never do so. Sell after the answer.")
        .at(places::BUY_TOOL)
        .into())
}
