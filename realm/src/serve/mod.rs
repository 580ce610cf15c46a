//! The wire: Keycloak's paths, and its answers.
//!
//! - `host` lets in who asks for this realm by one of its names,
//! - `discovery` says where everything is,
//! - `registration` takes in programs that nobody has registered before (RFC 7591),
//! - `authorize` begins a login, `login` has its pages, `pages` draws them,
//! - `token` gives tokens, `userinfo` says who one is about,
//! - `params` are forms and queries, `cors` is who may read the answers, `error` what is refused.

mod authorize;
mod cors;
mod discovery;
mod error;
mod host;
mod login;
mod pages;
mod params;
mod registration;
mod token;
mod userinfo;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{
    CACHE_CONTROL, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use tracing::debug;

use self::error::{OAuthError, plain_error};
use crate::state::Realm;

impl Realm {
    /// Everything that the realm serves. It belongs at the origin that the realm was made with, on
    /// a loopback address: whoever reaches it can sign in as its users. Requests for another host than
    /// that of the origin or of this machine are refused.
    pub fn router(&self) -> Router {
        let openid = Router::new()
            .route("/auth", get(authorize::get).post(authorize::post))
            .route("/token", post(token::post).options(cors::preflight))
            .route(
                "/userinfo",
                get(userinfo::answer)
                    .post(userinfo::answer)
                    .options(cors::preflight),
            )
            .route("/certs", get(discovery::keys).options(cors::preflight));
        let realm = Router::new()
            .route("/", get(discovery::realm))
            .route(
                "/.well-known/openid-configuration",
                get(discovery::metadata),
            )
            .route(
                "/.well-known/oauth-authorization-server",
                get(discovery::metadata),
            )
            .route(
                "/clients-registrations/openid-connect",
                post(registration::post)
                    .get(async || plain_error(StatusCode::NOT_FOUND))
                    .options(cors::preflight_of_registration),
            )
            .route("/login-actions/authenticate", post(login::authenticate))
            .route("/login-actions/required-action", get(login::consent_page))
            .route("/login-actions/consent", post(login::consent))
            .nest("/protocol/openid-connect", openid)
            .method_not_allowed_fallback(async || plain_error(StatusCode::METHOD_NOT_ALLOWED));
        let name = &self.file().realm;
        Router::new()
            .nest(&format!("/realms/{name}"), realm)
            .route(
                &format!("/.well-known/oauth-authorization-server/realms/{name}"),
                get(discovery::metadata),
            )
            .route("/realms/{realm}", get(no_realm))
            .route("/realms/{realm}/{*rest}", get(no_realm).post(no_realm))
            .fallback(async || plain_error(StatusCode::NOT_FOUND))
            .layer(middleware::from_fn_with_state(self.clone(), host::check))
            .layer(middleware::from_fn(with_headers))
            .with_state(self.clone())
    }
}

/// Another realm than this, which stands in for one only; or a path that this one does not have.
async fn no_realm(State(realm): State<Realm>, Path(path): Path<Vec<(String, String)>>) -> Response {
    let named = path.iter().find(|(name, _)| name == "realm");
    if named.is_some_and(|(_, named)| *named == realm.file().realm) {
        return plain_error(StatusCode::NOT_FOUND);
    }
    OAuthError::plain(StatusCode::NOT_FOUND, "Realm does not exist").into_response()
}

/// What every answer carries, and a line in the log.
async fn with_headers(request: Request, next: Next) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    let mut response = next.run(request).await;
    debug!("{what} → {}", response.status().as_u16());
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(REFERRER_POLICY, "no-referrer");
    set(
        STRICT_TRANSPORT_SECURITY,
        "max-age=31536000; includeSubDomains",
    );
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(CACHE_CONTROL, "no-store");
    response
}
