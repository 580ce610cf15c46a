//! 5.3: a good token works, in both eras, and for the second request as for the first.

use serde_json::{Value, json};

use super::door::{Credential, Door, Way, refused};
use super::intruder::Intruder;
use super::places;
use super::reason::quoted;
use crate::checks::store::shop::Shop;
use crate::checks::store::users::{token, two_users};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::realm::{AUDIENCE, Draft, SCOPE};
use crate::verdict::{Code, Finding, Location};

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let door = Door::outside(server)?;
    let realm = server.realm()?;
    let users = two_users(realm)?;
    let in_block = |stop: Stop| stop.at(places::never_right().or(places::VERIFY));

    server.purpose("control: requests without a token are refused");
    Intruder::new(
        "no token",
        Credential::Nothing,
        Code::OpenWithoutToken,
        "Only users who have signed in may use the store.",
    )
    .stays_outside(&door)
    .await
    .map_err(|stop| stop.at(places::CHALLENGE))?;

    for user in users {
        server.purpose(&format!("{user} uses the store"));
        let token = token(realm, user).await?;
        let log = server.log();
        if let Err(stop) = can_use_the_store(server, &token).await {
            return Err(in_block(quoted(stop, &log).await));
        }
    }
    let [user, _] = users;
    if let Some(played) = realm.played() {
        let draft = played.draft(user).map_err(Stop::CouldNotCheck)?;
        for Variant {
            what,
            draft,
            place,
            why,
        } in variants(&draft)
        {
            server.purpose(&format!("send {what}"));
            let credential = Credential::Token(draft.signed());
            let log = server.log();
            if let Err(stop) = is_let_in(&door, what, credential, why).await {
                return Err(quoted(stop, &log).await.at(place));
            }
        }
    }
    let good = token(realm, user).await?;
    server.purpose("send the word bearer in lowercase");
    let small = Credential::Headers(vec![format!("bearer {good}")]);
    let said = door.knock(Way::First, &small).await?;
    if said.is_some_and(|said| !said.is_served()) {
        server.remark("`Authorization: bearer …` in lowercase was refused. The names of schemes are not case-sensitive (RFC 9110, 11.1).");
    }
    ends_a_session(server, &good).await
}

/// A token that is good, and not like the others.
struct Variant {
    what: &'static str,
    draft: Draft,
    /// Where it is looked at.
    place: Location,
    /// Why it is good.
    why: &'static str,
}

fn variants(good: &Draft) -> Vec<Variant> {
    const AUDIENCES: &str =
        "A token can be for several servers. Then `aud` is a list, and this server is in it.";
    const SCOPES: &str = "A scope claim is a list of names, separated by spaces, in any order. This one has `mcp:access`, and its other names do no harm.";
    const BEGIN: &str = "`nbf` says when a token becomes valid. This one became valid this second.";
    let variant = |what, claim: &str, value: Value, place, why| Variant {
        what,
        draft: good.clone().with(claim, value),
        place,
        why,
    };
    let scope = |what, scope: String| {
        let place = places::SCOPE.into();
        variant(what, "scope", scope.into(), place, SCOPES)
    };
    vec![
        variant(
            "a token for this store and another server",
            "aud",
            json!(["account", AUDIENCE]),
            places::audience(),
            AUDIENCES,
        ),
        scope(
            "a token with its scopes in another order",
            format!("{SCOPE} profile email"),
        ),
        scope(
            "a token that also has another scope",
            format!("email {SCOPE}"),
        ),
        scope("a token with no other scope", SCOPE.to_owned()),
        variant(
            "a token that has just become valid",
            "nbf",
            realm::now().into(),
            places::begin(),
            BEGIN,
        ),
    ]
}

/// Requests one after the other, as a client sends them.
async fn can_use_the_store(server: &ServerUnderTest, token: &str) -> Checked {
    let client = server.client().with_token(token);
    let shop = Shop::enter_as(server, client).await.map_err(refused)?;
    shop.declared("list_products").await.map_err(refused)?;
    let products = shop.products().await.map_err(refused)?;
    if products.is_empty() {
        return Err(Finding::new(Code::TooFewProducts)
            .sent("tools/call list_products {}")
            .expected("the products of the store")
            .got("nothing")
            .why("Users who have signed in see the same store as before.")
            .into());
    }
    Ok(())
}

async fn is_let_in(
    door: &Door<'_>,
    what: &str,
    credential: Credential,
    why: &'static str,
) -> Checked {
    let Some(said) = door.knock(Way::First, &credential).await? else {
        return Ok(());
    };
    if said.is_served() {
        return Ok(());
    }
    Err(Finding::new(Code::GoodTokenRefused)
        .sent(format!("{} with {what}", said.sent))
        .expected("an answer: the token is good")
        .got(said.describe())
        .why(why)
        .into())
}

/// A stream, and the end of a session, belong to whoever has the token.
async fn ends_a_session(server: &ServerUnderTest, token: &str) -> Checked {
    let door = Door::with_somebody_inside(server, token).await?;
    let good = Credential::Token(token.to_owned());
    for way in [Way::Stream, Way::End] {
        server.purpose("a stream, and the end of the session");
        let log = server.log();
        let Some(said) = door.knock(way, &good).await? else {
            continue;
        };
        if matches!(said.status, 401 | 403) {
            let finding = Finding::new(Code::GoodTokenRefused)
                .sent(format!("{} with a good token", said.sent))
                .expected("anything but 401 or 403: the token is good")
                .got(said.describe())
                .why("Clients send their token with every request, whatever the method. Check the token in the same way for every method.");
            return Err(quoted(finding.into(), &log).await.at(places::VERIFY));
        }
    }
    Ok(())
}
