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
    // TODO 3.2: the products.
}
// ANCHOR_END: step_3_2

// ANCHOR: step_3_3
// TODO 3.3: the arguments of `buy_product`, a struct with `product_name` and `quantity` that
// derives `Deserialize` and `JsonSchema`.
//
// TODO 3.6, later: describe each field for the model, and say that the quantity is at least 1.
// ANCHOR_END: step_3_3

// ANCHOR: step_3_9
// TODO 3.9 (bonus): the arguments of `search_products`. `Option` makes an argument optional.
// ANCHOR_END: step_3_9

#[tool_router]
impl Store {
    // ANCHOR: step_3_2_tool
    // TODO 3.2: return everything the store sells. `#[tool]` turns the method into a tool. `Json`
    // turns its result into structured content with a schema, and repeats it as text.
    #[tool]
    fn list_products(&self) -> Json<ProductList> {
        todo!("3.2")
    }
    // ANCHOR_END: step_3_2_tool

    // ANCHOR: step_3_3_tool
    // TODO 3.3: the tool `buy_product`. It takes `Parameters<…>` of your arguments and returns
    // `Result<Json<Receipt>, String>`: an `Err` becomes a result with `isError: true`, which
    // the model reads. Refusals have a text, `refusal.to_string()`.
    //
    // TODO 3.6, later: say in the description what the tool does, and in its annotations that it
    // changes something, and that calling it again buys again. `list_products` only reads.
    // ANCHOR_END: step_3_3_tool

    // ANCHOR: step_3_9_tool
    // TODO 3.9 (bonus): the tool `search_products`, with the same result as `list_products`.
    // Like every tool, it needs what 3.6 asks for.
    // ANCHOR_END: step_3_9_tool
}

/// What the store can do. Clients learn this before anything else.
fn capabilities() -> ServerCapabilities {
    let capabilities = ServerCapabilities::builder().enable_tools();
    // ANCHOR: step_3_10_capability
    // TODO 3.10 (bonus): `.enable_resources()`
    // ANCHOR_END: step_3_10_capability
    // ANCHOR: step_3_11_capability
    // TODO 3.11 (bonus): `.enable_prompts()` and `.enable_completions()`
    // ANCHOR_END: step_3_11_capability
    capabilities.build()
}

/// The tools by name, collected once. Otherwise, `#[tool_handler]` collects them for every request.
static TOOLS: LazyLock<ToolRouter<Store>> = LazyLock::new(Store::tool_router);

#[tool_handler(router = TOOLS)]
// ANCHOR: step_3_11_handler
// TODO 3.11 (bonus): `#[prompt_handler]`
// ANCHOR_END: step_3_11_handler
impl ServerHandler for Store {
    fn get_info(&self) -> ServerConfig {
        // ANCHOR: step_3_1
        // TODO 3.1: describe your server: what it can do (`capabilities()` already says it), its
        // own name and version, and a sentence or two that a model should know before it calls a
        // tool. Start with `ServerConfig::new(…)`.
        todo!("3.1")
        // ANCHOR_END: step_3_1
    }

    // ANCHOR: step_3_10
    // TODO 3.10 (bonus): `list_resources`, `list_resource_templates` and `read_resource`. Their
    // answers come from `resources.rs`.
    // ANCHOR_END: step_3_10

    // ANCHOR: step_3_11
    // TODO 3.11 (bonus): `complete`, which suggests occasions while the user types one.
    // ANCHOR_END: step_3_11
}
