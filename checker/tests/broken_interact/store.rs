//! The store as a service.

use std::time::Duration;

use serde_json::{Value, json};

use super::apps;
use super::ask::Questions;
use super::flaw::{Flaw, Flaws};
use super::oven::Oven;
use super::payments::Payments;
use super::shop::Shop;
use super::tools::{self, structured};
use crate::protocol::{About, Call, INVALID_PARAMS, METHOD_NOT_FOUND, RpcError, Service, Stop};

const UI: &str = "io.modelcontextprotocol/ui";
const TASKS: &str = "io.modelcontextprotocol/tasks";

/// What every request needs.
pub struct Store {
    pub flaws: Flaws,
    pub shop: std::sync::Arc<Shop>,
    questions: Questions,
    oven: Oven,
    payments: Payments,
}

impl Store {
    pub fn open(flaws: Flaws, confirm_seconds: f64, bake_seconds: f64) -> Self {
        let shop = std::sync::Arc::new(Shop::open(flaws.clone()));
        Self {
            questions: Questions::new(flaws.clone(), Duration::from_secs_f64(confirm_seconds)),
            oven: Oven::new(
                flaws.clone(),
                shop.clone(),
                Duration::from_secs_f64(bake_seconds),
            ),
            payments: Payments::new(flaws.clone()),
            flaws,
            shop,
        }
    }

    async fn call(&self, call: &Call) -> Result<Value, Stop> {
        let name = call.params()["name"].as_str().unwrap_or_default();
        let flaws = &self.flaws;
        match name {
            "list_products" => Ok(structured(&json!({ "products": self.shop.products() }))),
            "buy_product" => self.questions.buy(&self.shop, call).await,
            "show_inventory_chart" if !flaws.has(Flaw::NoApps) => {
                Ok(apps::chart(flaws, &self.shop))
            }
            "show_product_catalog" if !flaws.has(Flaw::NoApps) => {
                Ok(apps::catalog(flaws, &self.shop))
            }
            "bake" if !flaws.has(Flaw::NoOven) => self.oven.bake(call).await,
            "connect_payments" if !flaws.has(Flaw::NoPayments) => self.payments.connect(call).await,
            "bake_all" if !flaws.has_any(&[Flaw::NoOven, Flaw::NoBatches]) => {
                self.oven.bake_all(call, has_extension(call, TASKS)).await
            }
            _ => Err(RpcError::new(INVALID_PARAMS, format!("no tool {name:?}")).into()),
        }
    }
}

impl Service for Store {
    fn about(&self) -> About {
        let mut capabilities = json!({ "tools": {}, "resources": {}, "extensions": { UI: {} } });
        if !self
            .flaws
            .has_any(&[Flaw::TasksNotDeclared, Flaw::NoBatches])
        {
            capabilities["extensions"][TASKS] = json!({});
        }
        About {
            server_info: json!({ "name": "asking-bakery", "version": "0.1.0" }),
            capabilities,
            instructions: "A small bakery that asks before it sells.".to_owned(),
        }
    }

    async fn answer(&self, call: &Call) -> Result<Value, Stop> {
        let params = call.params();
        match call.request.method.as_str() {
            "tools/list" => Ok(tools::list(&self.flaws, has_extension(call, UI))),
            "tools/call" => self.call(call).await,
            "resources/list" => Ok(json!({ "resources": [] })),
            "resources/templates/list" => Ok(json!({ "resourceTemplates": [] })),
            "resources/read" => Ok(apps::read(&self.flaws, params)?),
            "tasks/get" => Ok(self.oven.task(&params["taskId"])?),
            "tasks/cancel" => Ok(self.oven.cancel(&params["taskId"])?),
            method => Err(RpcError::new(METHOD_NOT_FOUND, method).into()),
        }
    }

    fn reads_states(&self) -> bool {
        true
    }
}

fn has_extension(call: &Call, name: &str) -> bool {
    call.client_capabilities()["extensions"][name].is_object()
}
