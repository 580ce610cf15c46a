//! What the realm signs: access tokens, ID tokens and refresh tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::file::{Mapper, RealmFile, User};

/// For whom and for what a token is made.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The program.
    pub client: String,
    /// Who it is about.
    pub subject: Subject,
    /// Its scopes, `openid` among them if it was asked for.
    pub scopes: Vec<String>,
    /// The session of the user, if there is one.
    pub session: Option<String>,
    /// When the user signed in, in seconds since 1970.
    pub signed_in: Option<u64>,
    /// What the client wants to find in the ID token again.
    pub nonce: Option<String>,
}

/// Who a token is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A person.
    User {
        /// `sub`
        id: String,
        /// Who it is.
        user: User,
    },
    /// A program, on its own account.
    Service {
        /// `sub`
        id: String,
        /// The program.
        client: String,
    },
}

impl Subject {
    /// `sub`
    pub fn id(&self) -> &str {
        match self {
            Self::User { id, .. } | Self::Service { id, .. } => id,
        }
    }

    /// `preferred_username`
    pub fn username(&self) -> String {
        match self {
            Self::User { user, .. } => user.username.clone(),
            Self::Service { client, .. } => format!("service-account-{client}"),
        }
    }

    /// Whether there may be a token that outlives the login.
    pub(crate) fn may_be_offline(&self) -> bool {
        match self {
            Self::User { user, .. } => user.may_be_offline(),
            Self::Service { .. } => true,
        }
    }

    fn full_name(&self) -> Option<String> {
        match self {
            Self::User { user, .. } => Some(user.full_name()).filter(|name| !name.is_empty()),
            Self::Service { .. } => None,
        }
    }

    fn attribute(&self, name: &str) -> Option<String> {
        match (self, name) {
            (_, "username") => Some(self.username()),
            (Self::User { user, .. }, "email") => Some(user.email.clone()),
            (Self::User { user, .. }, "firstName") => Some(user.first_name.clone()),
            (Self::User { user, .. }, "lastName") => Some(user.last_name.clone()),
            _ => None,
        }
    }
}

/// Where claims go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The access token.
    Access,
    /// The ID token.
    Id,
    /// The answer of the userinfo endpoint.
    Userinfo,
}

impl Place {
    fn setting(self) -> &'static str {
        match self {
            Self::Access => "access.token.claim",
            Self::Id => "id.token.claim",
            Self::Userinfo => "userinfo.token.claim",
        }
    }
}

impl Grant {
    /// The scopes that the claim `scope` names.
    pub fn named_scopes(&self, file: &RealmFile) -> String {
        let is_named = |scope: &&String| match file.scope(scope) {
            Some(known) => known.is_in_token(),
            None => true,
        };
        let named: Vec<&str> = self
            .scopes
            .iter()
            .filter(is_named)
            .map(String::as_str)
            .collect();
        named.join(" ")
    }

    /// What the scopes' mappers put there.
    pub fn claims(&self, file: &RealmFile, place: Place) -> Map<String, Value> {
        let mut claims = Map::new();
        let scopes = self.scopes.iter().filter_map(|scope| file.scope(scope));
        for mapper in scopes.flat_map(|scope| &scope.protocol_mappers) {
            self.map(mapper, place, &mut claims);
        }
        claims
    }

    fn map(&self, mapper: &Mapper, place: Place, claims: &mut Map<String, Value>) {
        let setting = |name: &str| mapper.config.get(name).map(String::as_str);
        if setting(place.setting()) != Some("true") {
            return;
        }
        let (name, value) = match mapper.protocol_mapper.as_str() {
            "oidc-sub-mapper" => ("sub", Some(json!(self.subject.id()))),
            "oidc-full-name-mapper" => ("name", self.subject.full_name().map(Value::from)),
            "oidc-usermodel-attribute-mapper" => (
                setting("claim.name").unwrap_or_default(),
                setting("user.attribute")
                    .and_then(|name| self.subject.attribute(name))
                    .map(Value::from),
            ),
            "oidc-usersessionmodel-note-mapper" => (
                setting("claim.name").unwrap_or_default(),
                self.signed_in
                    .filter(|_| setting("user.session.note") == Some("AUTH_TIME"))
                    .map(Value::from),
            ),
            "oidc-audience-mapper" => {
                let audience = setting("included.custom.audience");
                let audience = audience.or(setting("included.client.audience"));
                if let Some(audience) = audience {
                    add_audience(claims, audience);
                }
                return;
            }
            _ => return,
        };
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    }
}

/// One audience is a text, several are a list (RFC 7519, 4.1.3).
fn add_audience(claims: &mut Map<String, Value>, audience: &str) {
    let all = match claims.get("aud") {
        None => json!(audience),
        Some(Value::String(one)) if one == audience => json!(one),
        Some(Value::String(one)) => json!([one, audience]),
        Some(Value::Array(all)) if all.iter().any(|one| one == audience) => json!(all),
        Some(Value::Array(all)) => {
            let mut all = all.clone();
            all.push(json!(audience));
            json!(all)
        }
        Some(other) => other.clone(),
    };
    claims.insert("aud".to_owned(), all);
}

/// A version 4 UUID.
pub(crate) fn uuid() -> String {
    let [mut high, mut low] = rand::random::<[u64; 2]>();
    high = high & !0xf000 | 0x4000;
    low = low & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// What nobody guesses: 144 bits.
pub(crate) fn secret() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_its_version() {
        let uuid = uuid();
        assert_eq!(uuid.len(), 36);
        let groups: Vec<&str> = uuid.split('-').collect();
        assert_eq!(
            groups.iter().map(|group| group.len()).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
        assert!(groups[2].starts_with('4'), "{uuid}");
        assert!(groups[3].starts_with(['8', '9', 'a', 'b']), "{uuid}");
    }

    #[test]
    fn audiences_add_up() {
        let mut claims = Map::new();
        for audience in ["store", "store", "bank", "bank"] {
            add_audience(&mut claims, audience);
        }
        assert_eq!(claims["aud"], json!(["store", "bank"]));
    }
}
