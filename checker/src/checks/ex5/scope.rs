//! 5.5: a token without `mcp:access`: 403 `insufficient_scope`, naming the scope.

use super::door::{Credential, Door, Said, Way};
use super::places;
use crate::checks::store::users::{token, two_users};
use crate::checks::{Checked, ServerUnderTest, Stop};
use crate::fixtures::IdentityRealm;
use crate::fixtures::realm::SCOPE;
use crate::verdict::{Code, Finding};

/// A scope of the realm whose tokens are for this store as well.
const OTHER: &str = "mcp:accessories";

pub(super) async fn check(server: &ServerUnderTest) -> Checked {
    let realm = server.realm()?;
    let [user, _] = two_users(realm)?;
    let good = token(realm, user).await?;
    server.purpose("control: a token with the scope is accepted");
    let door = Door::with_somebody_inside(server, &good)
        .await
        .map_err(|stop| stop.at(places::VERIFY))?;
    let tokens = tokens_without_it(realm, user).await?;
    for (number, (what, token)) in tokens.into_iter().enumerate() {
        server.purpose(&format!("send {what}"));
        // Whether the other ways are open does not depend on the scope.
        let usual = [Way::to_a_tool(server.era)];
        let ways: &[Way] = if number == 0 { &Way::ALL } else { &usual };
        for &way in ways {
            let credential = Credential::Token(token.clone());
            let Some(said) = door.knock(way, &credential).await? else {
                continue;
            };
            is_told_which_scope(&said, &what)?;
        }
    }
    Ok(())
}

/// Tokens of the realm for this store, each without the scope.
async fn tokens_without_it(realm: &IdentityRealm, user: &str) -> Checked<Vec<(String, String)>> {
    let mut all = Vec::new();
    if let Some(played) = realm.played() {
        let draft = played.draft(user).map_err(Stop::CouldNotCheck)?;
        for scope in [
            "profile email",
            // Ours is in each of these, and none of these is ours.
            "mcp:accessories",
            "my-mcp:access",
            "mcp:access:read",
            "MCP:ACCESS",
            "profile mcp:acces s",
            // Broader, in somebody's eyes.
            "mcp",
            "mcp:*",
        ] {
            let token = draft.clone().with("scope", scope).signed();
            all.push((format!("a token with the scope {scope:?}"), token));
        }
        let none = draft.without("scope").signed();
        all.push(("a token without a scope claim".to_owned(), none));
    }
    let granted = realm.grant(user, &["profile", OTHER]).await;
    let granted = granted.map_err(Stop::CouldNotCheck)?.access;
    all.push((
        format!("a token that was issued with the scope {OTHER}"),
        granted,
    ));
    Ok(all)
}

fn is_told_which_scope(said: &Said, what: &str) -> Checked {
    let finding = |code, got: String, why: &'static str| {
        Finding::new(code)
            .sent(format!("{} with {what}", said.sent))
            .expected(format!(
                "HTTP 403, with error=\"insufficient_scope\" and scope=\"{SCOPE}\""
            ))
            .got(got)
            .why(why)
    };
    if said.is_served() {
        return Err(finding(
            Code::AcceptsMissingScope,
            said.describe(),
            "The user did not allow this client to use the store. A scope claim is a list of names, separated by spaces. One of them must be exactly `mcp:access`.",
        )
        .at(places::SCOPE)
        .into());
    }
    match said.status {
        403 => (),
        // A server without streams or sessions has nothing at this method, for nobody.
        400 | 404 | 405 if said.way.is_optional() => return Ok(()),
        _ => {
            return Err(finding(
                Code::WrongScopeRefusal,
                said.describe(),
                "The token is good, but the user allowed something else. On a 401, clients get the same token again. On a 403 with `insufficient_scope`, they ask for one with the scope.",
            )
            .at(places::SCOPE_REFUSAL)
            .into());
        }
    }
    let scopes = said.challenged("scope").unwrap_or_default();
    let error = said.challenged("error").unwrap_or_default();
    let has_metadata = said.challenged("resource_metadata").is_some();
    if error == "insufficient_scope" && scopes.split(' ').any(|one| one == SCOPE) && has_metadata {
        return Ok(());
    }
    let why = if error != "insufficient_scope" {
        "With `insufficient_scope`, clients know that they need to ask for another scope (RFC 6750, 3.1)."
    } else if !has_metadata {
        "With `resource_metadata`, clients know where to ask for the missing scope."
    } else {
        "Clients ask for exactly the scope that is named here, and try again (RFC 6750, 3.1)."
    };
    Err(
        finding(Code::ScopeNotNamed, format!("HTTP 403 with {}", said.challenge_text()), why)
            .expected(format!(
                "HTTP 403 with a Bearer challenge: error=\"insufficient_scope\", scope=\"{SCOPE}\" and resource_metadata"
            ))
            .at(places::SCOPE_REFUSAL)
            .into(),
    )
}
