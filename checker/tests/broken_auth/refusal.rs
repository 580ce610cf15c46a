//! What is said to somebody who does not get in (RFC 6750, 3).

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::flaw::{Flaw, Flaws};
use crate::metadata::{Place, SCOPE};

/// Why somebody does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    NoToken,
    /// It cannot be read.
    Malformed,
    /// It is not for this server, now.
    BadToken,
    Expired,
    MissingScope,
    RealmIsDown,
}

impl Refusal {
    pub fn answer(self, flaws: &Flaws, place: &Place) -> Response {
        let mut response = match self {
            Self::NoToken | Self::Malformed | Self::BadToken | Self::Expired => {
                self.unauthorized(flaws, place)
            }
            Self::MissingScope => forbidden(flaws, place),
            Self::RealmIsDown if flaws.has(Flaw::DownIsUnauthorized) => {
                self.unauthorized(flaws, place)
            }
            Self::RealmIsDown => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
        if flaws.has(Flaw::NotToBeStored) {
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }

    fn unauthorized(self, flaws: &Flaws, place: &Place) -> Response {
        if flaws.has(Flaw::RefusesInJson) {
            let error = json!({ "code": -32001, "message": "Unauthorized" });
            let body = json!({ "jsonrpc": "2.0", "id": null, "error": error });
            let headers = [(CONTENT_TYPE, "application/json")];
            return (headers, body.to_string()).into_response();
        }
        if flaws.has(Flaw::SendsToLogin) {
            let login = format!("{}/protocol/openid-connect/auth", place.realm);
            return (StatusCode::FOUND, [(LOCATION, login)]).into_response();
        }
        let breaks = self == Self::NoToken && flaws.has(Flaw::BreaksWithoutToken)
            || self == Self::Malformed && flaws.has(Flaw::UnreadableBreaks)
            || self == Self::Expired && flaws.has(Flaw::ExpiredBreaks);
        let was_read = matches!(self, Self::BadToken | Self::Expired);
        let malformed = self == Self::Malformed && flaws.has(Flaw::MalformedIsBadRequest);
        let status = if breaks {
            StatusCode::INTERNAL_SERVER_ERROR
        } else if flaws.has(Flaw::RefusesAsForbidden)
            || was_read && flaws.has(Flaw::BadTokenIsForbidden)
        {
            StatusCode::FORBIDDEN
        } else if flaws.has(Flaw::RefusesAsNotFound) {
            StatusCode::NOT_FOUND
        } else if malformed || was_read && flaws.has(Flaw::BadTokenIsBadRequest) {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::UNAUTHORIZED
        };
        let mut response = status.into_response();
        for challenge in self.challenges(flaws, place) {
            if let Ok(value) = challenge.parse() {
                response.headers_mut().append(WWW_AUTHENTICATE, value);
            }
        }
        response
    }

    /// Whether a client is told that its token is bad.
    fn is_named(self, flaws: &Flaws) -> bool {
        match self {
            Self::NoToken => false,
            Self::Expired if flaws.has(Flaw::ExpiredWithoutError) => false,
            _ => !flaws.has(Flaw::BadTokenWithoutError),
        }
    }

    fn challenges(self, flaws: &Flaws, place: &Place) -> Vec<String> {
        let metadata = place.metadata_url(flaws);
        let mut parameters = Vec::new();
        if !flaws.has(Flaw::ChallengeWithoutMetadata) {
            parameters.push(format!("resource_metadata=\"{metadata}\""));
        }
        if flaws.has(Flaw::ChallengeUnknownScope) {
            parameters.push(format!("scope=\"{SCOPE} store:admin\""));
        } else if flaws.has(Flaw::ChallengeOtherScope) {
            parameters.push(format!("scope=\"{SCOPE}ories\""));
        } else if !flaws.has(Flaw::ChallengeWithoutScope) {
            parameters.push(format!("scope=\"{SCOPE}\""));
        }
        if self.is_named(flaws) {
            parameters.push("error=\"invalid_token\"".to_owned());
        }
        let parameters = parameters.join(", ");
        let ours = format!("Bearer {parameters}");
        if flaws.has(Flaw::NoChallenge) {
            return Vec::new();
        }
        if flaws.has(Flaw::ChallengeAsBasic) {
            return vec!["Basic realm=\"bakery\"".to_owned()];
        }
        if flaws.has(Flaw::ChallengeWithoutScheme) {
            return vec![parameters];
        }
        if flaws.has(Flaw::OddChallenge) {
            let error = if self.is_named(flaws) {
                "ERROR=invalid_token, "
            } else {
                ""
            };
            return vec![format!(
                "bearer {error}realm=\"bakery\", Scope=\"profile {SCOPE}\" , RESOURCE_METADATA=\"{metadata}\""
            )];
        }
        if flaws.has(Flaw::TwoChallenges) {
            return vec![format!("DPoP algs=\"ES256\", {ours}")];
        }
        if flaws.has(Flaw::ChallengesInTwoHeaders) {
            return vec!["Basic realm=\"bakery\"".to_owned(), ours];
        }
        vec![ours]
    }
}

/// To somebody who has signed in, and may not do this.
fn forbidden(flaws: &Flaws, place: &Place) -> Response {
    let mut parameters = Vec::new();
    if flaws.has(Flaw::ScopeRefusalOtherError) {
        parameters.push("error=\"invalid_token\"".to_owned());
    } else if !flaws.has(Flaw::ScopeRefusalWithoutError) {
        parameters.push("error=\"insufficient_scope\"".to_owned());
    }
    if !flaws.has(Flaw::ScopeRefusalWithoutScope) {
        parameters.push(format!("scope=\"{SCOPE}\""));
    }
    if !flaws.has(Flaw::ScopeRefusalWithoutMetadata) {
        let metadata = place.metadata_url(flaws);
        parameters.push(format!("resource_metadata=\"{metadata}\""));
    }
    let status = if flaws.has(Flaw::MissingScopeIsUnauthorized) {
        StatusCode::UNAUTHORIZED
    } else if flaws.has(Flaw::MissingScopeIsNotFound) {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::FORBIDDEN
    };
    if flaws.has(Flaw::ScopeRefusalBare) {
        return status.into_response();
    }
    let challenge = format!("Bearer {}", parameters.join(", "));
    (status, [(WWW_AUTHENTICATE, challenge)]).into_response()
}
