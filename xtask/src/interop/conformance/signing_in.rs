//! The suite's scenarios about signing in, for clients, against `sign_in` of the solutions. The suite's
//! realm has no login page: `interop/open.py` is the user's browser.

use anyhow::{Context, Result, ensure};

use super::{judge, played};
use crate::interop::{LEGACY, MODERN, Setup};
use crate::peers::built;

/// What a client proves in a scenario, by its name.
const SCENARIOS: [(&str, &str); 21] = [
    ("metadata-default", "the realm is found"),
    ("metadata-var1", "at an address with a path"),
    ("metadata-var2", "by OpenID Connect"),
    ("metadata-var3", "at an address of its own"),
    (
        "scope-from-www-authenticate",
        "the scopes of the 401 are asked for",
    ),
    ("scope-from-scopes-supported", "else those of the metadata"),
    ("scope-omitted-when-undefined", "else none"),
    (
        "scope-retry-limit",
        "it does not ask for ever for what it does not get",
    ),
    ("token-endpoint-auth-basic", "the realm knows it by Basic"),
    ("token-endpoint-auth-post", "by its form"),
    ("token-endpoint-auth-none", "by nothing"),
    (
        "resource-mismatch",
        "metadata about another server is not believed",
    ),
    (
        "offline-access-scope",
        "it stays signed in where the realm allows it",
    ),
    ("offline-access-not-supported", "and does not ask elsewhere"),
    (
        "iss-supported",
        "the realm's name in the answer is compared",
    ),
    (
        "iss-not-advertised",
        "and may be missing where none is promised",
    ),
    ("iss-supported-missing", "but not where one is"),
    ("iss-wrong-issuer", "another realm's answer is refused"),
    ("iss-unexpected", "also where none is promised"),
    ("iss-normalized", "and compared letter by letter"),
    (
        "metadata-issuer-mismatch",
        "a realm that calls itself otherwise is not believed",
    ),
];

/// The scenarios that were there before 2026-07-28.
const OLDER: usize = 11;

/// Scenarios that the client cannot pass: their name, why, and what the suite says of it.
const LEFT_OUT: [(&str, &str, &str); 4] = [
    (
        "basic-cimd",
        "the client has no address at which it could publish its metadata",
        "Client SHOULD use URL-based client ID",
    ),
    (
        "scope-step-up",
        "the client signs in once, and calls no tool",
        "Client did not make a second authorization request",
    ),
    (
        "pre-registration",
        "the client has no options for an id and a secret",
        "Client did not make a token request",
    ),
    (
        "authorization-server-migration",
        "the client keeps nothing from one run to the next",
        "Client MUST re-register",
    ),
];

pub(super) async fn run(setup: &Setup) {
    let tally = &setup.tally;
    tally.peer("The official conformance suite against a client that signs its user in");
    let both = |position: usize| [(MODERN, true), (LEGACY, position < OLDER)];
    for (position, (name, proves)) in SCENARIOS.iter().enumerate() {
        for (revision, _) in both(position).into_iter().filter(|(_, has_it)| *has_it) {
            let sentence = format!("{revision} auth/{name}: {proves}");
            tally.check(&sentence, play(setup, revision, name)).await;
        }
    }
    for (name, why, said) in LEFT_OUT {
        let sentence = format!("{MODERN} auth/{name} is left out: {why}");
        tally.check(&sentence, still(setup, name, said)).await;
    }
    println!(
        "   not for this client: extensions (client-credentials-*, dpop, dpop-nonce, enterprise-managed-authorization, wif-jwt-bearer), and two of 2025-03-26"
    );
}

async fn play(setup: &Setup, revision: &str, name: &str) -> Result<String> {
    let played = sign_in(setup, revision, name).await?;
    judge(&played.checks, &[]).with_context(|| played.words)
}

/// That a scenario which is left out still has to be.
async fn still(setup: &Setup, name: &str, said: &str) -> Result<String> {
    let played = sign_in(setup, MODERN, name).await?;
    let unmet = played.checks.iter().filter(|check| !check.succeeded());
    let mut words = unmet.flat_map(|check| [check.why(), check.description.as_str()]);
    ensure!(
        words.any(|words| words.contains(said)),
        "it no longer has to be left out: {}",
        played.words
    );
    Ok(format!("still {said:?}"))
}

async fn sign_in(setup: &Setup, revision: &str, name: &str) -> Result<super::Played> {
    let client = built(&setup.root, "sign_in", &setup.guard).await?;
    let line = shlex::try_join([client.to_string_lossy().as_ref()])?;
    let mut command = setup.node.conformance();
    command
        .args(["client", "--command", &line])
        .env("BROWSER", setup.root.join("interop/open.py"));
    played(setup, command, revision, &format!("auth/{name}")).await
}
