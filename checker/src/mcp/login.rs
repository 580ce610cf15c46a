//! Signing a user in, as a client that knows nothing but a server's address (OAuth 2.1): rmcp's client, and
//! a record of what it asks.
//!
//! Nothing secret is recorded: of requests their address, of answers the names in them, and what is for
//! everybody to read.

use std::sync::Arc;

use reqwest::Url;
use rmcp::transport::auth::{
    AuthError, AuthorizationManager, AuthorizationMetadata, AuthorizationRequest,
    AuthorizationSession, OAuthHttpClient, OAuthHttpClientFuture, OAuthHttpRequest,
    default_oauth_http_client,
};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::transcript::{Connection, Transcript};

/// What clients must use to prove that a code was meant for them (RFC 7636).
const S256: &str = "S256";

/// Where a login has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What the server says of its realm, and what that says of itself.
    Discovery,
    /// The registration at the realm, with the scopes that the server names.
    Registration,
    /// The answer of the realm, with a code or an error.
    Callback,
    /// The token for the code, or for a refresh token.
    Token,
}

/// A login that did not come to its end.
#[derive(Debug, Error)]
#[error("{why}")]
pub struct LoginError {
    /// How far it came.
    pub stage: Stage,
    /// Why not further.
    pub why: String,
}

impl LoginError {
    fn at(stage: Stage) -> impl Fn(AuthError) -> Self {
        move |error| Self {
            stage: match error {
                AuthError::RegistrationFailed(_) => Stage::Registration,
                _ => stage,
            },
            why: error.to_string(),
        }
    }
}

/// A login that waits for its user.
pub struct Login {
    session: AuthorizationSession,
    address: Url,
}

/// A user who has signed in.
pub struct SignedIn {
    manager: AuthorizationManager,
}

impl Login {
    /// Finds the realm of a server, and is known there by this name as a client that is answered at
    /// `callback`. The challenge is the `WWW-Authenticate` of the server's 401.
    ///
    /// # Errors
    ///
    /// Where and why it stopped. A realm that does not say that it supports PKCE is refused.
    pub async fn begin(
        server: &Url,
        name: &str,
        challenge: Option<&str>,
        callback: &Url,
        transcript: &Transcript,
    ) -> Result<Self, LoginError> {
        let at = LoginError::at(Stage::Discovery);
        let http = Recorded {
            inner: Box::new(default_oauth_http_client().map_err(&at)?),
            connection: transcript.connect(),
        };
        let manager =
            AuthorizationManager::new_with_oauth_http_client(server.as_str(), Arc::new(http));
        let mut manager = manager.await.map_err(&at)?;
        let found = manager.resolve_metadata_from_challenge(challenge).await;
        let metadata = found.map_err(&at)?.metadata;
        supports_pkce(&metadata)?;
        manager.set_metadata(metadata);

        let mut request = AuthorizationRequest::new(callback.as_str()).with_client_name(name);
        if let Some(challenge) = challenge {
            request = request.with_challenge(challenge);
        }
        let session = AuthorizationSession::new(manager, request).await;
        let session = session.map_err(|(_, error)| at(error))?;
        let address = Url::parse(&session.auth_url).map_err(|error| at(error.into()))?;
        Ok(Self { session, address })
    }

    /// Where the user signs in.
    pub fn address(&self) -> &Url {
        &self.address
    }

    /// Takes the address to which the realm has sent the user's browser: with a code, with the state of
    /// this login, and with the realm's own name (RFC 9207).
    ///
    /// # Errors
    ///
    /// Where and why it stopped.
    pub async fn finish(self, answered: &Url) -> Result<SignedIn, LoginError> {
        let named = |name: &str| {
            let mut pairs = answered.query_pairs();
            pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        if let Some(error) = named("error") {
            let more = named("error_description").unwrap_or_default();
            return Err(LoginError {
                stage: Stage::Callback,
                why: format!("the realm answered {error}: {more}"),
            });
        }
        let taken = self.session.handle_callback_url(answered.as_str()).await;
        taken.map_err(LoginError::at(Stage::Token))?;
        Ok(SignedIn {
            manager: self.session.auth_manager,
        })
    }
}

impl SignedIn {
    /// The access token.
    ///
    /// # Errors
    ///
    /// Why there is none any more.
    pub async fn token(&self) -> Result<String, LoginError> {
        let token = self.manager.get_access_token().await;
        token.map_err(LoginError::at(Stage::Token))
    }

    /// Has the realm give another one.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub async fn refresh(&self) -> Result<(), LoginError> {
        let refreshed = self.manager.refresh_token().await;
        refreshed.map(|_| ()).map_err(LoginError::at(Stage::Token))
    }
}

/// rmcp goes on where a realm does not say which methods it has. The specification has clients refuse it:
/// without PKCE, whoever gets hold of a code can use it.
fn supports_pkce(metadata: &AuthorizationMetadata) -> Result<(), LoginError> {
    let methods = metadata.code_challenge_methods_supported.as_ref();
    if methods.is_some_and(|methods| methods.iter().any(|method| method == S256)) {
        return Ok(());
    }
    Err(LoginError {
        stage: Stage::Discovery,
        why: format!(
            "the realm does not list {S256} among its code_challenge_methods_supported: it is not safe to sign in there"
        ),
    })
}

/// rmcp's HTTP client, with a record beside it.
struct Recorded {
    inner: Box<dyn OAuthHttpClient>,
    connection: Connection,
}

impl OAuthHttpClient for Recorded {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        let via = format!("{} {}", request.request.method(), request.request.uri());
        let index = self.connection.send(via, Value::Null);
        Box::pin(async move {
            let answered = self.inner.execute(request).await;
            if let Ok(response) = &answered {
                self.connection
                    .head(index, response.status(), response.headers());
                if let Ok(json) = serde_json::from_slice(response.body()) {
                    self.connection.receive(index, harmless(json));
                }
            }
            self.connection.end(index);
            answered
        })
    }
}

/// The answer, without what opens a door.
fn harmless(json: Value) -> Value {
    const SECRETS: [&str; 5] = [
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "registration_access_token",
    ];
    let Value::Object(fields) = json else {
        return json;
    };
    let fields = fields.into_iter().map(|(name, value)| {
        let is_secret = SECRETS.contains(&name.as_str());
        let value = if is_secret { json!("…") } else { value };
        (name, value)
    });
    Value::Object(fields.collect::<Map<_, _>>())
}
