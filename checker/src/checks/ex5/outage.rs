//! 5.6, the last part: the realm is down for a moment.

use tokio::time::sleep;

use super::PAUSE;
use super::door::{Door, Said};
use super::rotation::{knock, patience, until_it_opens};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::realm::{Draft, PlayedRealm};
use crate::subject::server::Server;
use crate::verdict::{Code, Finding};

/// Nobody can tell whether a token is good while the realm does not answer. So it is not; and a server
/// that is started meanwhile waits for the realm.
pub async fn stays_shut(
    door: &Door<'_>,
    realm: &PlayedRealm,
    good: &Draft,
    unknown: &Draft,
) -> Checked {
    let server = door.server();
    server
        .purpose("the realm is down: a token with an unknown key, and another server that starts");
    realm.set_down(true);
    let meanwhile = async {
        // So that the server may ask again.
        let (another, ()) = tokio::join!(starts(server, good), sleep(PAUSE));
        (knock(door, unknown).await, another)
    };
    let (said, another) = meanwhile.await;
    realm.set_down(false);
    is_refused(&said?)?;
    let another = another.map_err(needs_the_realm)?;

    server.purpose("the realm is up again");
    let Some((other, said)) = another else {
        return opens_again(door, good, AFTER_AN_OUTAGE).await;
    };
    is_refused(&said)?;
    let door_of_other = Door::of(server, other.url())?;
    let (one, other) = tokio::join!(
        opens_again(door, good, AFTER_AN_OUTAGE),
        opens_again(&door_of_other, good, STARTED_BEFORE_IT),
    );
    one.and(other)
}

const AFTER_AN_OUTAGE: &str = "after the realm was down for a short time";

const STARTED_BEFORE_IT: &str = "on a server that started before the realm";

/// Starts another one, and what it says to a good token. `None` where the checker cannot start it.
async fn starts(server: &ServerUnderTest, good: &Draft) -> Checked<Option<(Server, Said)>> {
    if server.own_port().is_none() {
        return Ok(None);
    }
    let another = server.another(&[]).await?;
    let door = Door::of(server, another.url())?;
    let said = knock(&door, good).await?;
    Ok(Some((another, said)))
}

fn needs_the_realm(stop: Stop) -> Stop {
    let Stop::Failed(finding) = stop else {
        return stop;
    };
    Finding::new(Code::NeedsRealmToStart)
        .sent("a request to a server that started while the realm did not answer")
        .expected("a server that listens, and refuses requests until the realm answers")
        .got(finding.got)
        .why("Servers and realms often start at the same time. Start listening without waiting for the realm, and fetch the keys when the first token needs them.")
        .into()
}

fn is_refused(said: &Said) -> Checked {
    if !said.is_served() {
        return Ok(());
    }
    Err(Finding::new(Code::OpenWhileRealmIsDown)
        .sent(format!("{} with a token that names an unknown key, while the realm does not answer", said.sent))
        .expected("a refusal: 503, or 401")
        .got(said.describe())
        .why("Without its key, nobody can tell whether a token is good. If you let it in anyway, everyone gets in while the realm is down.")
        .into())
}

async fn opens_again(door: &Door<'_>, good: &Draft, when: &str) -> Checked {
    let said = until_it_opens(door, good).await?;
    if said.is_served() {
        return Ok(());
    }
    Err(Finding::new(Code::RealmNotAskedAgain)
        .sent(format!("{} with a good token, {when}, for {} s", said.sent, patience(door).as_secs()))
        .expected("an answer: the realm is up again")
        .got(said.describe())
        .why("Realms restart, and sometimes start later than your server. Try again after a few seconds.")
        .into())
}
