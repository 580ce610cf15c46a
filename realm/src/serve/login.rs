//! Signing in, and agreeing: two pages with a form each, which work without JavaScript.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use http::header::{COOKIE, SET_COOKIE};

use super::authorize::{answer_error, found, redirect, shown};
use super::pages;
use super::params::Params;
use crate::events::{Asked, Event};
use crate::state::{Login, Realm};

/// The cookie of a browser in which a login goes on.
const BROWSER: &str = "AUTH_SESSION_ID";

/// The cookie of a browser in which somebody is signed in.
const IDENTITY: &str = "KEYCLOAK_IDENTITY";

/// What a user reads whose login is not known, or belongs to another browser.
const NO_LOGIN: &str = "Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. If cookies are disabled then enable them. Click Back to Application to login again.";

/// A cookie to be set.
pub(super) struct Cookie(String);

impl Cookie {
    /// In which browser a login goes on.
    pub(super) fn browser(realm: &Realm, id: &str) -> Self {
        Self::new(realm, BROWSER, id)
    }

    fn identity(realm: &Realm, session: &str) -> Self {
        Self::new(realm, IDENTITY, session)
    }

    /// As Keycloak sets them. Browsers take `Secure` from a loopback address without TLS too.
    fn new(realm: &Realm, name: &str, value: &str) -> Self {
        let path = format!("/realms/{}/", realm.file().realm);
        Self(format!(
            "{name}={value};Version=1;Path={path};Secure;HttpOnly;SameSite=None"
        ))
    }

    /// An answer that sets it.
    pub(super) fn on(self, mut response: Response) -> Response {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        response
    }
}

fn cookie<'a>(asked: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = asked.get_all(COOKIE).iter();
    let cookies = cookies.filter_map(|cookies| cookies.to_str().ok());
    let mut cookies = cookies.flat_map(|cookies| cookies.split(';'));
    cookies.find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Who is signed in in this browser: their session.
pub(super) fn signed_in(realm: &Realm, asked: &HeaderMap) -> Option<String> {
    let session = cookie(asked, IDENTITY)?;
    let is_known = realm.memory().sessions.contains_key(session);
    is_known.then(|| session.to_owned())
}

/// The login page's form.
pub(super) async fn authenticate(
    State(realm): State<Realm>,
    RawQuery(query): RawQuery,
    asked: HeaderMap,
    body: Bytes,
) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes());
    let form = Params::parse(&body);
    let code = query.get("session_code").unwrap_or_default();
    let Some(login) = realm.take(code, cookie(&asked, BROWSER)) else {
        return shown(&realm, None, NO_LOGIN);
    };
    let username = form.has("username").unwrap_or_default();
    let password = form.has("password").unwrap_or_default();
    let Some(user) = realm.sign_in(username, password) else {
        let words = "wrong name or password";
        realm.tell_refused(Asked::Login, Some(&login.client.name), words);
        let code = realm.keep(login.clone());
        return pages::login(&realm, &login, &code, Some(username));
    };
    realm.tell(&Event::SignedIn {
        user: user.username.clone(),
        client: login.client.name.clone(),
    });
    let session = realm.begin_session(user);
    let cookies = vec![Cookie::identity(&realm, &session)];
    let login = Login {
        session: Some(session),
        ..login
    };
    go_on(&realm, login, cookies)
}

/// Whether the user has to be asked before the client gets anything.
pub(super) fn must_ask(realm: &Realm, login: &Login) -> bool {
    if !login.client.consent_required {
        return false;
    }
    let memory = realm.memory();
    let session = login
        .session
        .as_ref()
        .and_then(|session| memory.sessions.get(session));
    let Some(session) = session else {
        return true;
    };
    let agreed = memory
        .consents
        .get(&(session.username.clone(), login.client.id.clone()));
    // Where there is nothing to agree to, nobody is asked.
    login.scopes.iter().any(|scope| {
        let is_shown = realm
            .file()
            .scope(scope)
            .is_some_and(|scope| scope.consent().is_some());
        let is_agreed = agreed.is_some_and(|agreed| agreed.contains(scope));
        is_shown && (login.ask_again || !is_agreed)
    })
}

/// After somebody has signed in: asks them, or answers the client.
pub(super) fn go_on(realm: &Realm, login: Login, cookies: Vec<Cookie>) -> Response {
    let response = if must_ask(realm, &login) {
        let browser = Cookie::browser(realm, &login.browser);
        let client = login.client.id.clone();
        let code = realm.keep(login);
        let mut page = url::form_urlencoded::Serializer::new(format!(
            "{}/login-actions/required-action?",
            realm.issuer()
        ));
        page.append_pair("execution", "OAUTH_GRANT");
        page.append_pair("client_id", &client);
        page.append_pair("tab_id", &code);
        browser.on(found(&page.finish().replacen("?&", "?", 1)))
    } else {
        answer(realm, &login)
    };
    cookies
        .into_iter()
        .fold(response, |response, cookie| cookie.on(response))
}

/// The page that asks.
pub(super) async fn consent_page(
    State(realm): State<Realm>,
    RawQuery(query): RawQuery,
    asked: HeaderMap,
) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes());
    let code = query.get("tab_id").unwrap_or_default();
    let login = realm.memory().logins.get(code).cloned();
    let login = login.filter(|login| cookie(&asked, BROWSER) == Some(&login.browser));
    match login.filter(|login| login.session.is_some()) {
        Some(login) => pages::consent(&realm, &login, code),
        None => shown(&realm, None, NO_LOGIN),
    }
}

/// That page's form.
pub(super) async fn consent(State(realm): State<Realm>, asked: HeaderMap, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let code = form.get("code").unwrap_or_default();
    let login = realm.take(code, cookie(&asked, BROWSER));
    let Some(login) = login.filter(|login| login.session.is_some()) else {
        return shown(&realm, None, NO_LOGIN);
    };
    let is_granted = form.has("accept").is_some() && form.has("cancel").is_none();
    let Some(user) = realm.answered(&login, is_granted) else {
        return shown(&realm, None, NO_LOGIN);
    };
    realm.tell(&Event::Answered {
        user,
        client: login.client.name.clone(),
        is_granted,
    });
    if is_granted {
        answer(&realm, &login)
    } else {
        answer_error(&realm, &login, "access_denied", None)
    }
}

/// Gives the client its code.
fn answer(realm: &Realm, login: &Login) -> Response {
    let session = login.session.as_deref().unwrap_or_default();
    let Some(code) = realm.issue_code(login, session) else {
        return shown(realm, None, NO_LOGIN);
    };
    let parameters = [
        ("state", login.state.as_deref()),
        ("session_state", Some(session)),
        ("iss", Some(realm.issuer())),
        ("code", Some(&code)),
    ];
    redirect(&login.redirect_uri, login.response, &parameters)
}
