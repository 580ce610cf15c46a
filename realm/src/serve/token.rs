//! Tokens for codes, for refresh tokens, for passwords and for programs (RFC 6749, 4 and 6).

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::cors;
use super::error::OAuthError;
use super::params::Params;
use crate::clients::Client;
use crate::events::{Asked, Event};
use crate::state::{Invalid, Realm, Tokens};
use crate::tokens::Grant;

const CREDENTIALS: &str = "Invalid client or Invalid client credentials";

pub(super) async fn post(State(realm): State<Realm>, asked: HeaderMap, body: Bytes) -> Response {
    let kind = asked.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let form = if is_form {
        Params::parse(&body)
    } else {
        Params::default()
    };
    let client = client(&realm, &asked, &form);
    let is_served = match (&client, cors::origin(&asked)) {
        (Ok(client), Some(origin)) => client.is_served_to(origin),
        _ => false,
    };
    let name = match &client {
        Ok(client) => Some(client.name.clone()),
        Err(_) => form.get("client_id").map(str::to_owned),
    };
    let answered = answer(&realm, &form, client)
        .inspect_err(|error| realm.tell_refused(Asked::Token, name.as_deref(), &error.words()));
    let response = answered.unwrap_or_else(IntoResponse::into_response);
    if is_served {
        cors::readable(&asked, response)
    } else {
        response
    }
}

fn answer(
    realm: &Realm,
    form: &Params,
    client: Result<Client, OAuthError>,
) -> Result<Response, OAuthError> {
    if form.twice.is_some() {
        return Err(OAuthError::bad("invalid_request", "duplicated parameter"));
    }
    let grant_type = form.get("grant_type");
    let grant_type = grant_type
        .ok_or_else(|| OAuthError::bad("invalid_request", "Missing form parameter: grant_type"))?;
    let grant = match grant_type {
        "authorization_code" => of_code,
        "refresh_token" => of_refresh_token,
        "password" => of_password,
        "client_credentials" => of_credentials,
        _ => {
            let words = "Unsupported grant_type";
            return Err(OAuthError::bad("unsupported_grant_type", words));
        }
    };
    let client = client?;
    let grant = grant(realm, form, &client)?;
    if grant
        .scopes
        .iter()
        .any(|scope| scope == crate::OFFLINE_ACCESS)
        && !grant.subject.may_be_offline()
    {
        let words = "Offline tokens not allowed for the user or client";
        return Err(OAuthError::bad("not_allowed", words));
    }
    let tokens = realm.issue(&grant);
    let tokens = tokens.map_err(|error| {
        OAuthError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            error.to_string(),
        )
    })?;
    realm.tell(&Event::Issued {
        subject: grant.subject.username(),
        client: client.name,
        scope: tokens.scope.clone(),
    });
    Ok(response(realm, tokens))
}

/// Which client asks, and that it is the one (RFC 6749, 2.3).
fn client(realm: &Realm, asked: &HeaderMap, form: &Params) -> Result<Client, OAuthError> {
    let refused = |error| OAuthError::new(StatusCode::UNAUTHORIZED, error, CREDENTIALS);
    let (id, secret) = match basic(asked) {
        Some((id, secret)) => (id, Some(secret)),
        None => {
            let id = form
                .get("client_id")
                .ok_or_else(|| refused("invalid_client"))?;
            (id.to_owned(), form.get("client_secret").map(str::to_owned))
        }
    };
    let client = realm.client(&id);
    let client = client.ok_or_else(|| refused("invalid_client"))?;
    match &client.secret {
        Some(known) if secret.as_ref() != Some(known) => Err(refused("unauthorized_client")),
        _ => Ok(client),
    }
}

/// `Authorization: Basic`, of which both parts are encoded as in a form.
fn basic(asked: &HeaderMap) -> Option<(String, String)> {
    let value = asked.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    Some((decoded(id), decoded(secret)))
}

fn of_code(realm: &Realm, form: &Params, client: &Client) -> Result<Grant, OAuthError> {
    let code = form.get("code");
    let code = code.ok_or_else(|| OAuthError::bad("invalid_request", "Missing parameter: code"))?;
    let uri = form.get("redirect_uri").unwrap_or_default();
    let verifier = form.get("code_verifier");
    realm.redeem(code, client, uri, verifier).map_err(invalid)
}

fn of_refresh_token(realm: &Realm, form: &Params, client: &Client) -> Result<Grant, OAuthError> {
    let token = form.get("refresh_token");
    let token = token.ok_or_else(|| OAuthError::bad("invalid_request", "No refresh token"))?;
    let narrower = form.get("scope");
    let (mut grant, id) = realm.refreshed(token, client).map_err(invalid)?;
    if let Some(asked) = narrower {
        let has = |scope: &str| grant.scopes.iter().any(|one| one == scope);
        if !asked.split_whitespace().all(has) {
            return Err(OAuthError::bad(
                "invalid_scope",
                format!("Invalid scopes: {asked}"),
            ));
        }
        let fewer = client.scopes(realm.file(), asked).unwrap_or_default();
        grant.scopes.retain(|scope| fewer.contains(scope));
    }
    realm.spend(&grant, &id).map_err(invalid)?;
    Ok(grant)
}

fn of_password(realm: &Realm, form: &Params, client: &Client) -> Result<Grant, OAuthError> {
    if !client.grants.password {
        let words = "Client not allowed for direct access grants";
        return Err(OAuthError::bad("unauthorized_client", words));
    }
    let Some(username) = form.get("username") else {
        let words = "Missing parameter: username";
        return Err(OAuthError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_request",
            words,
        ));
    };
    let scopes = scopes(realm, form, client)?;
    let password = form.get("password").unwrap_or_default();
    let refused = || OAuthError::bad("invalid_grant", "Invalid user credentials");
    let user = realm.sign_in(username, password).ok_or_else(refused)?;
    let session = realm.begin_session(user);
    Ok(Grant {
        client: client.id.clone(),
        subject: realm.subject(&user.username).ok_or_else(refused)?,
        scopes,
        session: Some(session),
        signed_in: None,
        nonce: None,
    })
}

fn of_credentials(realm: &Realm, form: &Params, client: &Client) -> Result<Grant, OAuthError> {
    let refused = |words: &str| {
        Err(OAuthError::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized_client",
            words,
        ))
    };
    if client.is_public() {
        return refused("Public client not allowed to retrieve service account");
    }
    if !client.grants.credentials {
        return refused("Client not enabled to retrieve service account");
    }
    Ok(Grant {
        client: client.id.clone(),
        subject: realm.service(client),
        scopes: scopes(realm, form, client)?,
        session: None,
        signed_in: None,
        nonce: None,
    })
}

fn scopes(realm: &Realm, form: &Params, client: &Client) -> Result<Vec<String>, OAuthError> {
    let asked = form.get("scope").unwrap_or_default();
    let scopes = client.scopes(realm.file(), asked);
    scopes.map_err(|scopes| OAuthError::bad("invalid_scope", format!("Invalid scopes: {scopes}")))
}

fn invalid(Invalid(words): Invalid) -> OAuthError {
    OAuthError::bad("invalid_grant", words)
}

fn response(realm: &Realm, tokens: Tokens) -> Response {
    let mut body = json!({
        "access_token": tokens.access,
        "expires_in": realm.file().access_token_lifespan,
        "refresh_expires_in": tokens.refresh.as_ref().map_or(0, |(_, lifetime)| *lifetime),
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": tokens.scope,
    });
    if let Some((token, _)) = tokens.refresh {
        body["refresh_token"] = json!(token);
    }
    if let Some(token) = tokens.id {
        body["id_token"] = json!(token);
    }
    if let Some(session) = tokens.session {
        body["session_state"] = json!(session);
    }
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    (headers, Json(body)).into_response()
}
