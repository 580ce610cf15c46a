//! What should not get in, whichever way it comes.

use super::door::{Credential, Door, Said, Way, nothing_sent};
use super::places;
use crate::checks::{Checked, Stop};
use crate::verdict::{Code, Finding, Location};

/// What should not get in, and what to say if it does.
#[derive(Clone, Debug)]
pub struct Intruder {
    /// `a token that expired an hour ago`
    pub what: String,
    /// What it has with it.
    pub credential: Credential,
    /// What is wrong if it gets in.
    code: Code,
    /// Why it must not.
    why: &'static str,
    /// Where it should have been stopped.
    place: Location,
    /// Whether it is so broken that 400 is an answer as well (RFC 6750, 3.1).
    is_malformed: bool,
}

impl Intruder {
    pub fn new(what: &str, credential: Credential, code: Code, why: &'static str) -> Self {
        Self {
            what: what.to_owned(),
            credential,
            code,
            why,
            place: Location::Step,
            is_malformed: false,
        }
    }

    /// The same, which is to be stopped there.
    pub fn stopped_at(self, place: impl Into<Location>) -> Self {
        let place = place.into();
        Self { place, ..self }
    }

    /// The same, to which 400 may be said.
    pub fn malformed(self) -> Self {
        Self {
            is_malformed: true,
            ..self
        }
    }

    /// What it has with it, for findings.
    pub fn how(&self) -> String {
        match self.credential {
            Credential::Nothing => "without a token".to_owned(),
            _ => format!("with {}", self.what),
        }
    }

    /// Whether it has a token with it, where a token belongs.
    pub fn has_a_token(&self) -> bool {
        matches!(&self.credential, Credential::Token(token) if !token.is_empty())
    }

    /// That it is turned away, whichever way it comes. Gives what was said to it first.
    pub async fn stays_outside(&self, door: &Door<'_>) -> Checked<Said> {
        let mut first: Option<Said> = None;
        // One after the other: where the end of a session is granted, nothing else can come into it.
        for way in Way::ALL {
            let Some(said) = door.knock(way, &self.credential).await? else {
                continue;
            };
            if let Some(before) = &first
                && said.is_served()
            {
                return Err(self.was_turned_away_before(before, &said));
            }
            self.is_turned_away(&said)?;
            first = first.or(Some(said));
        }
        first.ok_or_else(nothing_sent)
    }

    fn was_turned_away_before(&self, before: &Said, said: &Said) -> Stop {
        self.checked_sometimes()
            .sent(format!(
                "{}, then {}, {}",
                before.sent,
                said.sent,
                self.how()
            ))
            .expected("HTTP 401 Unauthorized for both")
            .got(format!("HTTP {}, then {}", before.status, said.describe()))
            .into()
    }

    fn checked_sometimes(&self) -> Finding {
        Finding::new(self.code)
            .why("Clients send their token with every request. Check the token every time, whatever the method, and in a session too.")
            .at(places::door())
    }

    /// That it is turned away again, where it came with something else before.
    pub fn is_turned_away_again(&self, said: &Said) -> Checked {
        if !said.is_served() {
            return self.is_turned_away(said);
        }
        Err(self
            .checked_sometimes()
            .sent(format!("{} {}", said.sent, self.how()))
            .expected("HTTP 401 Unauthorized, as for every other request with this token")
            .got(said.describe())
            .into())
    }

    /// That this was no answer for somebody who is inside.
    fn is_turned_away(&self, said: &Said) -> Checked {
        let is_right = match said.status {
            401 => true,
            400 if self.is_malformed => true,
            400 | 404 | 405 => said.way.is_optional(),
            _ => false,
        };
        if is_right {
            return Ok(());
        }
        let finding = |code, why: &'static str| {
            Finding::new(code)
                .sent(format!("{} {}", said.sent, self.how()))
                .expected("HTTP 401 Unauthorized")
                .got(said.describe())
                .why(why)
        };
        if said.is_served() {
            return Err(finding(self.code, self.why).at(self.place.clone()).into());
        }
        // What is told that a scope is missing has been taken for good.
        let was_good = said.challenged("error").as_deref() == Some("insufficient_scope");
        let place = match &self.place {
            Location::Step => places::CHALLENGE.into(),
            place if was_good => place.clone(),
            _ => places::CHALLENGE.into(),
        };
        let finding = finding(Code::WrongRefusal, instead_of_401(said.status));
        Err(finding.at(place).into())
    }
}

/// What another status than 401 means to a client.
fn instead_of_401(status: u16) -> &'static str {
    match status {
        300..=399 => {
            "MCP clients are programs, and cannot fill in a login page. A 401 tells them where the user can sign in."
        }
        403 => {
            "403 says that the token is good, but does not allow enough. This request has no good token. On a 401, clients get one and try again."
        }
        500..=599 => {
            "The server failed instead of refusing. On a 401, clients get a token and try again."
        }
        _ => "On a 401, clients get a token and try again. On any other status, they give up.",
    }
}
