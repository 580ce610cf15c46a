//! A token (JWT, RFC 7519), read by hand: a library would not let most of what can be wrong go wrong.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, crypto, get_current_timestamp};
use serde_json::Value;

use crate::flaw::{Flaw, Flaws};
use crate::metadata::SCOPE;

/// How many characters a signature of 2048 bits has.
const SIGNATURE: usize = 342;

/// What `rsaEncryption` is called in DER, with its empty parameters (RFC 8017, A.1).
const RSA: [u8; 15] = [
    0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0,
];

/// A token that could be read. Nothing of it is known to be true.
pub struct Token {
    pub header: Value,
    pub claims: Value,
    /// What is signed.
    pub message: String,
    pub signature: String,
}

impl Token {
    pub fn read(flaws: &Flaws, text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let (header, claims, signature) = match parts.as_slice() {
            [header, claims, signature] => (header, claims, signature),
            [header, claims, signature, ..] if flaws.has(Flaw::PartMore) => {
                (header, claims, signature)
            }
            _ => return None,
        };
        let json = |part: &str| -> Option<Value> {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
            let value: Value = serde_json::from_slice(&bytes).ok()?;
            value.is_object().then_some(value)
        };
        let is_long = signature.len() > SIGNATURE && flaws.has(Flaw::LongSignature);
        let signature = if is_long {
            &signature[..SIGNATURE]
        } else {
            signature
        };
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            message: format!("{header}.{claims}"),
            signature: signature.to_owned(),
        })
    }

    pub fn kid(&self) -> Option<&str> {
        self.header["kid"].as_str()
    }

    pub fn is_signed_by(&self, flaws: &Flaws, key: &Jwk) -> bool {
        let verified = |key: &DecodingKey, algorithm| {
            crypto::verify(&self.signature, self.message.as_bytes(), key, algorithm)
                .is_ok_and(|is_right| is_right)
        };
        match self.header["alg"].as_str() {
            _ if flaws.has(Flaw::NoSignature) => true,
            Some("RS256") => {
                DecodingKey::from_jwk(key).is_ok_and(|key| verified(&key, Algorithm::RS256))
            }
            Some("none") => flaws.has(Flaw::TakesUnsigned) && self.signature.is_empty(),
            Some("HS256") => secret(flaws, key).is_some_and(|secret| {
                verified(&DecodingKey::from_secret(&secret), Algorithm::HS256)
            }),
            _ => false,
        }
    }

    /// Whether it is for this server, now. Says what is wrong.
    pub fn holds(&self, flaws: &Flaws, issuer: &str, audience: &str) -> Result<(), &'static str> {
        let lacks_nbf = flaws.has(Flaw::NbfIsRequired) && self.claims["nbf"].is_null();
        let all = [
            (!lacks_nbf, "Missing required claim: nbf"),
            (self.is_fresh(flaws), "it is not from now"),
            (self.is_from(flaws, issuer), "it is from another realm"),
            (self.is_for(flaws, audience), "it is for another server"),
            (self.is_access(flaws), "it is of another type"),
        ];
        let wrong = all.into_iter().find(|(is_right, _)| !is_right);
        wrong.map_or(Ok(()), |(_, why)| Err(why))
    }

    /// By which name the realm knows it.
    pub fn id(&self) -> Option<&str> {
        self.claims["jti"].as_str()
    }

    /// Whether it tells a client who its user is.
    pub fn is_of_identity(&self) -> bool {
        self.claims["typ"] == "ID"
    }

    /// Whether it has ended.
    pub fn has_expired(&self) -> bool {
        let end = self.claims["exp"].as_u64();
        end.is_some_and(|end| end < get_current_timestamp())
    }

    fn is_fresh(&self, flaws: &Flaws) -> bool {
        let leeway = if flaws.has(Flaw::LongLeeway) { 60 } else { 5 };
        let now = get_current_timestamp();
        let ends = match &self.claims["exp"] {
            Value::Null => flaws.has(Flaw::TakesWithoutExp),
            Value::Number(end) => {
                let end = end.as_u64().unwrap_or_default();
                end + leeway >= now || flaws.has(Flaw::TakesExpired)
            }
            _ => flaws.has(Flaw::TakesOddExp),
        };
        let begins = match self.claims["nbf"].as_u64() {
            None => true,
            Some(_) if flaws.has(Flaw::NbfRefused) => false,
            Some(begin) if flaws.has(Flaw::NbfMustBePast) => begin + 5 < now,
            Some(begin) => begin <= now + leeway || flaws.has(Flaw::TakesNotYetValid),
        };
        ends && begins
    }

    fn is_from(&self, flaws: &Flaws, issuer: &str) -> bool {
        let wanted = if flaws.has(Flaw::ExpectsSlash) {
            format!("{issuer}/")
        } else {
            issuer.to_owned()
        };
        match &self.claims["iss"] {
            Value::Null => flaws.has(Flaw::NoIssuer),
            Value::String(says) => {
                *says == wanted
                    || flaws.has(Flaw::AnyIssuer)
                    || flaws.has(Flaw::IssuerWithSlash) && says.trim_end_matches('/') == wanted
                    || flaws.has(Flaw::IssuerByPrefix) && says.starts_with(&wanted)
            }
            _ => flaws.has(Flaw::OddIssuer),
        }
    }

    fn is_for(&self, flaws: &Flaws, audience: &str) -> bool {
        match &self.claims["aud"] {
            _ if flaws.has(Flaw::AnyAudience) => true,
            Value::Null => flaws.has(Flaw::NoAudience),
            Value::String(for_whom) => {
                let contains = flaws.has(Flaw::AudienceByContains) && for_whom.contains(audience);
                (for_whom == audience || contains) && !flaws.has(Flaw::AudTextRefused)
            }
            Value::Array(list) => {
                let is_among = list.iter().any(|one| one == audience)
                    || flaws.has(Flaw::AnyAudienceInList) && !list.is_empty()
                    || flaws.has(Flaw::EmptyAudience) && list.is_empty();
                is_among && !flaws.has(Flaw::AudListRefused)
            }
            _ => flaws.has(Flaw::OddAudience),
        }
    }

    fn is_access(&self, flaws: &Flaws) -> bool {
        match self.claims["typ"].as_str() {
            _ if flaws.has(Flaw::AnyType) => true,
            Some("Bearer") => true,
            Some("ID") => flaws.has(Flaw::TakesIdTokens),
            Some("Refresh") => flaws.has(Flaw::TakesRefreshTokens),
            Some("Offline") => flaws.has(Flaw::TakesOfflineTokens),
            _ => false,
        }
    }

    /// Whether the user has let the client use the store.
    pub fn allows(&self, flaws: &Flaws) -> bool {
        let claim = if flaws.has(Flaw::LooksAtScp) {
            "scp"
        } else {
            "scope"
        };
        let Some(scope) = self.claims[claim].as_str() else {
            return flaws.has_any(&[Flaw::NoScopeNeeded, Flaw::AnyScope]);
        };
        let squeezed = scope.replace(' ', "");
        let has = |is_it: &dyn Fn(&str) -> bool| scope.split(' ').any(is_it);
        if flaws.has(Flaw::ScopeMustBeAlone) {
            return scope == SCOPE;
        }
        if flaws.has(Flaw::ScopeMustBeLast) {
            return scope.ends_with(SCOPE);
        }
        if flaws.has(Flaw::ScopesMustBeAsEver) {
            return scope == format!("profile {SCOPE}");
        }
        has(&|one| one == SCOPE)
            || flaws.has(Flaw::AnyScope)
            || flaws.has(Flaw::ScopeByContains) && scope.contains(SCOPE)
            || flaws.has(Flaw::ScopeByPrefix) && has(&|one| one.starts_with(SCOPE))
            || flaws.has(Flaw::ScopeBySuffix) && has(&|one| one.ends_with(SCOPE))
            || flaws.has(Flaw::ScopeInAnyCase) && has(&|one| one.eq_ignore_ascii_case(SCOPE))
            || flaws.has(Flaw::ScopeBroader) && has(&|one| one == "mcp" || one == "mcp:*")
            || flaws.has(Flaw::ScopeWithSpace)
                && squeezed.ends_with(SCOPE)
                && !scope.contains(SCOPE)
    }
}

/// What a careless server takes for the secret of HS256.
fn secret(flaws: &Flaws, key: &Jwk) -> Option<Vec<u8>> {
    let der = der(key)?;
    let base64 = BASE64_STANDARD.encode(&der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).collect();
    let begin = "-----BEGIN PUBLIC KEY-----\n".as_bytes();
    let pem = [begin, &lines.join(&b'\n'), b"\n-----END PUBLIC KEY-----"].concat();
    if flaws.has(Flaw::SecretIsPem) {
        return Some([pem.as_slice(), b"\n"].concat());
    }
    if flaws.has(Flaw::SecretIsTrimmedPem) {
        return Some(pem);
    }
    flaws.has(Flaw::SecretIsDer).then_some(der)
}

/// A public key as X.509 has it (`SubjectPublicKeyInfo`).
fn der(key: &Jwk) -> Option<Vec<u8>> {
    let AlgorithmParameters::RSA(rsa) = &key.algorithm else {
        return None;
    };
    let number = |text: &str| -> Option<Vec<u8>> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        // A number that begins with a one would be below zero.
        let sign = bytes.first().filter(|&&first| first > 127).map(|_| 0);
        Some(tagged(
            2,
            &sign.into_iter().chain(bytes).collect::<Vec<_>>(),
        ))
    };
    let numbers = tagged(0x30, &[number(&rsa.n)?, number(&rsa.e)?].concat());
    let bits = tagged(3, &[vec![0], numbers].concat());
    Some(tagged(0x30, &[RSA.to_vec(), bits].concat()))
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let [high, low] =
        [length >> 8, length & 255].map(|byte| u8::try_from(byte).unwrap_or_default());
    let head = match length {
        0..128 => vec![tag, low],
        128..256 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content.to_vec()].concat()
}
