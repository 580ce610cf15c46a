//! The store as a service: its handshake, and its methods.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::flaw::{Flaw, Flaws};
use crate::protocol::{About, Call, Era, METHOD_NOT_FOUND, RpcError, Service, Stop};
use crate::shop::Shop;
use crate::{extras, tools};

const INSTRUCTIONS: &str = "A small bakery. Prices are in cents. Look at the products before you \
                            buy: names must match exactly, and stock is limited.";

/// What every request needs.
pub struct Store {
    pub flaws: Flaws,
    pub shop: Arc<Shop>,
    pub over_stdio: bool,
    /// Those of legacy sessions, with [`Flaw::InventoryPerSession`].
    pub shops: Shops,
}

/// A shop for each connection, by its address.
pub type Shops = Mutex<HashMap<usize, Arc<Shop>>>;

impl Service for Store {
    fn about(&self) -> About {
        About {
            server_info: self.server_info(),
            capabilities: self.capabilities(),
            instructions: self.flaws.text(INSTRUCTIONS),
        }
    }

    async fn answer(&self, call: &Call) -> Result<Value, Stop> {
        if self.flaws.has(Flaw::InventoryPerSession) {
            return self.with_shop_of(call).dispatch(call).await;
        }
        self.dispatch(call).await
    }

    /// Only for a developer who asks for it with `RUST_LOG`.
    fn log(&self, line: &str) {
        if std::env::var_os("RUST_LOG").is_none() {
            return;
        }
        if self.over_stdio && self.flaws.has(Flaw::StdoutLogs) {
            println!(" INFO store: {line}");
        } else {
            eprintln!(" INFO store: {line}");
        }
    }
}

impl Store {
    async fn dispatch(&self, call: &Call) -> Result<Value, Stop> {
        let params = call.params();
        let result = match call.request.method.as_str() {
            "tools/list" => tools::list(self),
            "tools/call" => tools::call(self, params).await?,
            "resources/list" => extras::resources(self),
            "resources/templates/list" => extras::templates(self),
            "resources/read" => extras::read(self, call.era(), params)?,
            "prompts/list" => extras::prompts(self),
            "prompts/get" => extras::prompt(self, params)?,
            "completion/complete" => extras::complete(self, params),
            method => return Err(RpcError::new(METHOD_NOT_FOUND, method).into()),
        };
        Ok(result)
    }

    /// The same store, with another shop for each session or, in the modern era, each request.
    fn with_shop_of(&self, call: &Call) -> Self {
        let fresh = || Arc::new(Shop::opening_day(self.flaws.clone()));
        let mut shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        let session = Arc::as_ptr(&call.connection).addr();
        let shop = match call.era() {
            Era::Modern => fresh(),
            // A session stays open, and so no other one is at its address.
            Era::Legacy => shops.entry(session).or_insert_with(fresh).clone(),
        };
        Self {
            flaws: self.flaws.clone(),
            shop,
            over_stdio: self.over_stdio,
            shops: Shops::default(),
        }
    }

    /// Prints a line where only messages may stand, with this flaw.
    pub fn prints(&self, flaw: Flaw) {
        if self.over_stdio && self.flaws.has(flaw) {
            println!("a customer is here");
        }
    }

    fn capabilities(&self) -> Value {
        let mut capabilities =
            json!({ "tools": {}, "resources": {}, "prompts": {}, "completions": {} });
        for (flaw, name) in [
            (Flaw::ToolsNotDeclared, "tools"),
            (Flaw::ResourcesNotDeclared, "resources"),
            (Flaw::PromptsNotDeclared, "prompts"),
            (Flaw::CompletionsNotDeclared, "completions"),
        ] {
            if self.flaws.has(flaw)
                && let Some(declared) = capabilities.as_object_mut()
            {
                declared.remove(name);
            }
        }
        capabilities
    }

    fn server_info(&self) -> Value {
        if self.flaws.has(Flaw::LibraryName) {
            return json!({ "name": "rmcp", "version": "1.0.0" });
        }
        let version = if self.flaws.has(Flaw::NoVersion) {
            json!("")
        } else if self.flaws.has(Flaw::VersionAsNumber) {
            json!(1)
        } else {
            json!("0.1.0")
        };
        json!({ "name": "corner-bakery", "title": "Corner Bakery", "version": version })
    }
}
