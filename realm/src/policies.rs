//! Who may register by themselves (RFC 7591), as Keycloak's policies for anonymous clients say.

use url::Url;

use crate::clients::OPENID;
use crate::file::{Component, RealmFile};

/// What a policy says of a registration that it refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The policy, as people know it: `Trusted Hosts`.
    pub policy: String,
    /// Why.
    pub details: &'static str,
}

/// What a program wants to register with.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Its redirect URIs, and its home page and the like.
    pub uris: &'a [String],
    /// Its scopes.
    pub scopes: &'a [String],
    /// How many clients there are.
    pub clients: usize,
}

/// Whether all policies allow it.
///
/// # Errors
///
/// The first policy that does not, with its reason in Keycloak's words.
pub fn allow(file: &RealmFile, wish: Wish<'_>) -> Result<(), Refused> {
    for policy in file.policies() {
        let refusal = match policy.provider_id.as_str() {
            "trusted-hosts" => untrusted(policy, wish.uris),
            "allowed-client-templates" => {
                let may = |scope: &String| may_have(file, policy, scope);
                (!wish.scopes.iter().all(may))
                    .then_some("Not permitted to use specified clientScope")
            }
            "max-clients" => {
                let most = policy.all("max-clients").first();
                let most = most
                    .and_then(|most| most.parse().ok())
                    .unwrap_or(usize::MAX);
                (wish.clients >= most).then_some("It's allowed to have max clients per realm")
            }
            // Consent is demanded later, mappers cannot be registered, origins are looked at first.
            _ => None,
        };
        if let Some(details) = refusal {
            return Err(Refused {
                policy: policy.name.clone(),
                details,
            });
        }
    }
    Ok(())
}

/// Whether everybody that registers has to ask the user.
pub fn demand_consent(file: &RealmFile) -> bool {
    file.policies()
        .any(|policy| policy.provider_id == "consent-required")
}

/// Whether a page of this origin may register a program.
pub fn let_in(file: &RealmFile, origin: &str) -> bool {
    let mut policies = file.policies();
    policies.any(|policy| {
        policy.provider_id == "registration-web-origins"
            && policy.all("web-origins").iter().any(|one| one == origin)
    })
}

/// Whether programs of these addresses may come here without being known.
pub fn trusts(file: &RealmFile, uris: &[String]) -> bool {
    let mut policies = file.policies();
    policies
        .all(|policy| policy.provider_id != "trusted-hosts" || untrusted(policy, uris).is_none())
}

fn untrusted(policy: &Component, uris: &[String]) -> Option<&'static str> {
    if !policy.is("client-uris-must-match") {
        return None;
    }
    for uri in uris {
        let Ok(uri) = Url::parse(uri) else {
            return Some("URI is malformed");
        };
        let host = uri.host_str().unwrap_or_default();
        let is_web = matches!(uri.scheme(), "http" | "https");
        let trusts = |one: &String| match one.strip_prefix("*.") {
            Some(domain) => host.ends_with(&format!(".{domain}")),
            None => one == host,
        };
        if !is_web || !policy.all("trusted-hosts").iter().any(trusts) {
            return Some("URI doesn't match any trusted host or trusted domain");
        }
    }
    None
}

fn may_have(file: &RealmFile, policy: &Component, scope: &String) -> bool {
    let by_default = policy.is("allow-default-scopes")
        && (file.default_default_client_scopes.contains(scope)
            || file.default_optional_client_scopes.contains(scope));
    let allowed = policy.all("allowed-client-scopes").contains(scope);
    let exists = scope == OPENID || file.scope(scope).is_some();
    exists && (by_default || allowed)
}
