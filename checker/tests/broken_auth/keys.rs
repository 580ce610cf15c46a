//! The keys of the realm, and when it is asked for them.

use std::time::{Duration, Instant};

use anyhow::Result;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use reqwest::Client;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::flaw::{Flaw, Flaws};

/// After this many names that nobody has, [`Flaw::LocksEverybodyOut`] has had enough.
const ENOUGH: usize = 20;

/// For so long.
const SULKING: Duration = Duration::from_secs(60);

pub struct Keys {
    flaws: Flaws,
    realm: String,
    pause: Duration,
    client: Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Jwk>,
    /// When the keys came.
    fetched: Option<Instant>,
    /// When a question brought nothing.
    in_vain: Option<Instant>,
    has_failed: bool,
    unknown_names: usize,
}

/// What came of looking for a key.
pub enum Found {
    Key(Box<Jwk>),
    Nothing,
    RealmIsDown,
}

impl Keys {
    pub fn of(flaws: Flaws, realm: &str, pause: Duration) -> Self {
        Self {
            flaws,
            realm: realm.trim_end_matches('/').to_owned(),
            pause,
            client: plain_client(),
            known: Mutex::default(),
        }
    }

    /// Asks the realm, whatever is known.
    pub async fn fetch_now(&self) -> Result<()> {
        self.fetch(&mut self.known.lock().await).await
    }

    /// The key that a token names.
    pub async fn find(&self, kid: Option<&str>) -> Found {
        let flaws = &self.flaws;
        let mut known = self.known.lock().await;
        let locked_out = flaws.has(Flaw::LocksEverybodyOut)
            && known.unknown_names >= ENOUGH
            && known.in_vain.is_some_and(|at| at.elapsed() < SULKING);
        if locked_out {
            return Found::Nothing;
        }
        if let Some(key) = self.look(&known, kid)
            && !flaws.has(Flaw::FetchesForEachRequest)
        {
            return Found::Key(key);
        }
        let asks = self.may_ask(&known);
        if asks && self.fetch(&mut known).await.is_err() {
            return Found::RealmIsDown;
        }
        let found = self.look(&known, kid);
        if found.is_none() {
            known.unknown_names += 1;
            if asks {
                known.in_vain = Some(Instant::now());
            }
        }
        match found {
            Some(key) => Found::Key(key),
            None if known.keys.is_empty() => Found::RealmIsDown,
            None => self.instead(&known),
        }
    }

    fn may_ask(&self, known: &Known) -> bool {
        let flaws = &self.flaws;
        if flaws.has(Flaw::NeverFetchesAgain) && known.fetched.is_some() {
            return false;
        }
        if flaws.has(Flaw::NeverAsksAgain) && known.has_failed {
            return false;
        }
        if flaws.has(Flaw::KeysOnceASecond) {
            let last = known.fetched.max(known.in_vain);
            return last.is_none_or(|at| at.elapsed() >= Duration::from_secs(1));
        }
        flaws.has_any(&[Flaw::FetchesForEachRequest, Flaw::FetchesForEachName])
            || self.pause_is_over(known)
    }

    fn pause_is_over(&self, known: &Known) -> bool {
        known.in_vain.is_none_or(|at| at.elapsed() >= self.pause)
    }

    fn look(&self, known: &Known, kid: Option<&str>) -> Option<Box<Jwk>> {
        let mut keys = known.keys.iter();
        let found = match kid {
            Some(kid) => keys.find(|key| key.common.key_id.as_deref() == Some(kid)),
            None if self.flaws.has(Flaw::KidNotNeeded) => keys.find(|key| signs(key)),
            None => None,
        };
        found.cloned().map(Box::new)
    }

    fn instead(&self, known: &Known) -> Found {
        let first = known.keys.iter().find(|key| signs(key));
        match first.filter(|_| self.flaws.has(Flaw::FirstKeyForAll)) {
            Some(key) => Found::Key(Box::new(key.clone())),
            None => Found::Nothing,
        }
    }

    async fn fetch(&self, known: &mut MutexGuard<'_, Known>) -> Result<()> {
        match self.ask().await {
            Ok(mut keys) => {
                if !self.flaws.has(Flaw::TakesEncryptionKey) {
                    keys.retain(signs);
                }
                if self.flaws.has(Flaw::DropsOldKey) {
                    keys.truncate(1);
                }
                if self.flaws.has(Flaw::KeepsWithdrawnKey) {
                    keys.append(&mut known.keys);
                }
                known.keys = keys;
                known.fetched = Some(Instant::now());
                Ok(())
            }
            Err(error) => {
                known.in_vain = Some(Instant::now());
                known.has_failed = true;
                Err(error)
            }
        }
    }

    async fn ask(&self) -> Result<Vec<Jwk>> {
        let realm = &self.realm;
        let discovery = match realm.split_once("/realms/") {
            Some((origin, name)) if self.flaws.has(Flaw::OtherDiscovery) => {
                format!("{origin}/.well-known/oauth-authorization-server/realms/{name}")
            }
            _ => format!("{realm}/.well-known/openid-configuration"),
        };
        let discovery: Value = self.get(&discovery).await?;
        let keys = discovery["jwks_uri"].as_str().unwrap_or_default();
        Ok(self.get::<JwkSet>(keys).await?.keys)
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T> {
        let answer = self.client.get(url).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }
}

/// Without the system's certificates, which take a while to read, and without its proxy.
fn plain_client() -> Client {
    let client = Client::builder().tls_certs_only([]).no_proxy().build();
    client.unwrap_or_default()
}

fn signs(key: &Jwk) -> bool {
    key.common.public_key_use == Some(PublicKeyUse::Signature)
}
