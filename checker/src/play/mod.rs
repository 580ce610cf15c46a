//! An MCP host in the browser, for people: call tools, answer what a server asks, see MCP Apps, and
//! read the wire.
//!
//! - [`backend`] is the server that is played with: built, started, and started again,
//! - `tab` is one browser tab, with a session of its own, and `switches` what that client declares,
//! - `calls` drives a tool call: rounds, tasks, cancellation; `questions` is what a person is asked,
//! - `wire` keeps what crossed the wire, and `lines` what the server printed, both bounded,
//! - `address` knows by which names the page is reached, and whom to let in,
//! - `serve` is HTTP: the page, its requests and its events; `api` is what they do,
//! - `page/` is the page itself. It has no build step and asks nothing of any other host.
//!
//! Everything that comes from a server is untrusted. It reaches the page as JSON, and the page
//! shows it as text, or in the sandbox of `host`.

mod address;
mod api;
pub mod backend;
mod calls;
mod identity;
mod lines;
mod questions;
mod serve;
mod switches;
mod tab;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;

pub use self::address::Address;
use self::backend::Backend;
use self::identity::Logins;
pub use self::serve::Listening;
use self::tab::Tab;

/// More tabs than this are not served: the one that nobody has looked at for longest goes.
const MOST_TABS: usize = 24;

/// How many pages of Apps are remembered, each with its policy.
const MOST_POLICIES: usize = 64;

/// How long a tab may be gone before its session ends. A page that reloads is back at once.
const GRACE: Duration = Duration::from_secs(15);

/// All that the tabs share.
#[derive(Debug)]
pub struct Play {
    address: Address,
    backend: Backend,
    tabs: Mutex<HashMap<String, Arc<Tab>>>,
    logins: Logins,
    /// The policies of the Apps that were shown, by the key in the address of their sandbox page.
    policies: Mutex<Vec<(String, String)>>,
}

impl Play {
    /// What is served at this address, with this server behind it.
    pub fn new(address: Address, backend: Backend) -> Arc<Self> {
        Arc::new(Self {
            address,
            backend,
            tabs: Mutex::default(),
            logins: Logins::default(),
            policies: Mutex::default(),
        })
    }

    /// A new tab, with a session that opens by itself.
    fn open(self: &Arc<Self>, switches: switches::Switches) -> Arc<Tab> {
        let tab = Tab::open(self, switches);
        let mut tabs = self.tabs.lock();
        if tabs.len() >= MOST_TABS {
            let longest = tabs.values().max_by_key(|tab| tab.unseen_for());
            if let Some(id) = longest.map(|tab| tab.id.clone()) {
                tabs.remove(&id).iter().for_each(|tab| tab.close());
            }
        }
        tabs.insert(tab.id.clone(), Arc::clone(&tab));
        tab
    }

    fn tab(&self, id: &str) -> Option<Arc<Tab>> {
        self.tabs.lock().get(id).cloned()
    }

    fn close(&self, id: &str) {
        let tab = self.tabs.lock().remove(id);
        tab.iter().for_each(|tab| tab.close());
    }

    /// Ends the sessions of tabs that are gone, for as long as this is polled.
    pub async fn sweep(&self) {
        let mut looks = tokio::time::interval(GRACE / 3);
        loop {
            looks.tick().await;
            let gone: Vec<String> = {
                let tabs = self.tabs.lock();
                let gone = tabs.values().filter(|tab| tab.unseen_for() > GRACE);
                gone.map(|tab| tab.id.clone()).collect()
            };
            gone.iter().for_each(|id| self.close(id));
        }
    }

    /// Remembers the policy of an App, and gives the key of its sandbox page.
    fn remember_policy(&self, ui: &Value) -> String {
        let key = random();
        let mut policies = self.policies.lock();
        if policies.len() >= MOST_POLICIES {
            policies.remove(0);
        }
        policies.push((key.clone(), crate::host::policy(ui)));
        key
    }

    fn policy(&self, key: &str) -> Option<String> {
        let policies = self.policies.lock();
        let found = policies.iter().find(|(known, _)| known == key);
        found.map(|(_, policy)| policy.clone())
    }
}

/// 128 bits that nobody guesses.
fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}
