//! The store's tools: how a model can see the inventory and buy from it.

use std::sync::Arc;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::{
    InputResponses, IntoCallToolResult, RequestState, ToolCallContext, schema_for_output,
};
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskExit, TaskOptions};
use rmcp::{ErrorData, RoleServer, ServerHandler, prompt_handler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::apps::App;
use crate::auth::User;
use crate::confirm::{Answer, Confirmations, Round, internal};
use crate::delivery::{self, Carrier};
use crate::inventory::{Inventory, Product, Refusal, Search};
use crate::lifecycle::Lifecycle;
use crate::limits::Limits;
use crate::oven::{Baked, Batch, Order, Oven, Report};
use crate::payments::{Connected, Payments};
use crate::purchases::{Orders, Purchase};
use crate::sales::{self, Answer as Found, NoAnswer, Sales};
use crate::tasks::Tasks;
use crate::telemetry::Call;
use crate::{apps, prompts, resources};

/// The MCP server. Clones share everything that is in progress.
#[derive(Clone)]
pub struct Store {
    pub inventory: Arc<Inventory>,
    sales: Arc<Sales>,
    tools: Arc<ToolRouter<Self>>,
    confirmations: Arc<Confirmations>,
    oven: Arc<Oven>,
    payments: Arc<Payments>,
    tasks: Arc<Tasks>,
    carrier: Arc<Carrier>,
    limits: Arc<Limits>,
    lifecycle: Lifecycle,
    /// Whether all requests reach this instance. If not, it offers nothing that a client comes back for:
    /// tasks and pages live in the memory of one instance.
    is_alone: bool,
}

/// What a store is made of.
pub struct Parts {
    pub inventory: Arc<Inventory>,
    pub sales: Sales,
    pub confirmations: Confirmations,
    pub oven: Oven,
    pub carrier: Carrier,
    pub limits: Limits,
    pub lifecycle: Lifecycle,
    pub is_alone: bool,
}

impl Store {
    pub fn new(parts: Parts) -> Self {
        Self {
            tools: Arc::new(tools_in(parts.sales.dialect())),
            inventory: parts.inventory,
            sales: Arc::new(parts.sales),
            confirmations: Arc::new(parts.confirmations),
            oven: Arc::new(parts.oven),
            payments: Arc::new(Payments::new(parts.lifecycle.closing())),
            tasks: Arc::default(),
            carrier: Arc::new(parts.carrier),
            limits: Arc::new(parts.limits),
            lifecycle: parts.lifecycle,
            is_alone: parts.is_alone,
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

/// The arguments of `delivery_quote`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Destination {
    /// The postal code to deliver to, such as 10115 or SW1A 1AA.
    postcode: String,
}

/// The arguments of `query_sales`.
#[derive(Debug, Deserialize, JsonSchema)]
struct QuerySales {
    /// One SELECT statement. It can join, group, sort and use WITH.
    #[schemars(length(min = 1))]
    sql: String,
    /// How many rows to return at most.
    #[serde(default = "rows")]
    #[schemars(range(min = 1, max = sales::MOST_ROWS))]
    limit: u32,
}

fn rows() -> u32 {
    sales::ROWS
}

#[tool_router]
impl Store {
    /// Lists everything the store sells, with prices in cents and how many are left.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_products(&self) -> Result<Json<ProductList>, String> {
        let products = self.inventory.products().await.map_err(in_words)?;
        Ok(Json(ProductList { products }))
    }

    /// Buys a product, after asking the user, and returns the receipt. Each call buys again.
    #[tool(
        output_schema = schema_for_output::<Purchase>(),
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
        let user = User::of(&context)?;
        let quote = self.inventory.quote(&order.product_name, order.quantity);
        let quote = match quote.await {
            Ok(quote) => quote,
            Err(refusal) => return tool_error(refusal.to_string()),
        };
        let round = Round {
            state,
            responses,
            context,
        };
        match self.confirmations.ask(&quote, round).await? {
            Answer::Yes => (),
            Answer::No(why) => return tool_error(why),
            Answer::NotYet(question) => return Ok(question.into()),
        }
        // While the user was thinking, others may have bought. `buy` checks the stock again.
        let sold = self
            .inventory
            .buy(&user, &order.product_name, order.quantity);
        let sold = sold.await.map(Json).map_err(in_words);
        sold.into_call_tool_result()
    }

    /// Lists what the user has bought, the oldest first.
    #[tool(
        output_schema = schema_for_output::<Orders>(),
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn my_orders(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let user = User::of(&context)?;
        let orders = self.inventory.orders_of(&user).await;
        orders.map(Json).map_err(in_words).into_call_tool_result()
    }

    /// Finds products by a part of their name, a price range, or both.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn search_products(
        &self,
        Parameters(wanted): Parameters<SearchProducts>,
    ) -> Result<Json<ProductList>, String> {
        let search = Search {
            keyword: wanted.keyword,
            min_price_cents: wanted.min_price_cents,
            max_price_cents: wanted.max_price_cents,
        };
        let products = self.inventory.search(&search).await.map_err(in_words)?;
        Ok(Json(ProductList { products }))
    }

    /// Answers questions about past sales with one SQL query. It only reads.
    ///
    /// The only table is sales: one row per purchase, with the columns product_name (text), quantity
    /// (integer), total_cents (integer) and sold_on (date, such as 2026-07-28). It does not say who bought.
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn query_sales(
        &self,
        Parameters(asked): Parameters<QuerySales>,
    ) -> Result<Json<Found>, String> {
        let found = self.sales.query(&asked.sql, asked.limit).await;
        found.map(Json).map_err(|why: NoAnswer| why.to_string())
    }

    /// Shows how many of each product are left, as a chart.
    #[tool(
        meta = apps::CHART.meta(),
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn show_inventory_chart(&self) -> Result<Json<ProductList>, String> {
        self.list_products().await
    }

    /// Shows all products as a catalog, with prices.
    #[tool(
        meta = apps::CATALOG.meta(),
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn show_product_catalog(&self) -> Result<Json<ProductList>, String> {
        self.list_products().await
    }

    /// Bakes more of a product, one at a time. Takes a while, and can be cancelled.
    #[tool(annotations(
        read_only_hint = false,
        destructive_hint = false,
        idempotent_hint = false,
        open_world_hint = false
    ))]
    async fn bake(
        &self,
        Parameters(order): Parameters<Order>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<Baked>, String> {
        self.oven.look(&order).await?;
        let token = context.meta.get_progress_token();
        for done in 1..=order.quantity {
            tokio::select! {
                baked = self.oven.bake_one(&order) => baked?,
                // What is already baked stays in stock.
                () = context.ct.cancelled() => return Err("The oven was turned off.".to_owned()),
            }
            if let Some(token) = &token {
                let progress = ProgressNotificationParam::new(token.clone(), done.into())
                    .with_total(order.quantity.into());
                // A client that has disconnected cancels the call.
                let _ = context.peer.notify_progress(progress).await;
            }
        }
        Ok(Json(order.into()))
    }

    /// Connects the store with the user's account at the payment provider, on a page in the
    /// user's browser.
    #[tool(
        output_schema = schema_for_output::<Connected>(),
        annotations(
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn connect_payments(
        &self,
        RequestState(state): RequestState,
        InputResponses(responses): InputResponses,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !self.is_alone {
            return tool_error(
                "Payments are not connected: this server cannot show pages. Tell the user.",
            );
        }
        let round = Round {
            state,
            responses,
            context,
        };
        match self.payments.connect(round).await? {
            Answer::Yes => Json(Connected { connected: true }).into_call_tool_result(),
            Answer::No(why) => tool_error(why),
            Answer::NotYet(question) => Ok(question.into()),
        }
    }

    /// Bakes more of several products. Takes a while; what cannot be baked holds up nothing else.
    #[tool(
        output_schema = schema_for_output::<Report>(),
        annotations(
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn bake_all(
        &self,
        Parameters(batch): Parameters<Batch>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let user = User::of(&context)?;
        let oven = Arc::clone(&self.oven);
        let client = context.client_capabilities();
        // Check this first, because a task that has started cannot be undone.
        if !self.is_alone || !client.is_some_and(|client| client.supports_tasks()) {
            return tokio::select! {
                report = oven.bake_all(&batch, |_| ()) => {
                    Json(report).into_call_tool_result()
                }
                () = context.ct.cancelled() => tool_error("The oven was turned off."),
            };
        }
        let options = TaskOptions::new().with_poll_interval_ms(200);
        // Its call has ended, but the task is in flight, too.
        let running = self.lifecycle.running();
        let task = self.tasks.of(&user).spawn(options, |task| {
            Box::pin(async move {
                let _running = running;
                let tell = |how_far: String| task.set_status_message(how_far);
                tokio::select! {
                    report = oven.bake_all(&batch, tell) => {
                        let report = serde_json::to_value(report).map_err(internal)?;
                        Ok(CallToolResult::structured(report))
                    }
                    () = task.cancelled() => Err(TaskExit::Cancelled),
                }
            })
        });
        Ok(CreateTaskResult::new(task).into())
    }

    /// Says what a delivery to a postal code costs, in cents, and how many days it takes.
    #[tool(annotations(read_only_hint = true, open_world_hint = true))]
    async fn delivery_quote(
        &self,
        Parameters(destination): Parameters<Destination>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<delivery::Quote>, String> {
        tokio::select! {
            quote = self.carrier.quote(&destination.postcode) => {
                quote.map(Json).map_err(|failure| failure.to_string())
            }
            // The client does not want the answer anymore. This drops the request.
            () = context.ct.cancelled() => Err("The call was cancelled.".to_owned()),
        }
    }
}

/// A refusal as the text of a tool error.
#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn in_words(refusal: Refusal) -> String {
    refusal.to_string()
}

/// A result that says what went wrong, so that the model can react.
pub fn tool_error(why: impl Into<String>) -> Result<CallToolResponse, ErrorData> {
    Ok(CallToolResult::error(vec![ContentBlock::text(why)]).into())
}

/// What the store can do. Clients learn this before anything else.
fn capabilities(has_tasks: bool) -> ServerCapabilities {
    let capabilities = ServerCapabilities::builder().enable_tools();
    let capabilities = capabilities.enable_resources();
    let capabilities = capabilities.enable_prompts().enable_completions();
    if has_tasks {
        capabilities.enable_tasks().build()
    } else {
        capabilities.build()
    }
}

/// The tools by name. A model that writes SQL has to know its dialect.
fn tools_in(dialect: &str) -> ToolRouter<Store> {
    let mut tools = Store::tool_router();
    if let Some(query_sales) = tools.map.get_mut("query_sales") {
        let about = query_sales.attr.description.take().unwrap_or_default();
        query_sales.attr.description = Some(format!("{about} The SQL is {dialect}'s.").into());
    }
    tools
}

#[tool_handler(router = self.tools)]
#[prompt_handler]
impl ServerHandler for Store {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(capabilities(self.is_alone))
            .with_server_info(
                Implementation::new("corner-bakery", env!("CARGO_PKG_VERSION"))
                    .with_title("Corner Bakery"),
            )
            .with_instructions(
                "A small bakery. Prices are in cents. Look at the products before you buy: \
                 names must match exactly, and stock is limited.",
            )
    }

    /// Every call of a tool comes through here: it is watched, and none gets around the limits.
    /// `#[tool_handler]` generates this method only if it is not there.
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let user = User::of(&context)?;
        let watched = Call::new(&request, &context, self.tools.has_route(&request.name));
        let deadline = self.limits.deadline_of(&request.name);
        let cancelled = context.ct.clone();
        let call = self
            .tools
            .call(ToolCallContext::new(self, request, context));
        let call = self.limits.run(&user, deadline, cancelled, call);
        watched.watch(call).await
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
            None => resources::read(&self.inventory, &request.uri).await?,
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

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let user = User::of(&context)?;
        self.tasks
            .of(&user)
            .get_task(&request.task_id)
            .map(GetTaskResult::new)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let user = User::of(&context)?;
        self.tasks.of(&user).cancel_task(&request.task_id)
    }
}
