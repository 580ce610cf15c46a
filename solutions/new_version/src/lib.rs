//! A server that replaces a tool while clients use it, and says how long they may keep its list of tools.

#[cfg(test)]
mod tests;

use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{
    CacheScope, Implementation, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
    ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How long a client may keep the list of tools, in milliseconds.
const FRESH: u64 = 300_000;

/// What the shop sells, by name, and the prices in cents.
const SHELVES: [(&str, u32); 3] = [("Bagel", 250), ("Bread", 600), ("Cake", 2000)];

/// The server.
#[derive(Clone)]
pub struct Shop {
    /// Whether `find_products` replaces `find_product`.
    pub replaced: watch::Receiver<bool>,
}

/// A product.
#[derive(Serialize, JsonSchema)]
struct Product {
    name: &'static str,
    /// In cents.
    price_cents: u32,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
struct Found {
    products: Vec<Product>,
}

/// The arguments of the old tool.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Name {
    /// The name of the product.
    name: String,
}

/// The arguments of the new tool.
#[derive(Deserialize, JsonSchema)]
struct Search {
    /// A part of the name.
    keyword: String,
    /// The highest price, in cents.
    max_price_cents: Option<u32>,
}

#[tool_router]
impl Shop {
    // ANCHOR: tools
    /// Finds a product by its name.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn find_product(&self, Parameters(Name { name }): Parameters<Name>) -> Json<Found> {
        self.find_products(Parameters(Search {
            keyword: name,
            max_price_cents: None,
        }))
    }

    /// Finds products by a part of their name, and by price.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn find_products(&self, Parameters(search): Parameters<Search>) -> Json<Found> {
        Json(search.run())
    }
    // ANCHOR_END: tools
}

impl Search {
    fn run(self) -> Found {
        let keyword = self.keyword.to_lowercase();
        let most = self.max_price_cents.unwrap_or(u32::MAX);
        let found = SHELVES
            .into_iter()
            .filter(|(name, cents)| name.to_lowercase().contains(&keyword) && *cents <= most);
        Found {
            products: found
                .map(|(name, price_cents)| Product { name, price_cents })
                .collect(),
        }
    }
}

impl Shop {
    // ANCHOR: listed
    /// Whether this tool is in the list now. All tools can be called, listed or not.
    fn is_listed(&self, tool: &Tool) -> bool {
        match tool.name.as_ref() {
            "find_product" => !*self.replaced.borrow(),
            "find_products" => *self.replaced.borrow(),
            _ => true,
        }
    }
    // ANCHOR_END: listed
}

#[tool_handler]
impl ServerHandler for Shop {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools();
        ServerConfig::new(capabilities.enable_tool_list_changed().build())
            .with_server_info(Implementation::new("shop", env!("CARGO_PKG_VERSION")))
    }

    // ANCHOR: list
    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut tools = Self::tool_router().list_all();
        tools.retain(|tool| self.is_listed(tool));
        let list = ListToolsResult::with_all_items(tools);
        // Versions before 2026-07-28 do not have these hints.
        let version = context.protocol_version();
        if version.is_none_or(|version| version < ProtocolVersion::V_2026_07_28) {
            return Ok(list);
        }
        // Every user has the same tools, so an intermediary may keep the list, too.
        let list = list.with_ttl_ms(FRESH);
        Ok(list.with_cache_scope(CacheScope::Public))
    }
    // ANCHOR_END: list

    // ANCHOR: listen
    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    /// Tells a client of 2026-07-28 when the list changes, for as long as it listens.
    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut replaced = self.replaced.clone();
        loop {
            tokio::select! {
                changed = replaced.changed() => if changed.is_err() {
                    return Ok(());
                },
                () = context.cancelled() => return Ok(()),
            }
            // Fails when the client did not ask for it, or is gone.
            let _ = context.sink().notify_tool_list_changed().await;
        }
    }
    // ANCHOR_END: listen
}
