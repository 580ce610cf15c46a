//! Bad tokens, each of which is a good one but for one thing.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use realm::{RsaKey, now};
use serde_json::{Value, json};

use super::door::Credential;
use super::intruder::Intruder;
use super::places;
use crate::fixtures::realm::{AUDIENCE, Draft, Signer};
use crate::verdict::{Code, Location};

/// No clock is that wrong.
const LONG: u64 = 600;

/// The token that has expired comes first: whoever does not look at a token takes that.
pub fn all(good: &Draft, signed: &str, strange: &Arc<RsaKey>) -> Vec<Intruder> {
    let mut all = times(good);
    all.extend(issuers(good));
    all.extend(audiences(good));
    all.extend(kinds(good));
    all.extend(signatures(strange, good));
    all.extend(texts(signed));
    all
}

fn of(
    place: impl Into<Location>,
    what: &str,
    draft: &Draft,
    code: Code,
    why: &'static str,
) -> Intruder {
    let credential = Credential::Token(draft.signed());
    Intruder::new(what, credential, code, why).stopped_at(place)
}

fn times(good: &Draft) -> Vec<Intruder> {
    const EXPIRY: &str =
        "Tokens leak. An expiry time limits the damage, if every server checks it.";
    let now = now();
    let good = || good.clone();
    vec![
        of(
            places::expiry(),
            "a token that expired ten minutes ago",
            &good().with("exp", now - LONG),
            Code::AcceptsExpired,
            EXPIRY,
        ),
        of(
            places::required(),
            "a token that never expires: it has no exp",
            &good().without("exp"),
            Code::AcceptsWithoutExpiry,
            EXPIRY,
        ),
        of(
            places::required(),
            "a token whose exp is not a number",
            &good().with("exp", "tomorrow"),
            Code::AcceptsWithoutExpiry,
            EXPIRY,
        ),
        of(
            places::begin(),
            "a token that becomes valid in ten minutes",
            &good().with("nbf", now + LONG),
            Code::AcceptsNotYetValid,
            "`nbf` says when a token becomes valid. Refuse the token before that time.",
        ),
    ]
}

fn issuers(good: &Draft) -> Vec<Intruder> {
    const ISSUER: &str = "Anyone can run a realm and sign tokens with it. Compare `iss` with the name of your realm, character by character, and refuse tokens without an `iss`.";
    let issuer = good.claims["iss"].as_str().unwrap_or_default();
    let from = |what: &str, issuer: Value| {
        let draft = good.clone().with("iss", issuer);
        let code = Code::AcceptsOtherIssuer;
        of(places::issuer(), what, &draft, code, ISSUER)
    };
    let without = |what: &str, draft: Draft| {
        let place = places::required().or(places::issuer());
        of(place, what, &draft, Code::AcceptsWithoutIssuer, ISSUER)
    };
    vec![
        from(
            "a token from another realm",
            "https://evil.example/realms/workshop".into(),
        ),
        from(
            "a token from a realm whose name ends with a slash",
            format!("{issuer}/").into(),
        ),
        from(
            "a token from a realm whose name begins with ours",
            format!("{issuer}-2").into(),
        ),
        without("a token without iss", good.clone().without("iss")),
        without("a token whose iss is a number", good.clone().with("iss", 7)),
    ]
}

fn audiences(good: &Draft) -> Vec<Intruder> {
    const AUDIENCE_COUNTS: &str = "Every server sees the tokens sent to it. If you accept tokens for other servers, those servers can use your store as if they were the users. Refuse tokens whose `aud` does not name your server.";
    let to = |what: &str, audience: Value| {
        let draft = good.clone().with("aud", audience);
        let code = Code::AcceptsOtherAudience;
        of(places::audience(), what, &draft, code, AUDIENCE_COUNTS)
    };
    let to_nobody = |what: &str, draft: Draft| {
        let code = Code::AcceptsWithoutAudience;
        of(places::some_audience(), what, &draft, code, AUDIENCE_COUNTS)
    };
    vec![
        to("a token for another server", "account".into()),
        to(
            "a token for two other servers",
            json!(["account", "billing"]),
        ),
        to(
            "a token for a server whose name contains ours",
            format!("{AUDIENCE}-admin").into(),
        ),
        to_nobody("a token without aud", good.clone().without("aud")),
        to_nobody(
            "a token whose aud is an empty list",
            good.clone().with("aud", json!([])),
        ),
        to_nobody(
            "a token whose aud is an object",
            good.clone().with("aud", json!({ "name": AUDIENCE })),
        ),
    ]
}

fn kinds(good: &Draft) -> Vec<Intruder> {
    const KIND: &str = "An ID token tells a client who the user is, and a refresh token is for the realm. Only accept access tokens: Keycloak sets their claim `typ` to `Bearer`.";
    let kind = |what: &str, typ: &str| {
        let draft = good.clone().with("typ", typ);
        of(places::kind(), what, &draft, Code::AcceptsOtherType, KIND)
    };
    vec![
        kind("an ID token", "ID"),
        kind("a refresh token", "Refresh"),
        kind("an offline token", "Offline"),
    ]
}

fn signatures(strange: &Arc<RsaKey>, good: &Draft) -> Vec<Intruder> {
    const UNSIGNED: &str = "With `alg: none`, anyone can write a token. Decide yourself which algorithm to accept, whatever the token says.";
    const SECRET: &str = "Everyone knows the public key. If a token may choose HS256, the key becomes a shared secret that anyone can sign with. Only accept the algorithm of your realm, RS256.";
    const OTHER_KEY: &str = "Only the signature proves that the realm wrote a token. Verify it with the key that the realm lists, before you look at anything else.";
    let at = |place: Location, what: &str, draft: Draft, code: Code, why: &'static str| {
        of(place, what, &draft, code, why)
    };
    let good = || good.clone();
    let mut all = vec![
        at(
            places::signature(),
            "a token that someone else signed, with the realm's kid",
            good().signed_by(Signer::Key(Arc::clone(strange))),
            Code::AcceptsOtherKey,
            OTHER_KEY,
        ),
        at(
            places::algorithm(),
            "a token without a signature (alg none)",
            good().signed_by(Signer::Nobody),
            Code::AcceptsUnsigned,
            UNSIGNED,
        ),
        at(
            places::kid(),
            "a token that someone else signed, without a kid",
            good()
                .signed_by(Signer::Key(Arc::clone(strange)))
                .naming(None),
            Code::AcceptsOtherKey,
            OTHER_KEY,
        ),
    ];
    for secret in good().public_keys() {
        all.push(at(
            places::algorithm(),
            "a token that was signed with the public key as a secret (alg HS256)",
            good().signed_by(Signer::Secret(secret)),
            Code::AcceptsPublicKeyAsSecret,
            SECRET,
        ));
    }
    all
}

/// What is done to the text of a token that was signed, and to the header that holds it.
pub fn texts(good: &str) -> Vec<Intruder> {
    const PARTS: &str = "A token has three parts, and the signature covers the first two. If anything is missing, added or changed, refuse the token.";
    const TWO: &str = "A request has one `Authorization` header. With two, a proxy and your server may look at different ones. Refuse the request.";
    let text = |place: Location, what: &str, credential: Credential, why| {
        let intruder = Intruder::new(what, credential, Code::AcceptsAlteredToken, why);
        intruder.stopped_at(place).malformed()
    };
    let token = |what: &str, token: String| {
        text(places::signature(), what, Credential::Token(token), PARTS)
    };
    let two = |what: &str, values: [&str; 2]| {
        let values = values.map(|value| format!("Bearer {value}"));
        text(
            places::header(),
            what,
            Credential::Headers(values.into()),
            TWO,
        )
    };
    let mut parts = good.split('.');
    let (header, claims, signature) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let half = &signature[..signature.len() / 2];
    let altered = with_another_name(claims);
    vec![
        token(
            "a token with half of its signature",
            format!("{header}.{claims}.{half}"),
        ),
        token(
            "a token without its last part",
            format!("{header}.{claims}"),
        ),
        token(
            "a token with an empty signature",
            format!("{header}.{claims}."),
        ),
        token(
            "a token whose signature has something added",
            format!("{good}AAAA"),
        ),
        token("a token of four parts", format!("{good}.{signature}")),
        token(
            "a token in which someone wrote another name",
            format!("{header}.{altered}.{signature}"),
        ),
        two(
            "two Authorization headers, both with the same good token",
            [good, good],
        ),
        two(
            "two headers, a good token and a broken one",
            [good, "nothing"],
        ),
        two(
            "two headers, a broken token and a good one",
            ["nothing", good],
        ),
    ]
}

/// The claims of a token, in which somebody has written what they want to be called.
fn with_another_name(claims: &str) -> String {
    let read = BASE64_URL_SAFE_NO_PAD.decode(claims).ok();
    let read = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut claims: serde_json::Value = read.unwrap_or_else(|| json!({}));
    claims["preferred_username"] = json!("somebody");
    BASE64_URL_SAFE_NO_PAD.encode(claims.to_string())
}
