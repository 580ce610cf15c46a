//! The pages: sign in, agree, and what went wrong. They say what they are, name their fields as
//! Keycloak's do, and need no JavaScript.

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::state::{Login, Realm};

const STYLE: &str = include_str!("pages.css");

/// Nothing from anywhere, and in nobody's frame. `form-action` would forbid the way back to the
/// client, which follows a form.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

fn page(realm: &Realm, status: StatusCode, title: &str, body: &Markup) -> Response {
    let name = name(realm);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    p.realm { (name) }
                    h1 { (title) }
                    (body)
                }
                footer {
                    p {
                        "A stand-in for Keycloak, on this machine only. "
                        "It is for the workshop: type no password of yours here."
                    }
                }
            }
        }
    };
    let headers = [(CONTENT_SECURITY_POLICY, POLICY)];
    (status, headers, Html(page.into_string())).into_response()
}

fn name(realm: &Realm) -> &str {
    let file = realm.file();
    if file.display_name.is_empty() {
        &file.realm
    } else {
        &file.display_name
    }
}

/// The login page. `tried` is the name with which it did not work.
pub(super) fn login(realm: &Realm, login: &Login, code: &str, tried: Option<&str>) -> Response {
    let mut action = url::form_urlencoded::Serializer::new(String::new());
    action.append_pair("session_code", code);
    action.append_pair("client_id", &login.client.id);
    let action = format!(
        "{}/login-actions/authenticate?{}",
        realm.issuer(),
        action.finish()
    );
    let users = realm.file().users.iter().map(|user| user.username.as_str());
    let users: Vec<&str> = users.collect();
    let body = html! {
        p { "to continue to " strong { (login.client.name) } }
        @if tried.is_some() {
            p.error #input-error role="alert" { "Invalid username or password." }
        }
        form #kc-form-login action=(action) method="post" {
            label for="username" { "Username or email" }
            input #username name="username" type="text" value=(tried.unwrap_or_default())
                autocomplete="username" autofocus required
                aria-invalid=[tried.map(|_| "true")] aria-describedby=[tried.map(|_| "input-error")];
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password"
                required aria-invalid=[tried.map(|_| "true")];
            input type="hidden" name="credentialId" value="";
            button #kc-login name="login" type="submit" { "Sign in" }
        }
        p.hint {
            "The workshop's users are "
            @for (number, user) in users.iter().enumerate() {
                @if number > 0 { @if number + 1 == users.len() { " and " } @else { ", " } }
                code { (user) }
            }
            ". The password is the name."
        }
    };
    page(realm, StatusCode::OK, "Sign in", &body)
}

/// The page that asks whether a program may have what it wants.
pub(super) fn consent(realm: &Realm, login: &Login, code: &str) -> Response {
    let file = realm.file();
    let wants = login
        .scopes
        .iter()
        .filter_map(|scope| file.scope(scope)?.consent());
    let session = login.session.as_deref().unwrap_or_default();
    let user = realm
        .memory()
        .sessions
        .get(session)
        .map(|session| session.username.clone());
    let action = format!("{}/login-actions/consent", realm.issuer());
    let body = html! {
        p { "You are signed in as " strong { (user.unwrap_or_default()) } ". It asks for:" }
        ul { @for want in wants { li { span { (want) } } } }
        @if is_document(&login.client.id) {
            p.hint { "It says of itself that it has this name, at " code { (login.client.id) } "." }
        }
        p.hint { "It then goes on at " code { (host(&login.redirect_uri)) } "." }
        form action=(action) method="post" {
            input type="hidden" name="code" value=(code);
            button #kc-login name="accept" type="submit" value="Yes" { "Yes" }
            button.other #kc-cancel name="cancel" type="submit" value="No" { "No" }
        }
    };
    let title = format!("Grant Access to {}", login.client.name);
    page(realm, StatusCode::OK, &title, &body)
}

/// Something that cannot be told to the client, because it is not known who that is.
pub(super) fn error(realm: &Realm, words: &str) -> Response {
    let body = html! {
        p.instruction { (words) }
        p.hint { "Close this page, and sign in again from the program that sent you here." }
    };
    page(realm, StatusCode::BAD_REQUEST, "We are sorry…", &body)
}

/// Whether a client is known by its document only.
fn is_document(id: &str) -> bool {
    id.contains("://")
}

/// `127.0.0.1:3333`, of a URI; all of it where it has no host.
fn host(uri: &str) -> String {
    let parsed = url::Url::parse(uri).ok();
    let host = parsed.as_ref().and_then(|uri| {
        let host = uri.host_str()?;
        Some(match uri.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        })
    });
    host.unwrap_or_else(|| uri.to_owned())
}
