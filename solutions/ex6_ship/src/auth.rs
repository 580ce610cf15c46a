//! Who may use the store: users with a token that the realm issued for this store.
//!
//! The store is an OAuth 2.1 *resource server*. It has no passwords and no login page. It says
//! where the realm is ([`Auth::metadata`], RFC 9728), refuses requests without a valid token
//! ([`Auth::refuse`], RFC 6750), and checks each token itself ([`Auth::verify`]): the signature and
//! the claims say everything it needs, so it does not have to ask the realm.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware, routing::get};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Url;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::confirm::internal;
use crate::realm::{RealmError, RealmKeys};
use crate::sessions::Sessions;

/// What a user lets a client do here: use the store as that user.
const SCOPE: &str = "mcp:access";

/// Where a server publishes its metadata, followed by the path of the resource (RFC 9728, 3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Someone who is signed in.
#[derive(Clone, Debug)]
pub struct User {
    /// The realm's ID for the user. Names may change, but this never does.
    pub id: String,
    /// The user's name.
    pub name: String,
}

impl User {
    /// Who sent a request.
    pub fn of(context: &RequestContext<RoleServer>) -> Result<Self, ErrorData> {
        let Some(parts) = context.extensions.get::<Parts>() else {
            // Over stdio there is nobody else: the user started this program.
            return Ok(Self {
                id: "local".to_owned(),
                name: "you".to_owned(),
            });
        };
        let user = parts.extensions.get::<Self>().cloned();
        user.ok_or_else(|| internal("a request got past the token check without a user"))
    }
}

/// What the store reads in an access token. The realm has signed it.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    preferred_username: String,
    /// Its type. Keycloak writes `Bearer` into access tokens, and `ID` or `Refresh` into others.
    typ: String,
    /// What the token allows: names, separated by spaces.
    #[serde(default)]
    scope: String,
}

impl Claims {
    fn allow(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|name| name == scope)
    }
}

/// Why a request is refused.
#[derive(Debug)]
enum Refusal {
    /// There is no token.
    NoToken,
    /// The token is for another server, or not valid now. The reason is for the log.
    BadToken(String),
    /// The token is valid, but does not have the scope.
    MissingScope,
    /// The store cannot tell, because the realm does not answer.
    RealmIsSilent(RealmError),
}

/// The metadata document of the store (RFC 9728, 2).
#[derive(Serialize)]
struct Metadata {
    resource: String,
    authorization_servers: Vec<String>,
    scopes_supported: Vec<&'static str>,
    bearer_methods_supported: Vec<&'static str>,
}

/// The token check in front of the store.
pub struct Auth {
    keys: RealmKeys,
    audience: String,
    /// Where clients reach the store, `http://127.0.0.1:8420/mcp`.
    resource: Url,
    sessions: Sessions,
}

impl Auth {
    pub fn new(keys: RealmKeys, audience: String, resource: Url, sessions: Sessions) -> Self {
        Self {
            keys,
            audience,
            resource,
            sessions,
        }
    }

    /// The store behind the token check, and the metadata, which everybody may read.
    pub fn protect(self, store: Router) -> Router {
        let auth = Arc::new(self);
        let check = middleware::from_fn_with_state(Arc::clone(&auth), require_token);
        let metadata = get(async |State(auth): State<Arc<Self>>| Json(auth.metadata()));
        let beside = Router::new()
            .route(WELL_KNOWN, metadata.clone())
            .route(&format!("{WELL_KNOWN}/mcp"), metadata)
            .with_state(auth);
        store.layer(check).merge(beside)
    }

    fn metadata(&self) -> Metadata {
        Metadata {
            resource: self.resource.to_string(),
            authorization_servers: vec![self.keys.issuer().to_owned()],
            scopes_supported: vec![SCOPE],
            bearer_methods_supported: vec!["header"],
        }
    }

    /// The address of the metadata: the store's address, with the well-known path before its path.
    fn metadata_url(&self) -> Url {
        let mut url = self.resource.clone();
        url.set_path(&format!("{WELL_KNOWN}{}", self.resource.path()));
        url
    }

    /// The answer to a request that is refused.
    fn refuse(&self, refusal: &Refusal) -> Response {
        match refusal {
            Refusal::NoToken | Refusal::BadToken(_) => {
                let mut challenge = format!(
                    r#"Bearer resource_metadata="{}", scope="{SCOPE}""#,
                    self.metadata_url()
                );
                if matches!(refusal, Refusal::BadToken(_)) {
                    challenge += r#", error="invalid_token""#;
                }
                let headers = [(WWW_AUTHENTICATE, challenge)];
                (StatusCode::UNAUTHORIZED, headers, "Sign in first.").into_response()
            }
            Refusal::MissingScope => {
                let challenge = format!(
                    r#"Bearer error="insufficient_scope", scope="{SCOPE}", resource_metadata="{}""#,
                    self.metadata_url()
                );
                let headers = [(WWW_AUTHENTICATE, challenge)];
                let words = format!("This takes the scope {SCOPE}.");
                (StatusCode::FORBIDDEN, headers, words).into_response()
            }
            // Never accept a request if you cannot tell who sent it.
            Refusal::RealmIsSilent(_) => {
                let words = "The realm that signs tokens does not answer. Try again later.";
                (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
            }
        }
    }

    /// Who sent a request with this token.
    async fn recognize(&self, token: Option<String>) -> Result<User, Refusal> {
        let token = token.ok_or(Refusal::NoToken)?;
        let key = self.key_of(&token).await?;
        self.verify(&token, &key)
    }

    /// The key that the token names as its own.
    async fn key_of(&self, token: &str) -> Result<DecodingKey, Refusal> {
        let bad = |why: &dyn std::fmt::Display| Refusal::BadToken(why.to_string());
        let header = decode_header(token).map_err(|error| bad(&error))?;
        let kid = header.kid.ok_or_else(|| bad(&"it names no key"))?;
        let key = self.keys.find(&kid).await.map_err(Refusal::RealmIsSilent)?;
        key.ok_or_else(|| bad(&"the realm does not list its key"))
    }

    /// Who sent a token, if it is valid.
    fn verify(&self, token: &str, key: &DecodingKey) -> Result<User, Refusal> {
        let bad = |why: &dyn std::fmt::Display| Refusal::BadToken(why.to_string());
        let token = decode::<Claims>(token, key, &self.rules()).map_err(|error| bad(&error))?;
        let claims = token.claims;
        if claims.typ != "Bearer" {
            return Err(bad(&"it is not an access token"));
        }
        if !claims.allow(SCOPE) {
            return Err(Refusal::MissingScope);
        }
        Ok(User {
            id: claims.sub,
            name: claims.preferred_username,
        })
    }

    /// The rules for a token that is valid here and now.
    fn rules(&self) -> Validation {
        // We choose the algorithm. A token that could choose might choose `none`.
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[self.keys.issuer()]);
        rules.set_audience(&[&self.audience]);
        // Without this, a token without one of these claims passes.
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.validate_nbf = true;
        rules.leeway = 5;
        rules
    }
}

/// Accepts requests with a valid token, and tells the store who sent them.
async fn require_token(
    State(auth): State<Arc<Auth>>,
    mut request: Request,
    next: Next,
) -> Response {
    let token = bearer(request.headers());
    match auth.recognize(token).await {
        Ok(user) => {
            request.extensions_mut().insert(user.clone());
            auth.sessions.keep_apart(&user, request, next).await
        }
        Err(refusal) => {
            match &refusal {
                Refusal::BadToken(why) => info!("a token was refused: {why}"),
                Refusal::RealmIsSilent(error) => warn!("tokens cannot be checked: {error}"),
                Refusal::NoToken | Refusal::MissingScope => (),
            }
            auth.refuse(&refusal)
        }
    }
}

/// The token of a request (RFC 6750, 2.1): exactly one, in the header and nowhere else. In a URL,
/// it would end up in logs and browser histories.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.to_owned())
}
