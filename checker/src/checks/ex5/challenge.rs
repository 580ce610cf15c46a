//! 5.2: no token, a broken one, or one in the query string: 401 with `resource_metadata` and `scope`.

use reqwest::Url;

use super::door::{Credential, Door, Said};
use super::intruder::Intruder;
use super::{metadata, places};
use crate::checks::store::users::{token, two_users};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::realm::SCOPE;
use crate::mcp::plain::{self, Page};
use crate::verdict::{Code, Finding};

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let door = Door::outside(server)?;
    let realm = server.realm()?;
    let in_block = |stop: Stop| stop.at(places::CHALLENGE);

    server.purpose("send requests without a token");
    let nobody = Intruder::new(
        "no token",
        Credential::Nothing,
        Code::OpenWithoutToken,
        "Only users who have signed in may use the store.",
    );
    let said = nobody.stays_outside(&door).await.map_err(in_block)?;
    says_where_to_sign_in(server, &said, &nobody)
        .await
        .map_err(in_block)?;
    if said.challenged("error").is_some() {
        server.remark("The 401 for a request without a token has an error in its challenge. According to RFC 6750 it should have none: the token was missing, not wrong.");
    }

    let [user, _] = two_users(realm)?;
    let good = token(realm, user).await?;
    let broken = "A token that you cannot read proves nothing.";
    for intruder in [
        Intruder::new(
            "a token in the address",
            Credential::InAddress(good.clone()),
            Code::AcceptsTokenInAddress,
            "URLs end up in logs and browser histories, and so would the token. Take it from the `Authorization` header only.",
        )
        .malformed(),
        Intruder::new(
            "the token as Basic",
            Credential::Headers(vec![format!("Basic {good}")]),
            Code::AcceptsOtherScheme,
            "The Basic scheme is for names and passwords. Only take tokens that come with `Bearer`.",
        )
        .malformed(),
        Intruder::new(
            "a header without a token",
            Credential::Headers(vec!["Bearer".to_owned()]),
            Code::AcceptsBrokenToken,
            broken,
        )
        .malformed(),
        Intruder::new(
            "an empty token",
            Credential::Token(String::new()),
            Code::AcceptsBrokenToken,
            broken,
        )
        .malformed(),
        Intruder::new(
            "a token that is not a JWT",
            Credential::Token("let-me-in".to_owned()),
            Code::AcceptsBrokenToken,
            broken,
        )
        .malformed(),
        Intruder::new(
            "a token of dots",
            Credential::Token("..".to_owned()),
            Code::AcceptsBrokenToken,
            broken,
        )
        .malformed(),
        Intruder::new(
            "the token without the word Bearer",
            Credential::Headers(vec![good.clone()]),
            Code::AcceptsOtherScheme,
            "The first word of the header says what follows. Only take tokens that come with `Bearer`.",
        )
        .malformed(),
    ] {
        server.purpose(&format!("come with {}", intruder.what));
        let said = intruder.stays_outside(&door).await.map_err(in_block)?;
        if said.status == 401 {
            says_where_to_sign_in(server, &said, &intruder)
                .await
                .map_err(in_block)?;
            if intruder.has_a_token() {
                says_that_it_is_bad(&said, &intruder)?;
            }
        }
    }
    Ok(())
}

/// That a client learns from a 401 that its token is no good any more.
pub(super) fn says_that_it_is_bad(said: &Said, intruder: &Intruder) -> Checked {
    let error = said.challenged("error");
    if said.status != 401 || error.as_deref() == Some("invalid_token") {
        return Ok(());
    }
    Err(Finding::new(Code::ChallengeWithoutError)
        .sent(format!("{} {}", said.sent, intruder.how()))
        .expected("HTTP 401 with a Bearer challenge that has error=\"invalid_token\"")
        .got(said.challenge_text())
        .why("`invalid_token` tells clients that their token is not valid, so they get another one (RFC 6750, 3.1).")
        .at(places::CHALLENGE)
        .into())
}

/// That a 401 leads to the metadata, and says what to ask for.
async fn says_where_to_sign_in(
    server: &ServerUnderTest,
    said: &Said,
    intruder: &Intruder,
) -> Checked {
    let sent = format!("{} {}", said.sent, intruder.how());
    if said.challenge().is_none() && said.headers.get("www-authenticate").is_none() {
        return Err(Stop::not_declared(
            "the 401 has no WWW-Authenticate, so clients do not learn where to sign in",
        ));
    }
    let lacks = |code, expected: &str, why: &'static str| {
        Finding::new(code)
            .sent(&sent)
            .expected(format!(
                "HTTP 401 with a Bearer challenge that has {expected}"
            ))
            .got(said.challenge_text())
            .why(why)
    };
    let Some(address) = said.challenged("resource_metadata") else {
        return Err(lacks(
            Code::ChallengeWithoutMetadata,
            "resource_metadata=\"URL\"",
            if said.challenge().is_none() {
                "A challenge begins with the name of its scheme, `Bearer`. Clients skip challenges of schemes that they do not know."
            } else {
                "With this URL, clients find the rest by themselves: the metadata, the realm, a token (RFC 9728, 5.1)."
            },
        )
        .into());
    };
    leads_to_the_metadata(server, &sent, &address).await?;
    let scope = said.challenged("scope").unwrap_or_default();
    if !scope.split(' ').any(|one| one == SCOPE) {
        return Err(lacks(
            Code::ChallengeWithoutScope,
            &format!("scope=\"{SCOPE}\""),
            "Clients ask for the scopes that are named here. Without `mcp:access`, they get a token that this server refuses.",
        )
        .into());
    }
    Ok(())
}

async fn leads_to_the_metadata(server: &ServerUnderTest, sent: &str, address: &str) -> Checked {
    const MUST_ANSWER: &str =
        "Clients read the metadata at the URL in the 401, so your server must answer there.";

    let sent = format!("{sent}, then GET {address}");
    let wrong = |got: String, why: &'static str| -> Checked {
        Err(Finding::new(Code::ChallengeElsewhere)
            .sent(&sent)
            .expected("HTTP 200 and the metadata of this server")
            .got(got)
            .why(why)
            .into())
    };
    let Ok(url) = Url::parse(address) else {
        return wrong(
            format!("not a URL: {address:?}"),
            "Clients read the metadata at the URL in the 401. It must be a whole URL, with http:// or https:// and a host.",
        );
    };
    let page = plain::get(&url, &server.client(), server.transcript()).await;
    let page = match page {
        Ok(page) => page,
        Err(failure) => return wrong(failure.kind.to_string(), MUST_ANSWER),
    };
    if page.status != 200 {
        return wrong(format!("HTTP {}", page.status), MUST_ANSWER);
    }
    let page = Page { sent, ..page };
    let (resource, realm) = (server.url()?, server.realm()?.issuer());
    metadata::says_who_protects(&page, resource.as_str(), realm)
}
