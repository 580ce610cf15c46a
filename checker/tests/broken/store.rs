//! The store as a service: its handshake, and its methods.

use serde_json::{Value, json};

use crate::flaw::{Flaw, Flaws};
use crate::protocol::{About, Call, METHOD_NOT_FOUND, RpcError, Service, Stop};
use crate::shop::Shop;
use crate::{extras, tools};

const INSTRUCTIONS: &str = "A small bakery. Prices are in cents. Look at the products before you \
                            buy: names must match exactly, and stock is limited.";

/// What every request needs.
pub struct Store {
    pub flaws: Flaws,
    pub shop: Shop,
    pub over_stdio: bool,
}

impl Service for Store {
    fn about(&self) -> About {
        About {
            server_info: self.server_info(),
            capabilities: self.capabilities(),
            instructions: self.flaws.text(INSTRUCTIONS),
        }
    }

    async fn answer(&self, call: &Call) -> Result<Value, Stop> {
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
