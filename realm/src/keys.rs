//! The keys of the realm: one that signs, one that only encrypts, and those that signed before.
//!
//! They are made at start and never leave the process.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;

/// No key can be made, or nothing be signed with it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system gave no key.
    #[error("the cryptographic library gave no key")]
    NoKey,
    /// It signs nothing.
    #[error("nothing can be signed: {0}")]
    NoSignature(#[from] Error),
}

/// A pair of RSA keys, as the realm has them.
pub struct RsaKey {
    /// By which tokens name it.
    pub kid: String,
    jwk: Jwk,
    public_der: Vec<u8>,
    pair: KeyPair,
    verifies: DecodingKey,
}

impl std::fmt::Debug for RsaKey {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = f.debug_struct("RsaKey");
        key.field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// What precedes an RSA key of 2048 bits in PKCS #8 (RFC 5208): which algorithm it is for.
const PKCS8_HEADER: usize = 26;

impl RsaKey {
    /// A new pair of 2048 bits.
    ///
    /// # Errors
    ///
    /// When the system gives none.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::NoKey)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::NoKey)?;
        let public: PublicKeyX509Der<'_> =
            pair.public_key().as_der().map_err(|_| KeyError::NoKey)?;
        // `jsonwebtoken` wants PKCS #1, which is what PKCS #8 wraps.
        let pkcs1 = pkcs8.as_ref().get(PKCS8_HEADER..).ok_or(KeyError::NoKey)?;
        let jwk = Jwk::from_encoding_key(&EncodingKey::from_rsa_der(pkcs1), Algorithm::RS256)?;
        Ok(Self {
            kid: BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()),
            verifies: DecodingKey::from_jwk(&jwk)?,
            jwk,
            public_der: public.as_ref().to_vec(),
            pair,
        })
    }

    /// A token with this header and these claims (RFC 7515). The header's `alg` must be RS256.
    ///
    /// `jsonwebtoken` would read and verify the key again for each token, which takes much longer
    /// than to sign.
    ///
    /// # Errors
    ///
    /// When it cannot be signed.
    pub fn sign(&self, header: &Header, claims: &impl Serialize) -> Result<String, KeyError> {
        let message = format!("{}.{}", part(header)?, part(claims)?);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .map_err(|_| Error::from(ErrorKind::RsaFailedSigning))?;
        Ok(format!(
            "{message}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(signature)
        ))
    }

    /// What verifies its signatures.
    pub fn verifies(&self) -> &DecodingKey {
        &self.verifies
    }

    /// The public key as X.509 has it (`SubjectPublicKeyInfo`), in DER.
    pub fn public_der(&self) -> &[u8] {
        &self.public_der
    }

    /// The header of a token that it signs.
    pub fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.kid.clone());
        header
    }

    /// As JWKS have it (RFC 7517).
    fn jwk(&self, usage: PublicKeyUse, algorithm: KeyAlgorithm) -> Jwk {
        let mut jwk = self.jwk.clone();
        jwk.common.key_id = Some(self.kid.clone());
        jwk.common.public_key_use = Some(usage);
        jwk.common.key_algorithm = Some(algorithm);
        jwk
    }
}

/// A part of a token.
fn part(json: &impl Serialize) -> Result<String, KeyError> {
    let json = serde_json::to_vec(json).map_err(Error::from)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
}

/// All keys of a realm.
#[derive(Clone, Debug)]
pub struct KeyRing {
    encryption: Arc<RsaKey>,
    /// The newest first.
    signing: Vec<Arc<RsaKey>>,
}

impl KeyRing {
    /// Fresh keys.
    ///
    /// # Errors
    ///
    /// When the system gives none.
    pub fn generate() -> Result<Self, KeyError> {
        let signing = RsaKey::generate()?.into();
        Ok(Self::of(signing, RsaKey::generate()?.into()))
    }

    /// These keys: many realms of one process may share them, because it takes time to make one.
    pub fn of(signing: Arc<RsaKey>, encryption: Arc<RsaKey>) -> Self {
        Self {
            encryption,
            signing: vec![signing],
        }
    }

    /// The key that signs.
    pub fn current(&self) -> Arc<RsaKey> {
        // There is one from the beginning, and the newest is not taken away.
        Arc::clone(self.signing.first().unwrap_or(&self.encryption))
    }

    /// The key that is listed, and signs nothing.
    pub fn encryption(&self) -> &RsaKey {
        &self.encryption
    }

    /// A key that signed some time, by its name.
    pub fn find(&self, kid: &str) -> Option<&RsaKey> {
        let mut signing = self.signing.iter();
        signing.find(|key| key.kid == kid).map(AsRef::as_ref)
    }

    /// From now on this key signs. The old one stays listed: what it signed is good until it
    /// expires.
    pub fn rotate_to(&mut self, key: Arc<RsaKey>) {
        self.signing.insert(0, key);
    }

    /// From now on the keys that signed before are not listed any more: what they signed is worth nothing.
    pub fn withdraw_old(&mut self) {
        self.signing.truncate(1);
    }

    /// The JWKS (RFC 7517). As with Keycloak the encryption key comes first: who takes the first
    /// key takes the wrong one.
    pub fn jwks(&self) -> JwkSet {
        let encryption = self
            .encryption
            .jwk(PublicKeyUse::Encryption, KeyAlgorithm::RSA_OAEP);
        let signing = |key: &Arc<RsaKey>| key.jwk(PublicKeyUse::Signature, KeyAlgorithm::RS256);
        let signing = self.signing.iter().map(signing);
        JwkSet {
            keys: std::iter::once(encryption).chain(signing).collect(),
        }
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
