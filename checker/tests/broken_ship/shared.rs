//! Questions that any instance can be answered at: their states are sealed with a key that all share, and
//! which ones were answered is in the database.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::bakery::shop::{GAP, Order, Shop};
use crate::bakery::tools::{error, structured};
use crate::flaw::{Flaw, Flaws};
use crate::protocol::{Call, INVALID_PARAMS, RpcError, Stop};
use crate::user::User;

/// The variable with the key.
const VARIABLE: &str = "STORE_SEALING_KEY";

/// Whether this is one of several instances.
pub fn is_planned() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// What the instances have in common.
pub struct Shared {
    flaws: Flaws,
    key: hmac::Key,
    spent: Mutex<HashSet<String>>,
}

impl Shared {
    /// Nothing, if this instance is alone.
    pub fn of(flaws: &Flaws) -> Option<Self> {
        let mut key = std::env::var(VARIABLE).ok()?;
        if flaws.has(Flaw::OwnKey) {
            key = rand::random::<u128>().to_string();
        }
        if flaws.has(Flaw::KeyInProgram) {
            key = "a key that is in the program, for everybody to read".to_owned();
        }
        Some(Self {
            flaws: flaws.clone(),
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()),
            spent: Mutex::default(),
        })
    }

    /// The same question, with a state that every instance can open.
    pub fn sealed(&self, mut asks: Value, call: &Call, user: &User) -> Value {
        let id = rand::random::<u128>().to_string();
        let bound = json!([id, call.params()["arguments"], user.id]).to_string();
        let tag = hmac::sign(&self.key, bound.as_bytes());
        let parts = [bound.as_bytes(), tag.as_ref()];
        let [bound, tag] = parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        asks["requestState"] = json!(format!("{bound}.{tag}"));
        asks
    }

    /// The second round of a call, at whichever instance.
    pub async fn answered(&self, shop: &Shop, call: &Call, user: &User) -> Result<Value, Stop> {
        let params = call.params();
        let state = params["requestState"].as_str().unwrap_or_default();
        let Some(id) = self.open(state, &params["arguments"], user) else {
            return Err(refused());
        };
        if !self.is_first(shop, &id).await {
            return Err(refused());
        }
        let answers = params["inputResponses"].as_object();
        let answer = answers.and_then(|answers| answers.values().next());
        let is_yes = answer
            .is_some_and(|one| one["action"] == "accept" && one["content"]["confirm"] == true);
        if !is_yes {
            return Ok(error("Nothing was bought: the user did not confirm."));
        }
        let order = Order {
            product_name: params["arguments"]["product_name"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            quantity: params["arguments"]["quantity"].as_i64().unwrap_or_default(),
        };
        Ok(match shop.sell(&order).await {
            Ok(receipt) => structured(&receipt),
            Err(refusal) => error(refusal),
        })
    }

    fn open(&self, state: &str, arguments: &Value, user: &User) -> Option<String> {
        let (bound, tag) = state.split_once('.')?;
        let bound = BASE64_URL_SAFE_NO_PAD.decode(bound).ok()?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.key, &bound, &tag).ok()?;
        let bound: Value = serde_json::from_slice(&bound).ok()?;
        let is_theirs = bound[1] == *arguments && bound[2] == user.id;
        is_theirs.then(|| bound[0].as_str().map(str::to_owned))?
    }

    async fn is_first(&self, shop: &Shop, id: &str) -> bool {
        if self.flaws.has(Flaw::SpentInMemory) {
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            return spent.insert(id.to_owned());
        }
        if self.flaws.has(Flaw::GapBeforeSpending) {
            let is_new = !shop.is_spent(id);
            sleep(GAP).await;
            shop.spend(id);
            return is_new;
        }
        shop.spend(id) || self.flaws.has(Flaw::NeverSpent)
    }
}

fn refused() -> Stop {
    RpcError::new(INVALID_PARAMS, "this requestState is not good for this").into()
}
