//! 4.2: *decline*, *cancel* and `confirm: false` buy nothing, and say so. Nor does an answer that
//! does not fit the form, as some clients send it.

use serde_json::{Value, json};

use super::places;
use crate::checks::store::question::answered;
use crate::checks::store::sale::changed;
use crate::checks::store::shop::{self, Product, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, symptoms};
use crate::mcp::{Answer, Called, ErrorKind, Reply, RequestError};
use crate::verdict::{Code, Finding};

/// An answer that is no yes.
struct No {
    /// What it is.
    what: &'static str,
    answer: Answer,
    /// Whether it is one that the form allows. If not, the server may also ask again, or say that
    /// it cannot read it.
    fits: bool,
}

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_confirming(server).await?;
    server.purpose("find something that can be bought");
    let product = shop.best_stocked().await?;
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    server.purpose("control: if the user agrees, the purchase goes through");
    shop.confirm(&product.name, 1).await?;
    if product.stock < 2 {
        return Err(shop::too_little_left(server));
    }
    let before = shop.products().await?;
    for no in answers() {
        server.purpose(&format!("an answer that is not a yes: {}", no.what));
        let asked = shop.order_and_be_asked(&product.name, 1).await?;
        let sent = answered(&asked.sent, &no.answer);
        let reply = shop
            .session
            .respond(asked, std::slice::from_ref(&no.answer))
            .await;
        says_so(&no, &sent, reply).map_err(|stop| stop.at(places::NO))?;
        let after = shop.products().await?;
        buys_nothing(&no, &sent, &before, &after).map_err(|stop| stop.at(places::NO))?;
    }
    Ok(())
}

fn answers() -> Vec<No> {
    let no = |what, answer| No {
        what,
        answer,
        fits: true,
    };
    let odd = |what, answer| No {
        fits: false,
        ..no(what, answer)
    };
    let accept = |content: Value| Answer::accept(content);
    vec![
        no("decline", Answer::decline()),
        no("cancel", Answer::cancel()),
        no("confirm: false", accept(json!({ "confirm": false }))),
        // What comes with a decline or a cancel counts for nothing.
        no(
            "decline, with content null",
            Answer::decline().with_content(Value::Null),
        ),
        no(
            "cancel, with content null",
            Answer::cancel().with_content(Value::Null),
        ),
        no(
            "decline, with the checkbox selected",
            Answer::decline().with_content(json!({ "confirm": true })),
        ),
        no(
            "cancel, with the checkbox selected",
            Answer::cancel().with_content(json!({ "confirm": true })),
        ),
        odd("accept without content", Answer::accept_without_content()),
        odd("accept with content null", accept(Value::Null)),
        odd("accept with empty content", accept(json!({}))),
        odd("a string for confirm", accept(json!({ "confirm": "yes" }))),
        odd("a number for confirm", accept(json!({ "confirm": 1 }))),
        odd("null for confirm", accept(json!({ "confirm": null }))),
    ]
}

fn says_so(no: &No, sent: &str, reply: Result<Reply, RequestError>) -> Checked {
    const EXPECTED: &str = "a tool error that says that nothing was bought";
    let finding = |code: Code, got: String, why: &str| {
        Stop::from(
            Finding::new(code)
                .sent(sent)
                .expected(EXPECTED)
                .got(got)
                .why(why),
        )
    };
    let called: Called = match reply {
        Ok(Reply::Complete(called)) => *called,
        Ok(Reply::InputRequired(_)) if !no.fits => return Ok(()),
        Ok(Reply::InputRequired(_)) => {
            return Err(finding(
                Code::AsksAgain,
                "another question".to_owned(),
                "The user has already answered. People who are asked again and again stop reading the question.",
            ));
        }
        // Whoever sends what does not fit may be told so as a protocol error.
        Err(RequestError {
            kind: ErrorKind::Refused { code: -32602, .. },
            ..
        }) if !no.fits => return Ok(()),
        Err(RequestError {
            kind: kind @ ErrorKind::Refused { .. },
            ..
        }) => {
            return Err(finding(
                Code::NoAsProtocolError,
                kind.to_string(),
                "The model should read that the user said no. A protocol error only reaches the host.",
            )
            .at(places::BUY_TOOL));
        }
        Err(failure) => return Err(symptoms::of_failure(failure)),
    };
    if called.result.is_error == Some(true) {
        if shop::text(&called).split_whitespace().count() >= 2 {
            return Ok(());
        }
        return Err(finding(
            Code::NoReason,
            shop::outcome(&called),
            "Without a reason, the model does not know what happened, and may try again.",
        ));
    }
    let (code, why) = match called.result.structured_content {
        Some(_) => (
            Code::BuysWithoutYes,
            "This is a receipt, but the user did not agree. Only an accept with confirm: true counts.",
        ),
        None => (
            Code::NoReadsAsSuccess,
            "Models learn from isError whether a purchase failed. Text without it looks like success.",
        ),
    };
    Err(finding(code, shop::outcome(&called), why))
}

fn buys_nothing(no: &No, sent: &str, before: &[Product], after: &[Product]) -> Checked {
    let Some((expected, got)) = changed(before, after) else {
        return Ok(());
    };
    Err(Finding::new(Code::BuysWithoutYes)
        .sent(format!("{sent}, then tools/call list_products {{}}"))
        .expected(expected)
        .got(got)
        .why(format!(
            "The user did not agree ({}), but the stock changed anyway.",
            no.what
        ))
        .into())
}
