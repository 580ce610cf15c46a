//! The realm file, in Keycloak's import format. Keycloak reads all of it; here stands what the
//! stand-in acts on.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use thiserror::Error;

/// The workshop's realm.
const WORKSHOP: &str = include_str!("../workshop-realm.json");

/// A realm: who its users are, which programs may ask for tokens, and what is in those.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RealmFile {
    /// `workshop`, as in `/realms/workshop`.
    pub realm: String,
    /// What people read.
    #[serde(default)]
    pub display_name: String,
    /// How long an access token is good for, in seconds.
    pub access_token_lifespan: u64,
    /// Whether a refresh token is good for once.
    #[serde(default)]
    pub revoke_refresh_token: bool,
    /// What a token can be good for.
    pub client_scopes: Vec<ClientScope>,
    /// The scopes that a client gets in any case.
    pub default_default_client_scopes: Vec<String>,
    /// The scopes that a client may ask for.
    pub default_optional_client_scopes: Vec<String>,
    /// The programs that are known from the beginning.
    pub clients: Vec<ClientFile>,
    /// The people.
    pub users: Vec<User>,
    /// Everything that Keycloak extends by plug-ins, by their interface.
    #[serde(default)]
    pub components: HashMap<String, Vec<Component>>,
}

/// A scope, with what it puts into tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientScope {
    /// `mcp:access`
    pub name: String,
    /// Whether it is shown, and how.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// What it puts into tokens.
    #[serde(default)]
    pub protocol_mappers: Vec<Mapper>,
}

impl ClientScope {
    /// Whether the claim `scope` names it.
    pub fn is_in_token(&self) -> bool {
        self.is("include.in.token.scope")
    }

    /// What the consent page says, if the user is asked about it at all.
    pub fn consent(&self) -> Option<&str> {
        let text = self.attributes.get("consent.screen.text");
        let text = text.filter(|text| !text.is_empty()).unwrap_or(&self.name);
        self.is("display.on.consent.screen").then_some(text)
    }

    fn is(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).map(String::as_str) == Some("true")
    }
}

/// What a scope puts into a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapper {
    /// What kind it is: `oidc-audience-mapper`.
    pub protocol_mapper: String,
    /// How it is set up.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// A program, as the file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientFile {
    /// Its name in requests.
    pub client_id: String,
    /// What people read.
    #[serde(default)]
    pub name: String,
    /// Whether it can keep no secret.
    #[serde(default)]
    pub public_client: bool,
    /// Its secret.
    pub secret: Option<String>,
    /// The authorization code grant.
    #[serde(default)]
    pub standard_flow_enabled: bool,
    /// The password grant.
    #[serde(default)]
    pub direct_access_grants_enabled: bool,
    /// The client credentials grant.
    #[serde(default)]
    pub service_accounts_enabled: bool,
    /// Where it may be answered. A star at the end stands for anything.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The pages that may call the token endpoint. `+` are those of the redirect URIs.
    #[serde(default)]
    pub web_origins: Vec<String>,
    /// Whether the user is asked.
    #[serde(default)]
    pub consent_required: bool,
    /// `pkce.code.challenge.method` demands PKCE.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The scopes it gets in any case.
    #[serde(default)]
    pub default_client_scopes: Vec<String>,
    /// The scopes it may ask for.
    #[serde(default)]
    pub optional_client_scopes: Vec<String>,
}

/// A person.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The name to sign in with.
    pub username: String,
    /// First and last name, for people.
    #[serde(default)]
    pub first_name: String,
    /// See `first_name`.
    #[serde(default)]
    pub last_name: String,
    /// The other name to sign in with.
    #[serde(default)]
    pub email: String,
    /// What they may do in the realm. `offline_access` lets them have tokens that outlive a login.
    #[serde(default)]
    pub realm_roles: Vec<String>,
    credentials: Vec<Credential>,
}

#[derive(Clone, Debug, Deserialize)]
struct Credential {
    r#type: String,
    value: String,
}

impl User {
    /// `Alice Baker`
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
            .trim()
            .to_owned()
    }

    /// Whether a program may get a token for them that outlives the login.
    pub fn may_be_offline(&self) -> bool {
        self.realm_roles.iter().any(|role| role == OFFLINE_ACCESS)
    }

    /// Their password. It stands in the file for everyone to read.
    pub fn password(&self) -> Option<&str> {
        let mut credentials = self.credentials.iter();
        let password = credentials.find(|one| one.r#type == "password")?;
        Some(&password.value)
    }

    /// Whether this is their password.
    pub fn has_password(&self, password: &str) -> bool {
        self.password() == Some(password)
    }
}

/// A plug-in with its configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// What people read: `Trusted Hosts`.
    pub name: String,
    /// What it is: `trusted-hosts`.
    pub provider_id: String,
    /// Whom it is for: `anonymous`.
    #[serde(default)]
    pub sub_type: String,
    /// How it is set up.
    #[serde(default)]
    pub config: BTreeMap<String, Vec<String>>,
}

impl Component {
    /// The values of a setting.
    pub fn all(&self, setting: &str) -> &[String] {
        self.config.get(setting).map_or(&[], Vec::as_slice)
    }

    /// Whether a setting is on.
    pub fn is(&self, setting: &str) -> bool {
        self.all(setting).iter().any(|value| value == "true")
    }
}

/// Why a file is no realm.
#[derive(Debug, Error)]
pub enum FileError {
    /// It is not JSON, or lacks something.
    #[error("the realm file cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A client or the realm names a scope that is not there.
    #[error("the realm file has no client scope {0:?}, and something in it asks for that")]
    NoScope(String),
    /// A scope wants something that the stand-in cannot do.
    #[error("the stand-in does not know the mapper {0:?}; Keycloak does")]
    UnknownMapper(String),
}

/// The mappers that the stand-in knows.
const MAPPERS: [&str; 5] = [
    "oidc-sub-mapper",
    "oidc-usersessionmodel-note-mapper",
    "oidc-usermodel-attribute-mapper",
    "oidc-full-name-mapper",
    "oidc-audience-mapper",
];

/// The scope with which a client may use the store in its user's name, as the realm file has it.
pub const SCOPE: &str = "mcp:access";

/// For whom tokens with that scope are, as the realm file has it.
pub const AUDIENCE: &str = "product-store";

/// A scope that Keycloak makes by itself: a refresh token that outlives the login.
pub const OFFLINE_ACCESS: &str = "offline_access";

impl RealmFile {
    /// The workshop's own.
    ///
    /// # Errors
    ///
    /// A [`FileError`]; a test shows that there is none.
    pub fn workshop() -> Result<Self, FileError> {
        Self::parse(WORKSHOP)
    }

    /// A realm in Keycloak's import format.
    ///
    /// # Errors
    ///
    /// A [`FileError`] when it cannot be served.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let mut file: Self = serde_json::from_str(text)?;
        if file.scope(OFFLINE_ACCESS).is_none() {
            let shown = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            file.client_scopes.push(ClientScope {
                name: OFFLINE_ACCESS.to_owned(),
                attributes: BTreeMap::from([
                    shown("include.in.token.scope", "true"),
                    shown("display.on.consent.screen", "true"),
                    shown("consent.screen.text", "Offline Access"),
                ]),
                protocol_mappers: Vec::new(),
            });
        }
        let of_clients = file.clients.iter().flat_map(|client| {
            let defaults = client.default_client_scopes.iter();
            defaults.chain(&client.optional_client_scopes)
        });
        let named = file
            .default_default_client_scopes
            .iter()
            .chain(&file.default_optional_client_scopes)
            .chain(of_clients);
        for name in named {
            if file.scope(name).is_none() {
                return Err(FileError::NoScope(name.clone()));
            }
        }
        let mappers = file
            .client_scopes
            .iter()
            .flat_map(|scope| &scope.protocol_mappers);
        for mapper in mappers {
            if !MAPPERS.contains(&mapper.protocol_mapper.as_str()) {
                return Err(FileError::UnknownMapper(mapper.protocol_mapper.clone()));
            }
        }
        Ok(file)
    }

    /// The text of the workshop's realm, for Keycloak.
    pub fn workshop_text() -> &'static str {
        WORKSHOP
    }

    /// A scope by its name.
    pub fn scope(&self, name: &str) -> Option<&ClientScope> {
        self.client_scopes.iter().find(|scope| scope.name == name)
    }

    /// A user by their name or address, in any case.
    pub fn user(&self, name: &str) -> Option<&User> {
        let name = name.trim().to_lowercase();
        self.users.iter().find(|user| {
            user.username.to_lowercase() == name
                || !user.email.is_empty() && user.email.to_lowercase() == name
        })
    }

    /// The policies for programs that register by themselves.
    pub fn policies(&self) -> impl Iterator<Item = &Component> {
        const INTERFACE: &str =
            "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
        let all = self.components.get(INTERFACE).into_iter().flatten();
        all.filter(|policy| policy.sub_type == "anonymous")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_of_the_store_makes_tokens_for_the_store() {
        let file = RealmFile::workshop().expect("it is a realm");
        let scope = file.scope(SCOPE).expect("it has the scope");
        let audiences = scope
            .protocol_mappers
            .iter()
            .filter_map(|mapper| mapper.config.get("included.custom.audience"));
        assert_eq!(audiences.collect::<Vec<_>>(), [AUDIENCE]);
    }

    #[test]
    fn the_workshops_realm_can_be_served() {
        let file = RealmFile::workshop().expect("it is a realm");
        assert!(
            file.user("ALICE@example.com")
                .is_some_and(|alice| alice.has_password("alice"))
        );
        assert!(file.policies().count() > 3);
        let offered = |client: &ClientFile| {
            client
                .optional_client_scopes
                .contains(&OFFLINE_ACCESS.to_owned())
        };
        assert!(file.clients.iter().all(offered), "every SDK asks for it");
    }

    #[test]
    fn what_cannot_be_served_is_said() {
        let scope = WORKSHOP.replace(r#""name": "mcp:access","#, r#""name": "mcp:other","#);
        let error = RealmFile::parse(&scope).expect_err("the scope is gone");
        assert_eq!(
            error.to_string(),
            r#"the realm file has no client scope "mcp:access", and something in it asks for that"#
        );
        let mapper = WORKSHOP.replace(
            r#""protocolMapper": "oidc-sub-mapper""#,
            r#""protocolMapper": "oidc-script-mapper""#,
        );
        let error = RealmFile::parse(&mapper).expect_err("nobody knows that mapper here");
        assert_eq!(
            error.to_string(),
            r#"the stand-in does not know the mapper "oidc-script-mapper"; Keycloak does"#
        );
    }
}
