//! 5.4: an expired token, or one for another server, is refused: 401, and nothing happened.

use super::challenge::says_that_it_is_bad;
use super::changed;
use super::door::{Credential, Door, Way, no_key};
use super::intruder::Intruder;
use super::places;
use super::purchase::Purchase;
use crate::checks::store::users::{token, two_users};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::IdentityRealm;
use crate::fixtures::realm::{AUDIENCE, SCOPE};
use crate::verdict::{Code, Finding};

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let realm = server.realm()?;
    let [user, _] = two_users(realm)?;
    let Some(played) = realm.played() else {
        return what_a_real_realm_has(server, realm, user).await;
    };
    let draft = played.draft(user).map_err(Stop::CouldNotCheck)?;
    // The others are made of this one: what a server remembers of it must not let them in.
    let good = draft.signed();
    let door = control(server, &good).await?;
    let strange = played.strange_key().await.map_err(no_key)?;
    let intruders = changed::all(&draft, &good, &strange);
    for intruder in &intruders {
        server.purpose(&format!("send each kind of request with {}", intruder.what));
        let said = intruder.stays_outside(&door).await?;
        if intruder.has_a_token() {
            says_that_it_is_bad(&said, intruder)?;
        }
    }
    still_gets_in(&door, &good).await?;
    if server.own_port().is_some() {
        is_for_whom_it_is_told(server, &good).await?;
    }
    buy_nothing(server, &good, &intruders).await
}

/// A client with a good token comes in.
async fn control<'s>(server: &'s ServerUnderTest, good: &str) -> Checked<Door<'s>> {
    server.purpose("control: a good token is accepted");
    let door = Door::with_somebody_inside(server, good).await;
    door.map_err(|stop| stop.at(places::VERIFY))
}

async fn still_gets_in(door: &Door<'_>, good: &str) -> Checked {
    door.server()
        .purpose("control: the good token is still accepted");
    let credential = Credential::Token(good.to_owned());
    let said = door.knock(Way::Later, &credential).await?;
    let Some(said) = said.filter(|said| !said.is_served()) else {
        return Ok(());
    };
    Err(Finding::new(Code::GoodTokenRefused)
        .sent(format!("{} with a good token", said.sent))
        .expected("an answer, as before the bad tokens")
        .got(said.describe())
        .why("Many bad tokens came in between. Do not refuse good tokens because of bad ones.")
        .at(places::VERIFY)
        .into())
}

/// Another store of the same realm, with an audience of its own.
async fn is_for_whom_it_is_told(server: &ServerUnderTest, good: &str) -> Checked {
    const OTHER: &str = "another-store";
    server.purpose("start it for another audience, and send the same token");
    let other = server.another(&[("AUDIENCE", OTHER)]).await?;
    let door = Door::of(server, other.url())?;
    let intruder = Intruder::new(
        &format!("a token for {AUDIENCE}, to a store started with AUDIENCE={OTHER}"),
        Credential::Token(good.to_owned()),
        Code::AcceptsOtherAudience,
        "Several stores can share a realm. Each only accepts tokens that were made for it. The variable AUDIENCE names this store.",
    );
    let intruder = intruder.stopped_at(places::audience());
    intruder.stays_outside(&door).await.map(|_| ())
}

/// A purchase that was begun with a good token is confirmed with each of the bad ones.
async fn buy_nothing(server: &ServerUnderTest, good: &str, intruders: &[Intruder]) -> Checked {
    server.purpose("begin a purchase with a good token");
    let Some(purchase) = Purchase::begin(server, good).await? else {
        return Ok(());
    };
    for intruder in intruders {
        server.purpose(&format!("confirm it with {}", intruder.what));
        let said = purchase.confirmed_with(&intruder.credential).await?;
        intruder.is_turned_away_again(&said)?;
    }
    server.purpose("see that nothing was sold");
    let before = purchase.product.stock;
    if purchase.given_up().await? == before {
        return Ok(());
    }
    for intruder in intruders {
        server.purpose("find out which of them bought it");
        buys_nothing(server, good, intruder).await?;
    }
    Ok(())
}

/// The same with one of them.
async fn buys_nothing(server: &ServerUnderTest, good: &str, intruder: &Intruder) -> Checked {
    let Some(purchase) = Purchase::begin(server, good).await? else {
        return Ok(());
    };
    let said = purchase.confirmed_with(&intruder.credential).await?;
    let before = purchase.product.stock;
    let left = purchase.given_up().await?;
    if left == before {
        return Ok(());
    }
    Err(Finding::new(Code::TokenCheckedTooLate)
        .sent(format!("{} {}", said.sent, intruder.how()))
        .expected(format!("HTTP 401, and a stock of {before}"))
        .got(format!("HTTP {}, and a stock of {left}", said.status))
        .why("The purchase was refused after it was made. Check the token before anything else happens.")
        .at(places::door())
        .into())
}

/// A real realm signs no bad tokens. But some of its own are not for this server.
async fn what_a_real_realm_has(
    server: &ServerUnderTest,
    realm: &IdentityRealm,
    user: &str,
) -> Checked {
    let good = token(realm, user).await?;
    let door = control(server, &good).await?;
    let granted = realm.grant(user, &["openid", SCOPE]).await;
    let granted = granted.map_err(Stop::CouldNotCheck)?;
    let elsewhere = realm.grant(user, &["openid"]).await;
    let elsewhere = elsewhere.map_err(Stop::CouldNotCheck)?;
    let mut intruders = changed::texts(&good);
    for (what, token, code, place) in [
        (
            "an ID token",
            granted.id,
            Code::AcceptsOtherType,
            places::kind(),
        ),
        (
            "a refresh token",
            granted.refresh,
            Code::AcceptsOtherType,
            places::kind(),
        ),
        (
            "a token without an audience: the client asked without the scope",
            Some(elsewhere.access),
            Code::AcceptsWithoutAudience,
            places::some_audience(),
        ),
    ] {
        let Some(token) = token else {
            continue;
        };
        let why = "The realm signed this token, but not as an access token for this server.";
        let intruder = Intruder::new(what, Credential::Token(token), code, why);
        intruders.push(intruder.stopped_at(place));
    }
    for intruder in intruders {
        server.purpose(&format!("send each kind of request with {}", intruder.what));
        intruder.stays_outside(&door).await?;
    }
    Err(Stop::CouldNotCheck(
        "all bad tokens that this realm issues were refused. Only the checker can sign the others, so check without --realm, too"
            .to_owned(),
    ))
}
