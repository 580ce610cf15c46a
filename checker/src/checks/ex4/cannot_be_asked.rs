//! 4.3: a client that cannot ask its user is told so, and buys nothing.

use rmcp::model::{ElicitationCapability, UrlElicitationCapability};

use super::places;
use crate::checks::store::question::{order, yes};
use crate::checks::store::sale::changed;
use crate::checks::store::shop::{self, Shop};
use crate::checks::{Checked, ServerUnderTest, Stop, symptoms};
use crate::mcp::{Called, ClientProfile, ErrorKind, Reply, RequestError, Session};
use crate::verdict::{Code, Finding};

/// By this code a server says which capability it misses (MCP 2026-07-28).
const MISSING_CAPABILITY: i64 = -32021;

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let shop = Shop::enter_confirming(server).await?;
    server.purpose("find something that can be bought");
    let product = shop
        .best_stocked()
        .await?
        .filter(|product| product.stock >= 3);
    let product = product.ok_or_else(|| shop::too_little_left(server))?;
    server.purpose("control: a client that can ask its user does so, and buys");
    shop.confirm(&product.name, 1).await?;
    server.purpose("control: elicitation without a mode means forms");
    let older = declaring(server, Some(ElicitationCapability::new())).answering_as([yes()]);
    let older = Shop::enter_as(server, older).await?;
    older.confirm(&product.name, 1).await?;

    let before = shop.products().await?;
    let only_pages = ElicitationCapability::new().with_url(UrlElicitationCapability::default());
    for (what, elicitation) in [
        ("declares no elicitation", None),
        ("declares elicitation in URL mode only", Some(only_pages)),
    ] {
        server.purpose(&format!("a client that {what}"));
        let client = declaring(server, elicitation).answering_as([yes()]);
        let session = server.session_of(client).await?;
        is_told_so(&session, &product.name, what)
            .await
            .map_err(|stop| stop.at(places::CANNOT_BE_ASKED))?;
        server.purpose("see that nothing was bought");
        let after = shop.products().await?;
        if let Some((expected, got)) = changed(&before, &after) {
            return Err(Finding::new(Code::BuysUnasked)
                .sent(format!(
                    "buy_product from a client that {what}, then tools/call list_products {{}}"
                ))
                .expected(expected)
                .got(got)
                .why("The store did not ask the user, so nobody agreed.")
                .at(places::CANNOT_BE_ASKED)
                .into());
        }
    }
    Ok(())
}

fn declaring(
    server: &ServerUnderTest,
    elicitation: Option<ElicitationCapability>,
) -> ClientProfile {
    let mut client = server.client();
    client.capabilities.elicitation = elicitation;
    client
}

async fn is_told_so(session: &Session, product: &str, what: &str) -> Checked {
    const EXPECTED: &str = "a tool error that says that the client cannot ask its user";
    let finding = |code: Code, sent: &str, got: String, why: &str| {
        Stop::from(
            Finding::new(code)
                .sent(format!("{sent}, by a client that {what}"))
                .expected(EXPECTED)
                .got(got)
                .why(why),
        )
    };
    let called: Called = match session.call_once(order(product, 1)).await {
        Ok(Reply::Complete(called)) => *called,
        Ok(Reply::InputRequired(asked)) => {
            let got = match asked.questions.first() {
                Some(question) => format!("a question, {}", question.method),
                None => "a request for input, but no question".to_owned(),
            };

            let why = "A server must not use a capability that the client did not declare. This client cannot show a form, so the call fails for no clear reason.";
            return Err(finding(Code::AsksWhoCannotAnswer, &asked.sent, got, why));
        }
        Err(RequestError {
            kind:
                ErrorKind::Refused {
                    code: MISSING_CAPABILITY,
                    ..
                },
            ..
        }) => return Ok(()),
        Err(RequestError {
            sent,
            kind: kind @ ErrorKind::Refused { .. },
        }) => {
            let why = "The model should read this, and tell the user. A protocol error only reaches the host.";
            return Err(finding(
                Code::NoAsProtocolError,
                &sent,
                kind.to_string(),
                why,
            ));
        }
        Err(failure) => return Err(symptoms::of_failure(failure)),
    };
    if called.result.is_error == Some(true) {
        if shop::text(&called).split_whitespace().count() >= 3 {
            return Ok(());
        }
        let why = "Without a reason, neither the model nor the user knows what to do instead.";
        return Err(finding(
            Code::NoReason,
            &called.sent,
            shop::outcome(&called),
            why,
        ));
    }
    let why = "The store did not ask the user, so nobody agreed.";
    Err(finding(
        Code::BuysUnasked,
        &called.sent,
        shop::outcome(&called),
        why,
    ))
}
