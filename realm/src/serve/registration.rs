//! Programs that register by themselves (RFC 7591). 2026-07-28 of MCP deprecates it in favor of
//! client ID metadata documents; hosts still do it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use serde_json::{Map, Value, json};

use super::cors;
use super::error::OAuthError;
use crate::clients::{Client, Grants, OPENID};
use crate::events::{Asked, Event};
use crate::keys::now;
use crate::policies::{self, Refused, Wish};
use crate::state::Realm;
use crate::tokens::{secret, uuid};

/// The metadata that Keycloak knows. Anything else it refuses.
const KNOWN: [&str; 27] = [
    "application_type",
    "backchannel_logout_session_required",
    "backchannel_logout_uri",
    "client_id",
    "client_name",
    "client_secret",
    "client_uri",
    "contacts",
    "default_max_age",
    "dpop_bound_access_tokens",
    "frontchannel_logout_session_required",
    "frontchannel_logout_uri",
    "grant_types",
    "initiate_login_uri",
    "jwks",
    "jwks_uri",
    "logo_uri",
    "policy_uri",
    "post_logout_redirect_uris",
    "redirect_uris",
    "response_types",
    "scope",
    "software_id",
    "software_version",
    "subject_type",
    "token_endpoint_auth_method",
    "tos_uri",
];

pub(super) async fn post(State(realm): State<Realm>, asked: HeaderMap, body: Bytes) -> Response {
    let origin = cors::origin(&asked);
    if origin.is_some_and(|origin| !policies::let_in(realm.file(), origin)) {
        let error = OAuthError::plain(StatusCode::FORBIDDEN, "Invalid origin");
        realm.tell_refused(Asked::Registration, None, &error.words());
        return error.into_response();
    }
    let kind = asked.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        let words = "The content-type header value did not match the value in @Consumes";
        return OAuthError::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, words).into_response();
    }
    let registered = register(&realm, &body, origin)
        .inspect_err(|error| realm.tell_refused(Asked::Registration, None, &error.words()));
    cors::readable(
        &asked,
        registered.unwrap_or_else(IntoResponse::into_response),
    )
}

fn register(realm: &Realm, body: &[u8], origin: Option<&str>) -> Result<Response, OAuthError> {
    let unreadable = || OAuthError::bad("invalid_request", "Cannot parse the JSON");
    let Value::Object(metadata) = serde_json::from_slice(body).map_err(|_| unreadable())? else {
        return Err(OAuthError::bad("unknown_error", "Cannot parse the JSON"));
    };
    if let Some(unknown) = metadata.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let words = format!(
            "Invalid json representation for OIDCClientRepresentation. Unrecognized field \"{unknown}\"."
        );
        return Err(OAuthError::plain(StatusCode::BAD_REQUEST, &words));
    }
    let texts = |name: &str| texts(&metadata, name).ok_or_else(unreadable);
    let redirect_uris = texts("redirect_uris")?.unwrap_or_default();
    let grant_types = texts("grant_types")?;
    let method = text(&metadata, "token_endpoint_auth_method").unwrap_or("client_secret_basic");
    if !["none", "client_secret_basic", "client_secret_post"].contains(&method) {
        return Err(OAuthError::bad(
            "invalid_client_metadata",
            "Client metadata invalid",
        ));
    }

    let file = realm.file();
    let scope = text(&metadata, "scope");
    let scopes: Option<Vec<String>> =
        scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect());
    let homes = [
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "jwks_uri",
    ];
    let homes = homes.iter().filter_map(|name| text(&metadata, name));
    let uris: Vec<String> = redirect_uris
        .iter()
        .cloned()
        .chain(homes.map(str::to_owned))
        .collect();
    let mut memory = realm.memory();
    let wish = Wish {
        uris: &uris,
        scopes: scopes.as_deref().unwrap_or_default(),
        clients: memory.clients.len(),
    };
    policies::allow(file, wish).map_err(refused)?;

    let optional = match scopes {
        Some(scopes) => scopes.into_iter().filter(|scope| scope != OPENID).collect(),
        None => file.default_optional_client_scopes.clone(),
    };
    let usual = || vec!["authorization_code".to_owned(), "refresh_token".to_owned()];
    let grant_types = grant_types.unwrap_or_else(usual);
    let has = |grant: &str| grant_types.iter().any(|one| one == grant);
    let origins = ["+"].into_iter().chain(origin).map(str::to_owned);
    let id = uuid();
    let client = Client {
        name: text(&metadata, "client_name").unwrap_or(&id).to_owned(),
        secret: (method != "none").then(secret),
        redirect_uris,
        web_origins: origins.collect(),
        grants: Grants {
            code: has("authorization_code"),
            password: has("password"),
            credentials: has("client_credentials"),
        },
        consent_required: policies::demand_consent(file),
        pkce_required: false,
        default_scopes: file.default_default_client_scopes.clone(),
        optional_scopes: optional,
        id,
    };
    let answer = answer(realm, &client, method);
    let name = client.name.clone();
    memory.clients.insert(client.id.clone(), client);
    drop(memory);
    realm.tell(&Event::Registered { client: name });
    Ok(answer)
}

fn answer(realm: &Realm, client: &Client, method: &str) -> Response {
    let uri = format!(
        "{}/clients-registrations/openid-connect/{}",
        realm.issuer(),
        client.id
    );
    let grants = [
        ("authorization_code", client.grants.code),
        ("password", client.grants.password),
        ("client_credentials", client.grants.credentials),
        ("refresh_token", client.grants.code),
    ];
    let grants: Vec<&str> = grants
        .iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| *name)
        .collect();
    let responses = if client.grants.code {
        json!(["code", "none"])
    } else {
        json!([])
    };
    let mut body = json!({
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": method,
        "grant_types": grants,
        "response_types": responses,
        "client_id": client.id,
        "client_name": client.name,
        "scope": client.optional_scopes.join(" "),
        "subject_type": "public",
        "request_uris": [],
        "backchannel_logout_session_required": false,
        "frontchannel_logout_session_required": false,
        "require_pushed_authorization_requests": false,
        "tls_client_certificate_bound_access_tokens": false,
        "dpop_bound_access_tokens": false,
        "post_logout_redirect_uris": client.redirect_uris,
        "client_id_issued_at": now(),
        "registration_client_uri": uri,
        "registration_access_token": secret(),
    });
    if let Some(secret) = &client.secret {
        body["client_secret"] = json!(secret);
        body["client_secret_expires_at"] = json!(0);
    }
    (StatusCode::CREATED, [(LOCATION, uri)], Json(body)).into_response()
}

fn refused(refused: Refused) -> OAuthError {
    let words = format!(
        "Policy '{}' rejected request to client-registration service. Details: {}",
        refused.policy, refused.details
    );
    OAuthError::new(StatusCode::FORBIDDEN, "insufficient_scope", words)
}

fn text<'a>(metadata: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    metadata.get(name)?.as_str()
}

/// A list of texts. `None` when it is something else.
fn texts(metadata: &Map<String, Value>, name: &str) -> Option<Option<Vec<String>>> {
    let Some(value) = metadata.get(name) else {
        return Some(None);
    };
    let texts = value
        .as_array()?
        .iter()
        .map(|one| one.as_str().map(str::to_owned));
    texts.collect::<Option<Vec<String>>>().map(Some)
}
