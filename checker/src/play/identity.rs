//! Who the person is, to a server that asks for a token: a login in the browser, and the token that came
//! of it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Url;
use serde_json::{Value, json};

use super::Play;
use super::tab::Tab;
use crate::escape::visible_up_to;
use crate::mcp::bearer::{Bearer, claims};
use crate::mcp::login::{Login, LoginError, SignedIn};

/// Where the realm sends the browser back to.
pub const CALLBACK: &str = "/signed-in";

/// How often it is looked whether the token still holds. It is renewed half a minute before its end.
const LOOK: Duration = Duration::from_secs(10);

/// A person who has signed in.
pub struct Identity {
    /// What they are called.
    pub name: String,
    /// What their requests carry.
    pub bearer: Bearer,
    signed_in: SignedIn,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// The logins that wait for the browser to come back, by their `state`.
#[derive(Default)]
pub struct Logins(Mutex<HashMap<String, (Weak<Tab>, Login)>>);

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logins").finish_non_exhaustive()
    }
}

impl Play {
    /// Begins a login, and gives the address at which the person signs in. `origin` is where the browser
    /// sees this page.
    pub(super) async fn begin_login(
        &self,
        tab: &Arc<Tab>,
        origin: &str,
        as_somebody_else: bool,
    ) -> Value {
        let failed = |words: &str| json!({ "error": { "words": visible_up_to(2_000, words) } });
        let Some((server, challenge)) = tab.asks_for_login() else {
            return failed("This server does not ask for a login.");
        };
        let callback = match Url::parse(origin).and_then(|origin| origin.join(CALLBACK)) {
            Ok(callback) => callback,
            Err(error) => return failed(&error.to_string()),
        };
        let transcript = tab.recorded("sign in");
        let begun = Login::begin(
            &server,
            "play",
            challenge.as_deref(),
            &callback,
            &transcript,
        )
        .await;
        let login = match begun {
            Ok(login) => login,
            Err(error) => return failed(&error.to_string()),
        };
        let mut address = login.address().clone();
        if as_somebody_else {
            // Otherwise the realm knows the browser, and asks nobody.
            address.query_pairs_mut().append_pair("prompt", "login");
        }
        let state = named(&address, "state").unwrap_or_default();
        let mut waiting = self.logins.0.lock();
        // One for each tab: who begins another has given up the one before.
        let tab = Arc::downgrade(tab);
        waiting.retain(|_, (waits, _)| waits.strong_count() > 0 && !waits.ptr_eq(&tab));
        waiting.insert(state, (tab, login));
        json!({ "address": address.as_str() })
    }

    /// The browser is back from the realm, with this in its address. Gives what the person reads.
    pub(super) async fn end_login(&self, query: &str) -> &'static str {
        const GONE: &str =
            "This login is unknown or no longer valid. Sign in again on the page of play.";
        let Ok(mut answered) = Url::parse("http://localhost").and_then(|url| url.join(CALLBACK))
        else {
            return GONE;
        };
        answered.set_query(Some(query));
        let state = named(&answered, "state").unwrap_or_default();
        let found = self.logins.0.lock().remove(&state);
        let Some((tab, login)) = found.and_then(|(tab, login)| Some((tab.upgrade()?, login)))
        else {
            return GONE;
        };
        let done = async {
            let signed_in = login.finish(&answered).await?;
            let token = signed_in.token().await?;
            Ok::<_, LoginError>(Identity {
                name: name_in(&token),
                bearer: Bearer::new(&token),
                signed_in,
            })
        };
        match done.await {
            Ok(identity) => {
                tab.sign_in(identity);
                "You are signed in. You can close this page."
            }
            Err(error) => {
                tab.notice(format!("The login did not work: {error}"));
                "You are not signed in. The page of play says why."
            }
        }
    }
}

impl Identity {
    /// Renews the token whenever it is about to end. Returns why it cannot be any more.
    pub(super) async fn keep_fresh(&self) -> String {
        loop {
            tokio::time::sleep(LOOK).await;
            match self.signed_in.token().await {
                Ok(token) => self.bearer.set(&token),
                Err(error) => return error.to_string(),
            }
        }
    }
}

fn named(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

/// What a person is called in their token. Nothing depends on it but what the page shows.
fn name_in(token: &str) -> String {
    let claims = claims(token);
    let name = claims["preferred_username"]
        .as_str()
        .or(claims["sub"].as_str());
    visible_up_to(60, name.unwrap_or("somebody"))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn a_person_is_called_what_their_token_says() {
        let token = |claims: Value| {
            let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
            format!("head.{claims}.signature")
        };
        let named = json!({ "sub": "1", "preferred_username": "alice" });
        assert_eq!(name_in(&token(named)), "alice");
        assert_eq!(name_in(&token(json!({ "sub": "1" }))), "1");
        assert_eq!(name_in("no token"), "somebody");
    }
}
