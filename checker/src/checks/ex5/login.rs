//! 5.8: a real client signs in by itself: discovery, registration, login, consent, PKCE, `iss` checked,
//! call, refresh.

use reqwest::Url;

use super::door::{Credential, Door, Way, nothing_sent};
use super::places;
use crate::checks::store::shop::Shop;
use crate::checks::store::users::two_users;
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::mcp::login::{Login, LoginError, SignedIn, Stage};
use crate::verdict::{Code, Finding};

/// Where the client is answered. Nobody needs to listen there: the visitor brings the address back.
const CALLBACK: &str = "http://127.0.0.1:33418/callback";

/// How the client calls itself, where its user is asked whether to let it in.
const NAME: &str = "Workshop checker";

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let realm = server.realm()?;
    let [user, _] = two_users(realm)?;
    let door = Door::outside(server)?;
    server.purpose("send a request without a token, and get told where to sign in");
    let said = door.knock(Way::First, &Credential::Nothing).await?;
    let said = said.ok_or_else(nothing_sent)?;
    let challenge = said.headers.get(http::header::WWW_AUTHENTICATE);
    let challenge = challenge.and_then(|value| value.to_str().ok());

    server.purpose("find the realm, and register with it");
    let (url, callback) = (server.url()?, callback()?);
    let login = Login::begin(&url, NAME, challenge, &callback, server.transcript()).await;
    let login = login.map_err(|error| stopped(&url, &error))?;
    server.purpose(&format!("{user} signs in, and agrees"));
    let mut visitor = realm.visitor(user).map_err(Stop::CouldNotCheck)?;
    let answered = visitor.sign_in(login.address(), &callback).await;
    let answered = answered.map_err(|why| {
        let stage = Stage::Callback;
        stopped(&url, &LoginError { stage, why })
    })?;
    server.purpose("exchange the code for a token");
    let signed_in = login.finish(&answered).await;
    let signed_in = signed_in.map_err(|error| stopped(&url, &error))?;

    server.purpose("use the store with the token");
    uses_the_store(server, &url, &signed_in, Code::TokenRefusedAfterLogin).await?;
    server.purpose("get a new token without a login");
    let refreshed = signed_in.refresh().await;
    refreshed.map_err(|error| stopped(&url, &error))?;
    server.purpose("use the store with the new token");
    uses_the_store(server, &url, &signed_in, Code::TokenRefusedAfterRefresh).await
}

fn callback() -> Checked<Url> {
    Url::parse(CALLBACK).map_err(|error| Stop::CouldNotCheck(error.to_string()))
}

async fn uses_the_store(
    server: &ServerUnderTest,
    url: &Url,
    signed_in: &SignedIn,
    code: Code,
) -> Checked {
    let token = signed_in.token().await;
    let token = token.map_err(|error| stopped(url, &error))?;
    let used = async {
        let shop = Shop::enter_as(server, server.client().with_token(&token)).await?;
        shop.products().await
    };
    let Err(Stop::Failed(finding)) = used.await else {
        return Ok(());
    };
    let (which, why) = if code == Code::TokenRefusedAfterLogin {
        (
            "the token of this login",
            "This token is like those in 5.3, but the realm issued it to a client that has just registered. So the token's `azp` is different.",
        )
    } else {
        (
            "the refreshed token",
            "Tokens expire within minutes, and clients then get a new one. The new token is as good as the first one.",
        )
    };
    Err(Finding { code, ..*finding }
        .expected(format!("an answer: {which} is good"))
        .why(why)
        .at(places::VERIFY)
        .into())
}

/// What a client says that got no further.
fn stopped(url: &Url, LoginError { stage, why }: &LoginError) -> Stop {
    let (done, expected, reason, block) = match stage {
        Stage::Discovery => (
            "the search for the realm",
            "the realm found",
            "A client follows the 401 to your metadata, and from there to the realm.",
            places::METADATA,
        ),
        Stage::Registration => (
            "the registration",
            "a registration at the realm",
            "A client registers with the scopes that your 401 names. The realm only accepts scopes that it knows.",
            places::CHALLENGE,
        ),
        Stage::Callback => (
            "the login",
            "a code, after login and consent",
            "The realm refuses the scopes that the client asks for. The client gets them from your server: from the 401 or from the metadata.",
            places::CHALLENGE,
        ),
        Stage::Token => (
            "the token",
            "a token for the code",
            "The client has a code, but the realm does not exchange it for a token.",
            places::METADATA,
        ),
    };
    Finding::new(Code::LoginStops)
        .sent(format!(
            "{done}, in a login that starts with nothing but {url}"
        ))
        .expected(expected)
        .got(why)
        .why(reason)
        .at(block)
        .into()
}
