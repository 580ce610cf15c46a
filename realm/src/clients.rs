//! The programs that ask for tokens.

use url::{Host, Url};

use crate::file::{ClientFile, RealmFile};

/// A program that the realm knows: from its file, or because it has registered.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name in requests.
    pub id: String,
    /// What people read.
    pub name: String,
    /// Its secret. A public client has none.
    pub secret: Option<String>,
    /// Where it may be answered. A star at the end stands for anything.
    pub redirect_uris: Vec<String>,
    /// The pages that may call the token endpoint.
    pub web_origins: Vec<String>,
    /// Which grants it may use.
    pub grants: Grants,
    /// Whether the user is asked.
    pub consent_required: bool,
    /// Whether it must use PKCE with S256.
    pub pkce_required: bool,
    /// The scopes it gets in any case.
    pub default_scopes: Vec<String>,
    /// The scopes it may ask for.
    pub optional_scopes: Vec<String>,
}

/// The grants of OAuth 2.1, and the password grant, which it has no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    /// Authorization code.
    pub code: bool,
    /// Password.
    pub password: bool,
    /// Client credentials.
    pub credentials: bool,
}

impl Client {
    /// A client as the file has it.
    pub(crate) fn of(file: &ClientFile) -> Self {
        let pkce = file.attributes.get("pkce.code.challenge.method");
        let or = |one: &str, other: &str| {
            if one.is_empty() {
                other.to_owned()
            } else {
                one.to_owned()
            }
        };
        Self {
            id: file.client_id.clone(),
            name: or(&file.name, &file.client_id),
            secret: file.secret.clone().filter(|_| !file.public_client),
            redirect_uris: file.redirect_uris.clone(),
            web_origins: file.web_origins.clone(),
            grants: Grants {
                code: file.standard_flow_enabled,
                password: file.direct_access_grants_enabled,
                credentials: file.service_accounts_enabled,
            },
            consent_required: file.consent_required,
            pkce_required: pkce.is_some_and(|method| !method.is_empty()),
            default_scopes: file.default_client_scopes.clone(),
            optional_scopes: file.optional_client_scopes.clone(),
        }
    }

    /// Whether it can keep no secret.
    pub fn is_public(&self) -> bool {
        self.secret.is_none()
    }

    /// Whether it may be answered there.
    pub fn may_be_answered_at(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|pattern| fits(pattern, uri))
    }

    /// Whether this page may read what the token endpoint answers.
    pub fn is_served_to(&self, origin: &str) -> bool {
        let redirects = self
            .redirect_uris
            .iter()
            .filter_map(|uri| Url::parse(uri).ok());
        self.web_origins
            .iter()
            .any(|allowed| match allowed.as_str() {
                "+" => redirects
                    .clone()
                    .any(|uri| uri.origin().ascii_serialization() == origin),
                allowed => allowed == "*" || allowed == origin,
            })
    }

    /// The scopes of a token for which these were asked, in the order of the token's claim; or
    /// those that it may not ask for.
    ///
    /// # Errors
    ///
    /// What it may not ask for.
    pub fn scopes(&self, file: &RealmFile, asked: &str) -> Result<Vec<String>, String> {
        let asked: Vec<&str> = asked.split_whitespace().collect();
        let is_known = |scope: &&str| {
            *scope == OPENID
                || self
                    .default_scopes
                    .iter()
                    .chain(&self.optional_scopes)
                    .any(|one| one == scope)
        };
        if !asked.iter().all(is_known) {
            return Err(asked.join(" "));
        }
        let openid = asked.contains(&OPENID).then(|| OPENID.to_owned());
        let optional = self
            .optional_scopes
            .iter()
            .filter(|scope| asked.contains(&scope.as_str()));
        let mut scopes: Vec<String> = openid.into_iter().collect();
        for scope in self.default_scopes.iter().chain(optional) {
            if file.scope(scope).is_some() && !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        Ok(scopes)
    }
}

/// The scope that makes an OAuth request one of OpenID Connect.
pub const OPENID: &str = "openid";

/// Whether a redirect URI fits what was registered. On loopback a pattern without a port stands
/// for all ports (RFC 8252, 7.3).
fn fits(pattern: &str, uri: &str) -> bool {
    let (beginning, goes_on) = match pattern.strip_suffix('*') {
        Some(beginning) => (beginning, true),
        None => (pattern, false),
    };
    let fits = |beginning: &str, uri: &str| {
        if goes_on {
            uri.starts_with(beginning)
        } else {
            uri == beginning
        }
    };
    if fits(beginning, uri) {
        return true;
    }
    let (Ok(pattern), Ok(mut uri)) = (Url::parse(beginning), Url::parse(uri)) else {
        return false;
    };
    if pattern.port().is_some() || !is_loopback(&pattern) || uri.cannot_be_a_base() {
        return false;
    }
    let _ = uri.set_port(None);
    fits(pattern.as_str(), uri.as_str())
}

/// Whether a URL is one of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_goes_where_it_was_said() {
        assert!(fits("http://127.0.0.1:3333/cb", "http://127.0.0.1:3333/cb"));
        assert!(fits("http://127.0.0.1/*", "http://127.0.0.1:3333/cb"));
        assert!(fits("http://127.0.0.1/cb", "http://127.0.0.1:3333/cb"));
        assert!(fits("http://localhost/*", "http://localhost/"));
        assert!(fits("https://vscode.dev/*", "https://vscode.dev/redirect"));
        for (pattern, uri) in [
            ("http://127.0.0.1:3333/cb", "http://127.0.0.1:3334/cb"),
            ("http://127.0.0.1:3333/cb", "http://127.0.0.1:3333/cb/more"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:3333/cb/more"),
            ("https://vscode.dev/cb", "https://vscode.dev:444/cb"),
            ("http://127.0.0.1/*", "http://127.0.0.1.evil.example/"),
            ("http://127.0.0.1/*", "http://127.0.0.1@evil.example/"),
            ("http://127.0.0.1/*", "https://127.0.0.1:1/"),
            ("https://vscode.dev/*", "https://vscode.dev:444/"),
            (
                "https://vscode.dev/redirect",
                "https://vscode.dev/redirect?x",
            ),
        ] {
            assert!(!fits(pattern, uri), "{pattern} {uri}");
        }
    }
}
