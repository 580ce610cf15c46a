//! The beginning of a login (RFC 6749, 4.1.1; RFC 7636; RFC 9207).

use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use url::form_urlencoded;

use super::login::{self, Cookie};
use super::pages;
use super::params::Params;
use crate::clients::{Client, OPENID};
use crate::documents::Unfit;
use crate::events::Asked;
use crate::state::{Challenge, Login, Realm, ResponseMode};
use crate::tokens::secret;

pub(super) async fn get(
    State(realm): State<Realm>,
    RawQuery(query): RawQuery,
    asked: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    begin(&realm, &params, &asked).await
}

pub(super) async fn post(State(realm): State<Realm>, asked: HeaderMap, body: Bytes) -> Response {
    begin(&realm, &Params::parse(&body), &asked).await
}

/// An error that the client is told, by way of the browser.
struct Told(&'static str, Option<String>);

impl Told {
    fn of(error: &'static str, description: impl Into<String>) -> Self {
        Self(error, Some(description.into()))
    }
}

/// What the browser is asked for besides.
struct Prompt {
    none: bool,
    login: bool,
    consent: bool,
}

async fn begin(realm: &Realm, params: &Params, asked: &HeaderMap) -> Response {
    // Without these two it is not known who is asking: the user is told, and nobody else.
    let is_ambiguous = matches!(params.twice.as_deref(), Some("client_id" | "redirect_uri"));
    let Some(client_id) = params.get("client_id").filter(|_| !is_ambiguous) else {
        return shown(realm, None, "Invalid Request");
    };
    let client = match realm.client_with_user(client_id).await {
        Ok(Some(client)) => client,
        Ok(None) => return shown(realm, Some(client_id), "Client not found."),
        Err(Unfit(words)) => return shown(realm, Some(client_id), words),
    };
    let redirect_uri = params.get("redirect_uri");
    let Some(redirect_uri) = redirect_uri.filter(|uri| client.may_be_answered_at(uri)) else {
        let words = "Invalid parameter: redirect_uri";
        return shown(realm, Some(&client.name), words);
    };
    let response = match params.get("response_mode") {
        Some("fragment") => ResponseMode::Fragment,
        _ => ResponseMode::Query,
    };
    let read = read(realm, params, client.clone(), redirect_uri, response);
    let (login, prompt) = match read {
        Ok(read) => read,
        Err(Told(error, description)) => {
            let words = description.as_deref().unwrap_or(error);
            realm.tell_refused(Asked::Login, Some(&client.name), words);
            let state = params.get("state");
            return refused(
                realm,
                redirect_uri,
                response,
                state,
                error,
                description.as_deref(),
            );
        }
    };
    let session = login::signed_in(realm, asked).filter(|_| !prompt.login);
    match session {
        Some(session) => {
            let login = Login {
                session: Some(session),
                ..login
            };
            if prompt.none && login::must_ask(realm, &login) {
                return answer_error(realm, &login, "interaction_required", None);
            }
            login::go_on(realm, login, Vec::new())
        }
        None if prompt.none => answer_error(realm, &login, "login_required", None),
        None => {
            let cookie = Cookie::browser(realm, &login.browser);
            let code = realm.keep(login.clone());
            cookie.on(pages::login(realm, &login, &code, None))
        }
    }
}

/// An error that only the user is told.
pub(super) fn shown(realm: &Realm, client: Option<&str>, words: &str) -> Response {
    realm.tell_refused(Asked::Login, client, words);
    pages::error(realm, words)
}

/// Reads the rest of the request, all of which can be told to the client if it is wrong.
fn read(
    realm: &Realm,
    params: &Params,
    client: Client,
    redirect_uri: &str,
    response: ResponseMode,
) -> Result<(Login, Prompt), Told> {
    if params.twice.is_some() {
        return Err(Told::of("invalid_request", "duplicated parameter"));
    }
    match params.get("response_type") {
        Some("code") => (),
        None => {
            return Err(Told::of(
                "invalid_request",
                "Missing parameter: response_type",
            ));
        }
        Some(_) => return Err(Told("unsupported_response_type", None)),
    }
    if !matches!(
        params.get("response_mode"),
        None | Some("query" | "fragment")
    ) {
        return Err(Told::of(
            "invalid_request",
            "Invalid parameter: response_mode",
        ));
    }
    if !client.grants.code {
        let words = "Client is not allowed to initiate browser login with given response_type. Standard flow is disabled for the client.";
        return Err(Told::of("unauthorized_client", words));
    }
    let asked = params.get("scope").unwrap_or_default();
    let scopes = client.scopes(realm.file(), asked);
    let scopes =
        scopes.map_err(|scopes| Told::of("invalid_scope", format!("Invalid scopes: {scopes}")))?;
    let challenge = challenge(params, client.pkce_required)?;
    let mut prompts = params.get("prompt").unwrap_or_default().split(' ');
    let prompt = Prompt {
        none: prompts.clone().any(|prompt| prompt == "none"),
        login: prompts.clone().any(|prompt| prompt == "login"),
        consent: prompts.any(|prompt| prompt == "consent"),
    };
    let is_openid = scopes.iter().any(|scope| scope == OPENID);
    let login = Login {
        client,
        redirect_uri: redirect_uri.to_owned(),
        response,
        state: params.get("state").map(str::to_owned),
        nonce: params.get("nonce").filter(|_| is_openid).map(str::to_owned),
        challenge,
        scopes,
        ask_again: prompt.consent,
        browser: secret(),
        session: None,
        begun: Instant::now(),
    };
    Ok((login, prompt))
}

fn challenge(params: &Params, is_required: bool) -> Result<Option<Challenge>, Told> {
    let invalid = |words: &str| Told::of("invalid_request", words);
    let (challenge, method) = (
        params.get("code_challenge"),
        params.get("code_challenge_method"),
    );
    let is_s256 = match method {
        None if is_required => return Err(invalid("Missing parameter: code_challenge_method")),
        None | Some("plain") => false,
        Some("S256") => true,
        Some(_) => return Err(invalid("Invalid parameter: code_challenge_method")),
    };
    if is_required && !is_s256 {
        let words = "Invalid parameter: code challenge method is not matching the configured one";
        return Err(invalid(words));
    }
    let Some(challenge) = challenge else {
        return match is_required || method.is_some() {
            true => Err(invalid("Missing parameter: code_challenge")),
            false => Ok(None),
        };
    };
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-._~".contains(&letter);
    if !(43..=128).contains(&challenge.len()) || !challenge.bytes().all(is_plain) {
        return Err(invalid("Invalid parameter: code_challenge"));
    }
    Ok(Some(Challenge {
        challenge: challenge.to_owned(),
        is_s256,
    }))
}

/// Tells the client that it gets no code.
pub(super) fn answer_error(
    realm: &Realm,
    login: &Login,
    error: &str,
    description: Option<&str>,
) -> Response {
    let state = login.state.as_deref();
    refused(
        realm,
        &login.redirect_uri,
        login.response,
        state,
        error,
        description,
    )
}

fn refused(
    realm: &Realm,
    redirect_uri: &str,
    response: ResponseMode,
    state: Option<&str>,
    error: &str,
    description: Option<&str>,
) -> Response {
    let parameters = [
        ("error", Some(error)),
        ("error_description", description),
        ("state", state),
        ("iss", Some(realm.issuer())),
    ];
    redirect(redirect_uri, response, &parameters)
}

/// Sends the browser back to the client, with the realm's name (RFC 9207).
pub(super) fn redirect(
    uri: &str,
    response: ResponseMode,
    parameters: &[(&str, Option<&str>)],
) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let separator = match response {
        ResponseMode::Fragment => '#',
        ResponseMode::Query if uri.contains('?') => '&',
        ResponseMode::Query => '?',
    };
    found(&format!("{uri}{separator}{}", query.finish()))
}

/// 302, as Keycloak does it.
pub(super) fn found(uri: &str) -> Response {
    match HeaderValue::from_str(uri) {
        Ok(uri) => (StatusCode::FOUND, [(LOCATION, uri)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
