//! The store's tools: how a model can see the inventory and buy from it.

use std::sync::{Arc, LazyLock};

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::{
    InputResponses, IntoCallToolResult, RequestState, schema_for_output,
};
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskExit, TaskManager, TaskOptions};
use rmcp::{ErrorData, RoleServer, ServerHandler, prompt_handler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::apps::App;
use crate::confirm::{Answer, Confirmations, Round, internal};
use crate::inventory::{Inventory, Product, Receipt, Search};
use crate::oven::{Baked, Batch, Order, Oven, Report};
use crate::payments::{Connected, Payments};
use crate::{apps, prompts, resources};

/// The MCP server. Clones share one inventory and everything that is in progress.
#[derive(Clone)]
pub struct Store {
    pub inventory: Arc<Inventory>,
    confirmations: Arc<Confirmations>,
    oven: Arc<Oven>,
    payments: Arc<Payments>,
    tasks: TaskManager,
}

impl Store {
    pub fn new(inventory: Arc<Inventory>, confirmations: Confirmations, oven: Oven) -> Self {
        Self {
            inventory,
            confirmations: Arc::new(confirmations),
            oven: Arc::new(oven),
            payments: Arc::default(),
            tasks: TaskManager::new(),
        }
    }
}

/// A list of products, in an object, because older clients do not accept an array.
#[derive(Debug, Serialize, JsonSchema)]
struct ProductList {
    products: Vec<Product>,
}

/// The arguments of `buy_product`.
#[derive(Debug, Deserialize, JsonSchema)]
struct BuyProduct {
    /// The product to buy, by the name that `list_products` gives.
    product_name: String,
    /// How many to buy.
    #[schemars(range(min = 1, max = 1000))]
    quantity: u32,
}

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

#[tool_router]
impl Store {
    /// Lists everything the store sells, with prices in cents and how many are left.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    fn list_products(&self) -> Json<ProductList> {
        let products = self.inventory.products();
        Json(ProductList { products })
    }

    /// Buys a product, after asking the user, and returns the receipt. Each call buys again.
    #[tool(
        output_schema = schema_for_output::<Receipt>(),
        annotations(
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn buy_product(
        &self,
        Parameters(order): Parameters<BuyProduct>,
        RequestState(state): RequestState,
        InputResponses(responses): InputResponses,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // ANCHOR: step_4_1_tool
        // TODO 4.1: get a quote from the inventory, and ask with `self.confirmations`. Only go on
        // after a yes. `tool_error` turns a no into a result, `.into()` does so with a question.
        todo!("4.1");
        // ANCHOR_END: step_4_1_tool
        // ANCHOR: step_4_5
        // TODO 4.5: while the user was thinking, others may have bought. What if `buy` says no?
        let sold = self.inventory.buy(&order.product_name, order.quantity);
        let receipt = sold.unwrap_or_else(|_| todo!("4.5"));
        Json(receipt).into_call_tool_result()
        // ANCHOR_END: step_4_5
    }

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

    // ANCHOR: step_4_6_tool
    // TODO 4.6: the tool `show_inventory_chart`. It has the same result as `list_products`, and
    // `meta = apps::CHART.meta()` gives it a page.
    // ANCHOR_END: step_4_6_tool

    // ANCHOR: step_4_7_tool
    // TODO 4.7: the tool `show_product_catalog`, with the page `apps::CATALOG`.
    // ANCHOR_END: step_4_7_tool

    // ANCHOR: step_4_10
    // TODO 4.10 (bonus): the tool `bake`. It takes an `Order` and returns a `Baked`. Report
    // progress after each `self.oven.bake_one`, and stop when `context.ct` is cancelled.
    // ANCHOR_END: step_4_10

    // ANCHOR: step_4_11
    // TODO 4.11 (bonus): the tool `connect_payments`, without arguments. It returns `Connected`
    // after `self.payments` has sent the user to the page, and the user has finished it.
    // ANCHOR_END: step_4_11

    // ANCHOR: step_4_12
    // TODO 4.12 (bonus): the tool `bake_all`. It takes a `Batch` and returns a `Report`. If the
    // client supports tasks, it becomes a task in `self.tasks`.
    // ANCHOR_END: step_4_12
}

/// A result that says what went wrong, so that the model can react.
fn tool_error(why: impl Into<String>) -> Result<CallToolResponse, ErrorData> {
    Ok(CallToolResult::error(vec![ContentBlock::text(why)]).into())
}

/// What the store can do. Clients learn this before anything else.
fn capabilities() -> ServerCapabilities {
    let capabilities = ServerCapabilities::builder().enable_tools();
    let capabilities = capabilities.enable_resources();
    let capabilities = capabilities.enable_prompts().enable_completions();
    // ANCHOR: step_4_12_capability
    // TODO 4.12 (bonus): declare the extension: `enable_tasks`.
    // ANCHOR_END: step_4_12_capability
    capabilities.build()
}

/// The tools by name, collected once. Otherwise, `#[tool_handler]` collects them for every request.
static TOOLS: LazyLock<ToolRouter<Store>> = LazyLock::new(Store::tool_router);

#[tool_handler(router = TOOLS)]
#[prompt_handler]
impl ServerHandler for Store {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(capabilities())
            .with_server_info(
                Implementation::new("corner-bakery", env!("CARGO_PKG_VERSION"))
                    .with_title("Corner Bakery"),
            )
            .with_instructions(
                "A small bakery. Prices are in cents. Look at the products before you buy: \
                 names must match exactly, and stock is limited.",
            )
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let pages = apps::ALL.iter().map(App::resource);
        let resources = [resources::inventory()].into_iter().chain(pages);
        Ok(ListResourcesResult::with_all_items(resources.collect()))
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
        let contents = match apps::read(&request.uri) {
            Some(page) => page,
            None => resources::read(&self.inventory, &request.uri)?,
        };
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::new(prompts::complete(&request)))
    }

    // ANCHOR: step_4_12_tasks
    // TODO 4.12 (bonus): `get_task` and `cancel_task`. `self.tasks` has the answers.
    // ANCHOR_END: step_4_12_tasks
}
