//! What the store needs to know about the realm: its name, and the keys that it signs with.
//!
//! A realm publishes its keys (JWKS, RFC 7517) and changes them now and then. A token names its key
//! (`kid`). If the store does not know that key, it fetches the keys, and keeps them.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::sync::Mutex;

/// After this time, the store fetches the keys again, in case the realm has withdrawn one.
const FRESH: Duration = Duration::from_secs(300);

/// How long the realm may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the store has no keys from the realm.
#[derive(Debug, Error)]
pub enum RealmError {
    #[error("the realm does not answer: {0:#}")]
    Silent(#[from] reqwest::Error),
    #[error("the realm at {asked} calls itself {says}. Set REALM_URL to that name")]
    AnotherIssuer { asked: String, says: String },
    #[error("the realm did not answer a moment ago")]
    AskedJustNow,
}

/// The parts of a realm's metadata that the store needs (OpenID Connect Discovery 1.0, 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// The keys of a realm.
pub struct RealmKeys {
    issuer: String,
    client: Client,
    pause: Duration,
    known: RwLock<Known>,
    /// Held by the task that asks the realm.
    asking: Mutex<()>,
}

/// What the realm has answered so far.
#[derive(Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    /// When the keys arrived.
    fetched: Option<Instant>,
    /// When the realm was last asked in vain.
    in_vain: Option<Instant>,
}

impl Known {
    fn are_fresh(&self) -> bool {
        self.fetched.is_some_and(|at| at.elapsed() < FRESH)
    }

    fn may_ask(&self, pause: Duration) -> bool {
        self.in_vain.is_none_or(|at| at.elapsed() >= pause)
    }
}

impl RealmKeys {
    /// The keys of the realm at this address, such as `http://localhost:8180/realms/workshop`.
    ///
    /// An unknown key may be made up, and anybody can name thousands of those. So after asking in
    /// vain, the store does not ask the realm again for this `pause`.
    pub fn new(realm: &Url, pause: Duration) -> Result<Self, RealmError> {
        Ok(Self {
            // An issuer is compared as text. With a slash at the end, it would be a different one.
            issuer: realm.as_str().trim_end_matches('/').to_owned(),
            client: Client::builder().timeout(PATIENCE).build()?,
            pause,
            known: RwLock::default(),
            asking: Mutex::default(),
        })
    }

    /// The realm's name, which it writes into every token.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key with this name, if the realm has it.
    pub async fn find(&self, kid: &str) -> Result<Option<DecodingKey>, RealmError> {
        if let Some(key) = self.fresh(kid) {
            return Ok(Some(key));
        }
        // Only one task asks. Others that need a new key wait for its answer; the rest do not wait.
        let _turn = self.asking.lock().await;
        if !self.read(Known::are_fresh)
            && let Err(error) = self.fetch().await
            && self.read(|known| known.keys.is_empty())
        {
            return Err(error);
        }
        if self.key(kid).is_none() && self.may_ask() {
            self.fetch().await?;
            if self.key(kid).is_none() {
                self.write(|known| known.in_vain = Some(Instant::now()));
            }
        }
        Ok(self.key(kid))
    }

    fn may_ask(&self) -> bool {
        self.read(|known| known.may_ask(self.pause))
    }

    fn key(&self, kid: &str) -> Option<DecodingKey> {
        self.read(|known| known.keys.get(kid).cloned())
    }

    fn fresh(&self, kid: &str) -> Option<DecodingKey> {
        self.key(kid).filter(|_| self.read(Known::are_fresh))
    }

    /// Asks the realm for its keys, unless it has just failed to answer.
    async fn fetch(&self) -> Result<(), RealmError> {
        if !self.may_ask() {
            return Err(RealmError::AskedJustNow);
        }
        let asked = self.ask().await;
        self.write(|known| match asked {
            Ok(keys) => {
                known.keys = keys;
                known.fetched = Some(Instant::now());
                Ok(())
            }
            Err(error) => {
                known.in_vain = Some(Instant::now());
                Err(error)
            }
        })
    }

    async fn ask(&self) -> Result<HashMap<String, DecodingKey>, RealmError> {
        let discovery = format!("{}/.well-known/openid-configuration", self.issuer);
        let discovery: Discovery = self.get(&discovery).await?;
        if discovery.issuer != self.issuer {
            return Err(RealmError::AnotherIssuer {
                asked: self.issuer.clone(),
                says: discovery.issuer,
            });
        }
        let keys: JwkSet = self.get(&discovery.jwks_uri).await?;
        let keys = keys.keys.iter().filter(|key| signs(key));
        Ok(keys.filter_map(named).collect())
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, RealmError> {
        let response = self.client.get(url).send().await?.error_for_status()?;
        Ok(response.json().await?)
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a key is for signing, with our algorithm. Keycloak also lists one for encryption.
fn signs(key: &Jwk) -> bool {
    key.common.public_key_use == Some(PublicKeyUse::Signature)
        && key.common.key_algorithm == Some(KeyAlgorithm::RS256)
}

fn named(key: &Jwk) -> Option<(String, DecodingKey)> {
    let kid = key.common.key_id.clone()?;
    Some((kid, DecodingKey::from_jwk(key).ok()?))
}
