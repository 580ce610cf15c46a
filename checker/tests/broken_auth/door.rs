//! Who comes in: whoever brings a good token of the realm, made for this store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::flaw::{Flaw, Flaws};
use crate::keys::{Found, Keys};
use crate::metadata::Place;
use crate::owners::Owners;
use crate::refusal::Refusal;
use crate::token::Token;

const SESSION: &str = "mcp-session-id";

/// After so many bad tokens, [`Flaw::BadTokensLockOut`] has had enough.
const ENOUGH: usize = 5;

/// So much is read of a request.
const LARGEST_REQUEST: usize = 4 * 1024 * 1024;

/// Somebody who is signed in, with what their token says.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub name: String,
    pub client: String,
    pub token: String,
    pub session: Option<String>,
}

impl User {
    fn of(claims: &Value, headers: &HeaderMap) -> Self {
        let text = |name: &str| claims[name].as_str().unwrap_or("nobody").to_owned();
        Self {
            id: text("sub"),
            name: text("preferred_username"),
            client: text("azp"),
            token: text("jti"),
            session: session(headers),
        }
    }
}

pub struct Door {
    flaws: Flaws,
    keys: Keys,
    audience: String,
    place: Place,
    sessions: Owners,
    /// Who came with what: tokens that were good, by what they are known again by.
    remembered: Mutex<HashMap<String, Value>>,
    bad_tokens: AtomicUsize,
}

/// The layer in front of the store.
pub async fn guard(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let flaws = &door.flaws;
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let method = head.method.clone();
    let has_message = method == Method::POST;
    if !has_message && flaws.has(Flaw::NothingAtGet) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let refusal = match door.recognize(&door.flaws_at(&head), &head).await {
        Ok(_) if door.refuses_good(&method) => Refusal::BadToken,
        Ok(_) if !has_message && flaws.has(Flaw::NoStreams) => {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        Ok(claims) => return door.serve(&claims, head, body, next).await,
        Err(refusal) => refusal,
    };
    let claims = door.claims_of(&head);
    let is_unseen = flaws.has(Flaw::AnswersUnchecked) && is_an_answer(&body);
    if door.looks_away(refusal, &head) || is_unseen {
        return door.serve(&claims, head, body, next).await;
    }
    if has_message && door.is_too_late(&head).await {
        let user = User::of(&claims, &head.headers);
        head.extensions.insert(user);
        next.run(Request::from_parts(head, body.into())).await;
    }
    refusal.answer(flaws, &door.place)
}

impl Door {
    pub fn new(flaws: Flaws, keys: Keys, audience: String, place: Place) -> Self {
        Self {
            flaws,
            keys,
            audience,
            place,
            sessions: Owners::default(),
            remembered: Mutex::default(),
            bad_tokens: AtomicUsize::new(0),
        }
    }

    /// What is wrong with how it looks at the token of this request.
    fn flaws_at(&self, head: &Parts) -> Flaws {
        let flaws = self.flaws.clone();
        let is_inside = session(&head.headers).is_some();
        match head.method {
            Method::GET if flaws.has(Flaw::StreamForOtherAudience) => {
                flaws.and(&[Flaw::AnyAudience])
            }
            Method::DELETE if flaws.has(Flaw::EndForOtherType) => flaws.and(&[Flaw::AnyType]),
            _ if is_inside && flaws.has(Flaw::IssuerOfFirstRequest) => {
                flaws.and(&[Flaw::AnyIssuer])
            }
            _ => flaws,
        }
    }

    /// Whether it does what was asked before it refuses that.
    async fn is_too_late(&self, head: &Parts) -> bool {
        let flaws = self.flaws.clone();
        if !flaws.has(Flaw::AudienceCheckedTooLate) {
            return flaws.has(Flaw::CheckedTooLate);
        }
        let careless = flaws.and(&[Flaw::AnyAudience]);
        self.recognize(&careless, head).await.is_ok()
    }

    /// What the token of a request says, if it is good.
    async fn recognize(&self, flaws: &Flaws, head: &Parts) -> Result<Value, Refusal> {
        let text = self.bearer(head)?;
        let token = Token::read(flaws, &text).ok_or(Refusal::Malformed)?;
        if let Some(name) = self.name_of(&token)
            && let Some(claims) = self.remembered().get(&name)
        {
            if flaws.has(Flaw::SecondRequestRefused) {
                return Err(Refusal::BadToken);
            }
            return Ok(claims.clone());
        }
        let key = match self.keys.find(token.kid()).await {
            Found::Key(key) => key,
            Found::Nothing => return Err(Refusal::BadToken),
            Found::RealmIsDown => return Err(Refusal::RealmIsDown),
        };
        let had_enough =
            flaws.has(Flaw::BadTokensLockOut) && self.bad_tokens.load(Ordering::Relaxed) >= ENOUGH;
        let is_right = token.is_signed_by(flaws, &key) && !had_enough;
        let holds = token.holds(flaws, &self.place.realm, self.audience());
        if flaws.has(Flaw::IdTokenIsForbidden) && token.is_of_identity() {
            return Err(Refusal::MissingScope);
        }
        if !is_right || holds.is_err() || flaws.has(Flaw::RefusesEverybody) {
            let why = holds.err().unwrap_or("it is not taken");
            eprintln!("a token was refused: {why}");
            self.bad_tokens.fetch_add(1, Ordering::Relaxed);
            let expired = is_right && token.has_expired();
            return Err(if expired {
                Refusal::Expired
            } else {
                Refusal::BadToken
            });
        }
        if !token.allows(flaws) {
            return Err(Refusal::MissingScope);
        }
        if flaws.has(Flaw::OneClientOnly) && token.claims["azp"] != "checker"
            || flaws.has(Flaw::OneTokenOfALogin) && !self.is_first_of_its_login(&token.claims)
        {
            return Err(Refusal::BadToken);
        }
        if let Some(name) = self.name_of(&token) {
            self.remembered().insert(name, token.claims.clone());
        }
        Ok(token.claims)
    }

    /// Whether no other token of the same login was here before.
    fn is_first_of_its_login(&self, claims: &Value) -> bool {
        let login = claims["sid"].to_string();
        let mut remembered = self.remembered();
        let first = remembered.entry(login).or_insert_with(|| claims.clone());
        first["jti"] == claims["jti"]
    }

    fn audience(&self) -> &str {
        if self.flaws.has(Flaw::AudienceInCode) {
            "product-store"
        } else if self.flaws.has(Flaw::ExpectsItsAddress) {
            &self.place.resource
        } else {
            &self.audience
        }
    }

    /// By what a good token is known again, if it is.
    fn name_of(&self, token: &Token) -> Option<String> {
        let flaws = &self.flaws;
        if flaws.has_any(&[Flaw::RemembersClaims, Flaw::SecondRequestRefused]) {
            return Some(token.message.clone());
        }
        if flaws.has(Flaw::RemembersIds) {
            return token.id().map(str::to_owned);
        }
        let signature = flaws.has(Flaw::RemembersSignatures);
        signature.then(|| token.signature.clone())
    }

    /// The token that a request has with it.
    fn bearer(&self, head: &Parts) -> Result<String, Refusal> {
        let flaws = &self.flaws;
        let all: Vec<_> = head.headers.get_all(AUTHORIZATION).iter().collect();
        let value = match all.as_slice() {
            [] => return self.in_address(head).ok_or(Refusal::NoToken),
            [value] => value,
            [first, ..] if flaws.has(Flaw::FirstHeaderCounts) => first,
            [.., last] if flaws.has(Flaw::LastHeaderCounts) => last,
            _ => return Err(Refusal::Malformed),
        };
        let value = value.to_str().map_err(|_| Refusal::Malformed)?;
        let (scheme, token) = match value.split_once(' ') {
            Some(parts) => parts,
            None if flaws.has(Flaw::TokenWithoutWord) => return Ok(value.to_owned()),
            None => (value, ""),
        };
        let is_bearer = if flaws.has(Flaw::BigBearer) {
            scheme == "Bearer"
        } else {
            scheme.eq_ignore_ascii_case("bearer")
        };
        let is_basic = scheme == "Basic" && flaws.has(Flaw::TokenAsBasic);
        if is_bearer || is_basic {
            Ok(token.trim().to_owned())
        } else {
            Err(Refusal::Malformed)
        }
    }

    fn in_address(&self, head: &Parts) -> Option<String> {
        let query = head.uri.query()?;
        let token = query.strip_prefix("access_token=")?;
        let takes_it = self.flaws.has(Flaw::TokenInAddress);
        takes_it.then(|| token.to_owned())
    }

    /// What a token says, whether it is good or not.
    fn claims_of(&self, head: &Parts) -> Value {
        let text = self.bearer(head).unwrap_or_default();
        Token::read(&self.flaws, &text).map_or(Value::Null, |token| token.claims)
    }

    fn refuses_good(&self, method: &Method) -> bool {
        *method == Method::GET && self.flaws.has(Flaw::StreamRefused)
            || *method == Method::DELETE && self.flaws.has(Flaw::EndRefused)
    }

    /// Whether it lets in somebody whom it should not.
    fn looks_away(&self, refusal: Refusal, head: &Parts) -> bool {
        let flaws = &self.flaws;
        let method = &head.method;
        let is_inside = session(&head.headers).is_some();
        let is_empty = || self.bearer(head).is_ok_and(|token| token.is_empty());
        match refusal {
            _ if flaws.has(Flaw::EverythingOpen) => true,
            Refusal::MissingScope => is_inside && flaws.has(Flaw::ScopeOfFirstRequest),
            Refusal::RealmIsDown => flaws.has(Flaw::OpenWhileDown),
            _ if *method == Method::GET && flaws.has(Flaw::StreamUnchecked) => true,
            _ if *method == Method::DELETE && flaws.has(Flaw::EndUnchecked) => true,
            _ if is_inside && flaws.has(Flaw::OnlyFirstChecked) => true,
            Refusal::Malformed if is_empty() => flaws.has(Flaw::EmptyTokenIsGuest),
            Refusal::Malformed => flaws.has(Flaw::UnreadableIsGuest) && self.bearer(head).is_ok(),
            Refusal::NoToken | Refusal::BadToken | Refusal::Expired => false,
        }
    }

    /// Hands on a request, unless it is for the session of somebody else.
    async fn serve(&self, claims: &Value, mut head: Parts, body: Bytes, next: Next) -> Response {
        let flaws = &self.flaws;
        let user = User::of(claims, &head.headers);
        let for_anybody = match head.method {
            Method::GET => flaws.has(Flaw::SessionReadByAnybody),
            Method::DELETE => flaws.has(Flaw::SessionEndedByAnybody),
            _ => flaws.has(Flaw::SessionAnsweredByAnybody),
        };
        if let Some(session) = &user.session
            && self.sessions.is_of_another(session, &user.id)
            && !for_anybody
            && !flaws.has(Flaw::EverythingOpen)
        {
            let status = if flaws.has(Flaw::SessionOfAnotherIsForbidden) {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::NOT_FOUND
            };
            return status.into_response();
        }
        let id = user.id.clone();
        head.extensions.insert(user);
        let response = next.run(Request::from_parts(head, Body::from(body))).await;
        if let Some(session) = session(response.headers()) {
            self.sessions.note(&session, &id);
        }
        response
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<String, Value>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a message answers a question of the server.
fn is_an_answer(body: &[u8]) -> bool {
    let message: Value = serde_json::from_slice(body).unwrap_or_default();
    message.get("result").is_some()
}

fn session(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(SESSION)?.to_str().ok()?;
    Some(id.to_owned())
}
