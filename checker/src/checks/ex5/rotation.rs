//! 5.6: the realm rotates its keys and the server follows, without hammering it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use realm::RsaKey;
use tokio::time::sleep;

use super::door::{Credential, Door, Said, Way, no_key, nothing_sent};
use super::{PAUSE, outage, places};
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::realm::{Draft, PlayedRealm, Signer};
use crate::verdict::{Code, Finding};

/// A server may wait before it asks the realm again, but not longer.
pub(super) fn patience(door: &Door<'_>) -> Duration {
    door.server().patience.realm
}

/// So many tokens with made-up keys come at once.
const BURST: usize = 40;

/// So many tokens of a known key come one after the other.
const REGULARS: usize = 10;

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let realm = server.realm()?;
    let Some(played) = realm.played() else {
        return Err(Stop::CouldNotCheck(
            "only the checker's own realm can rotate its keys on request, so check without --realm, too"
                .to_owned(),
        ));
    };
    let [user, _] = two_users(realm)?;
    let of_old_key = played.draft(user).map_err(Stop::CouldNotCheck)?;
    // It never came in while the key was good: what a server remembers of tokens is not asked here.
    let never_seen = played.draft(user).map_err(Stop::CouldNotCheck)?;
    let door = Door::outside(server)?;
    let in_block = |stop: Stop| stop.at(places::KEYS);

    server.purpose("control: a token signed with the current key is accepted");
    is_let_in(&door, &of_old_key).await?;
    server.purpose("the realm now signs with another key");
    played.rotate().await.map_err(no_key)?;
    let strange = played.strange_key().await.map_err(no_key)?;
    let of_new_key = played.draft(user).map_err(Stop::CouldNotCheck)?;
    let bad = played.draft(user).map_err(Stop::CouldNotCheck)?;
    follows(&door, &of_new_key).await.map_err(in_block)?;
    server.purpose("a token signed with the old key, which is still listed");
    still_takes(&door, &of_old_key).await.map_err(in_block)?;

    server.purpose("send tokens that were all signed with known keys");
    keeps_its_keys(&door, played, &of_new_key)
        .await
        .map_err(in_block)?;
    // The old key is not listed any more from here on. What comes next makes the server look.
    played.withdraw_old_keys();
    server.purpose("send many tokens that name unknown keys");
    let made_up = |number| made_up(&bad, &strange, number);
    does_not_hammer(&door, played, &of_new_key, made_up)
        .await
        .map_err(in_block)?;
    server.purpose("the realm has withdrawn its old key");
    forgets(&door, &never_seen, &made_up(BURST))
        .await
        .map_err(|stop| stop.at(places::fetch()))?;
    server.purpose("send tokens signed with keys that the realm does not use for signing");
    takes_no_other_key(&door, played, &bad, &strange).await?;
    outage::stays_shut(&door, played, &of_new_key, &made_up(BURST + 1))
        .await
        .map_err(in_block)
}

pub(super) async fn knock(door: &Door<'_>, draft: &Draft) -> Checked<Said> {
    let token = Credential::Token(draft.signed());
    let said = door.knock(Way::First, &token).await?;
    said.ok_or_else(nothing_sent)
}

async fn is_let_in(door: &Door<'_>, draft: &Draft) -> Checked {
    let said = knock(door, draft).await?;
    if said.is_served() {
        return Ok(());
    }
    Err(Finding::new(Code::GoodTokenRefused)
        .sent(format!("{} with a good token", said.sent))
        .expected("an answer")
        .got(said.describe())
        .why("The realm signed this token for this store, and it has not expired.")
        .at(places::VERIFY)
        .into())
}

/// Asks until the door opens, or the patience is over. Gives the last that was said.
pub(super) async fn until_it_opens(door: &Door<'_>, draft: &Draft) -> Checked<Said> {
    let begin = Instant::now();
    loop {
        let said = knock(door, draft).await?;
        if said.is_served() || begin.elapsed() > patience(door) {
            return Ok(said);
        }
        sleep(PAUSE / 4).await;
    }
}

async fn follows(door: &Door<'_>, draft: &Draft) -> Checked {
    let said = until_it_opens(door, draft).await?;
    if said.is_served() {
        return Ok(());
    }
    Err(Finding::new(Code::RotationNotFollowed)
        .sent(format!("{} with a token signed with the realm's new key, for {} s", said.sent, patience(door).as_secs()))
        .expected("an answer: the realm lists the key")
        .got(said.describe())
        .why("Realms change their keys. Every token names its key in its header (`kid`). If you do not know that key, fetch the keys again.")
        .into())
}

async fn still_takes(door: &Door<'_>, draft: &Draft) -> Checked {
    let said = knock(door, draft).await?;
    if said.is_served() {
        return Ok(());
    }
    Err(Finding::new(Code::OldKeyRefused)
        .sent(format!("{} with a token signed with the previous key", said.sent))
        .expected("an answer: the realm still lists the key")
        .got(said.describe())
        .why("After a rotation, tokens signed with the old key stay valid until they expire. Keep every key that the realm lists.")
        .into())
}

/// A token whose key nobody has.
fn made_up(good: &Draft, strange: &Arc<RsaKey>, number: usize) -> Draft {
    let signer = Signer::Key(Arc::clone(strange));
    let draft = good.clone().signed_by(signer);
    draft.naming(Some(format!("made-up-{number}")))
}

async fn keeps_its_keys(door: &Door<'_>, realm: &PlayedRealm, good: &Draft) -> Checked {
    let before = realm.times_asked_for_keys();
    for _ in 0..REGULARS {
        is_let_in(door, good).await?;
    }
    let asked = realm.times_asked_for_keys() - before;
    // Some may have come when the server had its keys for long enough.
    if asked <= REGULARS / 2 {
        return Ok(());
    }
    Err(Finding::new(Code::RealmHammered)
        .sent(format!("{REGULARS} requests, each with a good token signed with the same key"))
        .expected("no request to the realm for its keys: the server already has this one")
        .got(format!("{asked} requests"))
        .why("Otherwise, every request to your server costs a request to the realm. Keep the keys that you fetched. Only fetch them again for a `kid` that you do not know, and at most once every few seconds.")
        .into())
}

async fn does_not_hammer(
    door: &Door<'_>,
    realm: &PlayedRealm,
    good: &Draft,
    made_up: impl Fn(usize) -> Draft,
) -> Checked {
    let before = realm.times_asked_for_keys();
    let begin = Instant::now();
    let drafts: Vec<Draft> = (0..BURST).map(made_up).collect();
    for said in join_all(drafts.iter().map(|draft| knock(door, draft))).await {
        said?;
    }
    let pauses = begin.elapsed().as_millis() / PAUSE.as_millis();
    let may_ask = 1 + usize::try_from(pauses).unwrap_or(usize::MAX);
    let asked = realm.times_asked_for_keys() - before;
    // However slow the machine is: whoever asks for each of them is not right.
    if asked > may_ask.min(BURST * 3 / 4) {
        return Err(Finding::new(Code::RealmHammered)
            .sent(format!("{BURST} requests at once, each with a token whose kid is made up"))
            .expected("at most one request to the realm for its keys")
            .got(format!("{asked} requests"))
            .why("Anyone can make up a `kid`. If each one costs a request to the realm, anyone can bring down the realm through your server. If a fetch does not return the key, record the time, and do not fetch again for a few seconds.")
            .into());
    }
    // It may have to wait for its turn.
    let said = until_it_opens(door, good).await?;
    if said.is_served() {
        return Ok(());
    }
    Err(Finding::new(Code::GoodTokenRefused)
        .sent(format!(
            "{} with a good token, after many bad ones",
            said.sent
        ))
        .expected("an answer")
        .got(said.describe())
        .why("Bad tokens must not lock out users who have good ones. First look for the key among those that you already have.")
        .into())
}

/// A realm withdraws a key that was stolen. A server may notice a little later, when it asks the realm
/// for another key.
async fn forgets(door: &Door<'_>, of_old_key: &Draft, unknown: &Draft) -> Checked {
    let begin = Instant::now();
    let said = loop {
        let said = knock(door, of_old_key).await?;
        if !said.is_served() {
            return Ok(());
        }
        if begin.elapsed() > patience(door) {
            break said;
        }
        knock(door, unknown).await?;
        sleep(PAUSE / 4).await;
    };
    Err(Finding::new(Code::AcceptsWithdrawnKey)
        .sent(format!("{} with a token signed with a key that the realm has withdrawn, for {} s", said.sent, patience(door).as_secs()))
        .expected("HTTP 401 Unauthorized, once the keys were fetched again")
        .got(said.describe())
        .why("A realm withdraws a stolen key, because the thief can sign tokens with it. When you fetch the keys, replace the old ones; do not add to them.")
        .into())
}

/// A token that names a key which the realm does not have, or has for something else.
async fn takes_no_other_key(
    door: &Door<'_>,
    realm: &PlayedRealm,
    good: &Draft,
    strange: &Arc<RsaKey>,
) -> Checked {
    const UNKNOWN: &str = "`kid` names the key that signed a token. If the realm does not list that key, or no longer does, refuse the token. Do not try another key.";
    let encryption = realm.encryption_key().await.map_err(no_key)?;
    let signed_by = |key: &Arc<RsaKey>| {
        let signer = Signer::Key(Arc::clone(key));
        good.clone().signed_by(signer).naming(Some(key.kid.clone()))
    };
    let others = [
        (
            "a token that someone else signed, with a kid of their own",
            signed_by(strange),
            Code::AcceptsOtherKey,
            UNKNOWN,
            places::key(),
        ),
        (
            "a token whose kid the realm does not list",
            good.clone().naming(Some("nobody".to_owned())),
            Code::AcceptsUnknownKey,
            UNKNOWN,
            places::key(),
        ),
        (
            "a token that was signed with the realm's key for encryption",
            signed_by(&encryption),
            Code::AcceptsEncryptionKey,
            "The realm lists this key with `use: enc`, so it is only for encryption. Only accept keys with `use: sig`.",
            places::signing_keys(),
        ),
    ];
    for (what, draft, code, why, place) in others {
        let said = knock(door, &draft).await?;
        if said.is_served() {
            return Err(Finding::new(code)
                .sent(format!("{} with {what}", said.sent))
                .expected("HTTP 401 Unauthorized")
                .got(said.describe())
                .why(why)
                .at(place)
                .into());
        }
    }
    Ok(())
}
