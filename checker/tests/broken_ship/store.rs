//! The bakery, and what exercise 6 adds.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::bakery;
use crate::bakery::shop::CUSTOMER;
use crate::bakery::tools::{error, structured};
use crate::flaw::{Flaw, Flaws};
use crate::protocol::{About, Call, INVALID_PARAMS, RpcError, Service, Stop};
use crate::sales;
use crate::user::User;

/// How long a question can be answered.
const CONFIRM_SECONDS: f64 = 300.0;

pub struct Store {
    flaws: Flaws,
    query_time: Duration,
    bakery: bakery::store::Store,
}

impl Store {
    pub fn open(flaws: Flaws, bake_seconds: f64, query_seconds: f64) -> Self {
        let none = "".parse().unwrap_or_else(|error| panic!("{error}"));
        Self {
            bakery: bakery::store::Store::open(none, CONFIRM_SECONDS, bake_seconds),
            flaws,
            query_time: Duration::from_secs_f64(query_seconds),
        }
    }

    async fn buy(&self, call: &Call, user: &User) -> Result<Value, Stop> {
        let mut bought = self.bakery.answer(call).await?;
        if bought["isError"] == false {
            let mut receipt = bought["structuredContent"].clone();
            receipt["buyer"] = json!(user.name);
            bought = structured(&receipt);
        }
        Ok(bought)
    }

    async fn serve(&self, call: &Call, user: &User) -> Result<Value, Stop> {
        let name = call.params()["name"].as_str().unwrap_or_default();
        match (call.request.method.as_str(), name) {
            ("tools/list", _) => Ok(self.declared(self.bakery.answer(call).await?)),
            ("tools/call", "buy_product") => self.buy(call, user).await,
            ("tools/call", "my_orders") => Ok(structured(&self.bakery.shop.orders(user))),
            ("tools/call", "query_sales") if !self.flaws.has(Flaw::NoQuestions) => {
                self.query(&call.params()["arguments"]).await
            }
            _ => self.bakery.answer(call).await,
        }
    }

    async fn query(&self, arguments: &Value) -> Result<Value, Stop> {
        let sql = arguments["sql"].as_str().unwrap_or_default().to_owned();
        let limit = sales::limit(&self.flaws, &arguments["limit"])?;
        let (flaws, shop) = (self.flaws.clone(), self.bakery.shop.clone());
        let time = self.query_time;
        let found = spawn_blocking(move || {
            if flaws.has(Flaw::WritesAndRefuses) && sql.starts_with("DELETE") {
                shop.write(&sql);
            }
            sales::answer(&flaws, &shop.sales(&sql), &sql, limit, time)
        });
        if !self.flaws.has(Flaw::GoesOn) {
            return Ok(found.await.unwrap_or_else(|error| panic!("{error}")));
        }
        Ok(match timeout(time, found).await {
            Ok(found) => found.unwrap_or_else(|error| panic!("{error}")),
            Err(_) => error("The query took too long. Ask for less."),
        })
    }

    fn declared(&self, mut list: Value) -> Value {
        if let Some(tools) = list["tools"].as_array_mut() {
            tools.push(json!({
                "name": "my_orders",
                "description": "Lists what the user has bought.",
                "inputSchema": { "type": "object", "properties": {} },
                "annotations": { "readOnlyHint": true },
            }));
            if !self.flaws.has(Flaw::NoQuestions) {
                tools.push(sales::declaration(&self.flaws));
            }
        }
        list
    }
}

impl Service for Store {
    fn about(&self) -> About {
        self.bakery.about()
    }

    async fn answer(&self, call: &Call) -> Result<Value, Stop> {
        let Some(user) = call.extensions.get::<User>().cloned() else {
            return Err(RpcError::new(INVALID_PARAMS, "nobody is signed in").into());
        };
        CUSTOMER.scope(user.clone(), self.serve(call, &user)).await
    }

    fn reads_states(&self) -> bool {
        true
    }
}
