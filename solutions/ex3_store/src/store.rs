//! The store's tools: how a model can see the inventory and buy from it.

use std::sync::{Arc, LazyLock};

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, prompt_handler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inventory::{Inventory, Product, Receipt, Search};
use crate::{prompts, resources};

/// The MCP server. Clones share one inventory.
#[derive(Clone)]
pub struct Store {
    pub inventory: Arc<Inventory>,
}

impl Store {
    pub fn new(inventory: Arc<Inventory>) -> Self {
        Self { inventory }
    }
}

// ANCHOR: step_3_2
/// A list of products, in an object, because older clients do not accept an array.
#[derive(Debug, Serialize, JsonSchema)]
struct ProductList {
    products: Vec<Product>,
}
// ANCHOR_END: step_3_2

// ANCHOR: step_3_3
/// The arguments of `buy_product`.
#[derive(Debug, Deserialize, JsonSchema)]
struct BuyProduct {
    /// The product to buy, by the name that `list_products` gives.
    product_name: String,
    /// How many to buy.
    #[schemars(range(min = 1, max = 1000))]
    quantity: u32,
}
// ANCHOR_END: step_3_3

// ANCHOR: step_3_9
/// The arguments of `search_products`.
#[derive(Debug, Deserialize, JsonSchema)]
struct SearchProducts {
    /// A part of the product's name, in any case.
    keyword: Option<String>,
    /// The lowest price, in cents.
    min_price_cents: Option<u32>,
    /// The highest price, in cents.
    max_price_cents: Option<u32>,
}
// ANCHOR_END: step_3_9

#[tool_router]
impl Store {
    // ANCHOR: step_3_2_tool
    /// Lists everything the store sells, with prices in cents and how many are left.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn list_products(&self) -> Json<ProductList> {
        let products = self.inventory.products();
        Json(ProductList { products })
    }
    // ANCHOR_END: step_3_2_tool

    // ANCHOR: step_3_3_tool
    /// Buys a product and returns the receipt. Each call buys again.
    #[tool(annotations(
        read_only_hint = false,
        destructive_hint = true,
        idempotent_hint = false,
        open_world_hint = false
    ))]
    fn buy_product(
        &self,
        Parameters(order): Parameters<BuyProduct>,
    ) -> Result<Json<Receipt>, String> {
        // An `Err(String)` becomes a result with `isError: true`: the model reads why, and
        // can react. An `Err(ErrorData)` would be a protocol error, only for the host.
        self.inventory
            .buy(&order.product_name, order.quantity)
            .map(Json)
            .map_err(|refusal| refusal.to_string())
    }
    // ANCHOR_END: step_3_3_tool

    // ANCHOR: step_3_9_tool
    /// Finds products by a part of their name, a price range, or both.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn search_products(&self, Parameters(wanted): Parameters<SearchProducts>) -> Json<ProductList> {
        let products = self.inventory.search(&Search {
            keyword: wanted.keyword,
            min_price_cents: wanted.min_price_cents,
            max_price_cents: wanted.max_price_cents,
        });
        Json(ProductList { products })
    }
    // ANCHOR_END: step_3_9_tool
}

/// What the store can do. Clients learn this before anything else.
fn capabilities() -> ServerCapabilities {
    let capabilities = ServerCapabilities::builder().enable_tools();
    // ANCHOR: step_3_10_capability
    let capabilities = capabilities.enable_resources();
    // ANCHOR_END: step_3_10_capability
    // ANCHOR: step_3_11_capability
    let capabilities = capabilities.enable_prompts().enable_completions();
    // ANCHOR_END: step_3_11_capability
    capabilities.build()
}

/// The tools by name, collected once. Otherwise, `#[tool_handler]` collects them for every request.
static TOOLS: LazyLock<ToolRouter<Store>> = LazyLock::new(Store::tool_router);

#[tool_handler(router = TOOLS)]
// ANCHOR: step_3_11_handler
#[prompt_handler]
// ANCHOR_END: step_3_11_handler
impl ServerHandler for Store {
    fn get_info(&self) -> ServerConfig {
        // ANCHOR: step_3_1
        ServerConfig::new(capabilities())
            .with_server_info(
                Implementation::new("corner-bakery", env!("CARGO_PKG_VERSION"))
                    .with_title("Corner Bakery"),
            )
            .with_instructions(
                "A small bakery. Prices are in cents. Look at the products before you buy: \
                 names must match exactly, and stock is limited.",
            )
        // ANCHOR_END: step_3_1
    }

    // ANCHOR: step_3_10
    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(vec![
            resources::inventory(),
        ]))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(vec![
            resources::product(),
        ]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let contents = resources::read(&self.inventory, &request.uri)?;
        Ok(ReadResourceResult::new(vec![contents]).into())
    }
    // ANCHOR_END: step_3_10

    // ANCHOR: step_3_11
    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::new(prompts::complete(&request)))
    }
    // ANCHOR_END: step_3_11
}
